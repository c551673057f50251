/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lazy unmapping for the drivers of IOMMUs that EL2 owns, in host and guest.
 *
 * A flush queue reuses IOVAs only after a flush. What it unmaps can wait for that, and
 * is only noted here: EL2 is told at the flush, of many ranges by one call and with one
 * TLB invalidation. Until then EL2 knows it as mapped: devices reach the memory, as they
 * do while a TLB has it, and it cannot change its owner.
 *
 * Nothing is allocated. Who finds no room flushes.
 */
#ifndef __PKVM_LAZY_H__
#define __PKVM_LAZY_H__

#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>
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

/**
 * pkvm_lazy_init() - begin with nothing to unmap
 * @lazy: of the domain, zeroed
 * @shift: of a page
 * @unmap: see &struct pkvm_lazy
 */
static inline void pkvm_lazy_init(struct pkvm_lazy *lazy, unsigned int shift,
				  void (*unmap)(struct pkvm_lazy *lazy,
						unsigned long *range,
						unsigned int nr))
{
	lazy->shift = shift;
	lazy->unmap = unmap;
	spin_lock_init(&lazy->flush_lock);
	spin_lock_init(&lazy->lock);
}

static inline size_t pkvm_lazy_size(const struct pkvm_lazy *lazy,
				    unsigned long range)
{
	return ((range & ((1UL << lazy->shift) - 1)) + 1) << lazy->shift;
}

/* IOVAs are handed out one below the other, so ranges often touch the last one */
static inline bool pkvm_lazy_merge(const struct pkvm_lazy *lazy,
				   unsigned long *range, unsigned long iova,
				   size_t size)
{
	size_t had = pkvm_lazy_size(lazy, *range);
	unsigned long start = *range & ~((1UL << lazy->shift) - 1);

	if ((had + size) >> lazy->shift > 1UL << lazy->shift)
		return false;
	if (start + had == iova)
		*range += size >> lazy->shift;
	else if (iova + size == start)
		*range = iova | (((had + size) >> lazy->shift) - 1);
	else
		return false;

	return true;
}

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

/**
 * pkvm_lazy_flush() - unmap all that was added before the call
 * @lazy: of the domain
 *
 * Also what another CPU is unmapping right now: when this returns it is done.
 *
 * Context: any.
 */
static inline void pkvm_lazy_flush(struct pkvm_lazy *lazy)
{
	struct pkvm_lazy_set *set;
	unsigned int first, nr;
	unsigned long flags;

	spin_lock_irqsave(&lazy->flush_lock, flags);
	spin_lock(&lazy->lock);
	set = &lazy->set[lazy->filling];
	lazy->filling ^= 1;
	spin_unlock(&lazy->lock);

	for (first = 0; first < set->nr; first += nr) {
		nr = min(set->nr - first, PKVM_LAZY_CALL_MAX);
		lazy->unmap(lazy, &set->range[first], nr);
	}
	set->nr = 0;
	spin_unlock_irqrestore(&lazy->flush_lock, flags);
}

/**
 * pkvm_lazy_done() - drop ranges, or parts of them, that are unmapped
 * @lazy: of the domain
 * @range: the ranges; what is left moves to the front
 * @nr: how many
 * @done: bytes that are unmapped, in this order
 *
 * Return: how many are left.
 */
static inline unsigned int pkvm_lazy_done(const struct pkvm_lazy *lazy,
					  unsigned long *range, unsigned int nr,
					  size_t done)
{
	unsigned int i;

	for (i = 0; i < nr && done >= pkvm_lazy_size(lazy, range[i]); i++)
		done -= pkvm_lazy_size(lazy, range[i]);
	if (i < nr)
		range[i] += done - (done >> lazy->shift);
	memmove(range, range + i, (nr - i) * sizeof(*range));

	return nr - i;
}

#endif /* __PKVM_LAZY_H__ */
