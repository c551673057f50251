/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lazy unmapping for the drivers of IOMMUs that EL2 owns, in host and guest.
 */
#ifndef __PKVM_LAZY_H__
#define __PKVM_LAZY_H__

#include <linux/spinlock.h>
#include <linux/types.h>

/* Ranges that find room, and how many of them one call takes: x5 to x17 */
#define PKVM_LAZY_MAX		128
#define PKVM_LAZY_CALL_MAX	13

/**
 * struct pkvm_lazy_set - ranges to unmap
 * @nr: number of ranges
 * @range: IOVA of a page, and one less than the number of pages in the bits below
 */
struct pkvm_lazy_set {
	unsigned int	nr;
	unsigned long	range[PKVM_LAZY_MAX];
};

/**
 * struct pkvm_lazy - what a domain has still to unmap
 * @shift: of a page
 * @unmap: has EL2 unmap as many ranges as a call takes, atomic; what it cannot unmap it
 *	reports
 * @flush_lock: held while @unmap is called. Who gets it knows that all is unmapped that
 *	others took out of a set before
 * @lock: guards @filling and the set it names, inside of @flush_lock
 * @filling: which set ranges are added to; the other belongs to who holds @flush_lock,
 *	and is empty when nobody does
 * @set: see @filling
 */
struct pkvm_lazy {
	unsigned int		shift;
	void			(*unmap)(struct pkvm_lazy *lazy,
					 unsigned long *range, unsigned int nr);
	spinlock_t		flush_lock;	/* see above */
	spinlock_t		lock;		/* see above */
	unsigned int		filling;
	struct pkvm_lazy_set	set[2];
};

/* Bytes of a range */
static inline size_t pkvm_lazy_size(const struct pkvm_lazy *lazy,
				    unsigned long range)
{
	return ((range & ((1UL << lazy->shift) - 1)) + 1) << lazy->shift;
}

void pkvm_lazy_init(struct pkvm_lazy *lazy, unsigned int shift,
		    void (*unmap)(struct pkvm_lazy *lazy, unsigned long *range,
				  unsigned int nr));
bool pkvm_lazy_merge(const struct pkvm_lazy *lazy, unsigned long *range,
		     unsigned long iova, size_t size);
void pkvm_lazy_flush(struct pkvm_lazy *lazy);
unsigned int pkvm_lazy_done(const struct pkvm_lazy *lazy, unsigned long *range,
			    unsigned int nr, size_t done);

/**
 * pkvm_lazy_add() - unmap a range by the next flush
 * @lazy: of the domain
 * @iova: start
 * @size: bytes, whole pages that are mapped
 *
 * Return: true, or false if there is no room: unmap it now.
 */
static inline bool pkvm_lazy_add(struct pkvm_lazy *lazy, unsigned long iova,
				 size_t size)
{
	struct pkvm_lazy_set *set;
	unsigned long flags;
	bool added = true;

	if (size >> lazy->shift > 1UL << lazy->shift)
		return false;

	spin_lock_irqsave(&lazy->lock, flags);
	set = &lazy->set[lazy->filling];
	if (set->nr && pkvm_lazy_merge(lazy, &set->range[set->nr - 1], iova, size))
		;
	else if (set->nr < PKVM_LAZY_MAX)
		set->range[set->nr++] = iova | ((size >> lazy->shift) - 1);
	else
		added = false;
	spin_unlock_irqrestore(&lazy->lock, flags);

	return added;
}

#endif /* __PKVM_LAZY_H__ */
