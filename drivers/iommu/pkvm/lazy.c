// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lazy unmapping for the drivers of IOMMUs that EL2 owns, in host and guest.
 *
 * A flush queue reuses IOVAs only after a flush. What it unmaps can wait for that, and
 * is only noted here: EL2 is told at the flush, of many ranges by one call and with one
 * TLB invalidation. Until then EL2 knows it as mapped: devices reach the memory, as they
 * do while a TLB has it, and it cannot change its owner.
 *
 * Nothing is allocated. A caller that finds no room must flush.
 */
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "lazy.h"

/**
 * pkvm_lazy_init() - begin with nothing to unmap
 * @lazy: of the domain, zeroed
 * @shift: of a page
 * @unmap: see &struct pkvm_lazy
 */
void pkvm_lazy_init(struct pkvm_lazy *lazy, unsigned int shift,
		    void (*unmap)(struct pkvm_lazy *lazy,
				  unsigned long *range,
				  unsigned int nr))
{
	lazy->shift = shift;
	lazy->unmap = unmap;
	spin_lock_init(&lazy->flush_lock);
	spin_lock_init(&lazy->lock);
}

/**
 * pkvm_lazy_merge() - make a range longer
 * @lazy: of the domain
 * @range: the range
 * @iova: start of what is unmapped as well
 * @size: bytes
 *
 * IOVAs are handed out one below the other, so what is unmapped often touches what was
 * unmapped last.
 *
 * Return: true, or false if they do not touch, or are too long for one range.
 */
bool pkvm_lazy_merge(const struct pkvm_lazy *lazy, unsigned long *range,
		     unsigned long iova, size_t size)
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
 * pkvm_lazy_flush() - unmap all that was added before the call
 * @lazy: of the domain
 *
 * Also what another CPU is unmapping right now: when this returns it is done.
 *
 * Context: any.
 */
void pkvm_lazy_flush(struct pkvm_lazy *lazy)
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
unsigned int pkvm_lazy_done(const struct pkvm_lazy *lazy,
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
