/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lazy unmapping, for the host driver and the guest driver of the pKVM IOMMU: the driver
 * collects the ranges that the DMA API unmaps, and EL2 unmaps them together at the next
 * flush. lazy.c says why devices may reach the memory until then.
 */
#ifndef __PKVM_LAZY_H__
#define __PKVM_LAZY_H__

#include <linux/spinlock.h>
#include <linux/types.h>

/* Most ranges of a set, and most ranges of one hypercall (x5 to x17) */
#define PKVM_LAZY_MAX		128
#define PKVM_LAZY_CALL_MAX	13

/**
 * struct pkvm_lazy_set - ranges to unmap
 * @nr: number of ranges
 * @range: IOVA of the first page, with the number of pages less one in the low bits
 */
struct pkvm_lazy_set {
	unsigned int	nr;
	unsigned long	range[PKVM_LAZY_MAX];
};

/**
 * struct pkvm_lazy - ranges of a domain that are not unmapped at EL2 yet
 * @shift: log2 of the page size
 * @unmap: makes EL2 unmap the ranges of one hypercall, and logs those that EL2 refuses to
 *	unmap; called in atomic context
 * @flush_lock: held by a flush. The next flush waits for it, and so for all ranges that
 *	an earlier flush removed from a set
 * @lock: guards @filling and the set with this index; nests inside of @flush_lock
 * @filling: index of the set to which pkvm_lazy_add() adds. The other set belongs to the
 *	holder of @flush_lock, and is empty when the lock is free
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

/* Size of a range in bytes */
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
 * pkvm_lazy_add() - defer unmapping a range to the next flush
 * @lazy: the ranges of the domain
 * @iova: start of the range, which is mapped
 * @size: size in bytes, whole pages
 *
 * Return: true, or false if there is no room: the caller must unmap the range now.
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
