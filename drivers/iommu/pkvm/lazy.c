// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lazy unmapping, for the host driver and the guest driver of the pKVM IOMMU.
 *
 * A flush queue reuses an IOVA only after a flush. So when it unmaps a range, the driver
 * only stores the range, and at the flush makes EL2 unmap many ranges by one hypercall with
 * one TLB invalidation. Until then the range stays mapped at EL2: devices can reach the
 * memory, as they could with any IOMMU that has a TLB entry for it, and EL2 does not let
 * the memory change its owner.
 *
 * The space for ranges is fixed. A caller that finds no room must flush.
 */
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "lazy.h"

/**
 * pkvm_lazy_init() - initialise the ranges of a domain
 * @lazy: the ranges, zeroed
 * @shift: log2 of the page size
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
 * pkvm_lazy_merge() - extend a range by an adjacent one
 * @lazy: the ranges of the domain
 * @range: the range to extend
 * @iova: start of the other range
 * @size: size of the other range in bytes
 *
 * The IOVA allocator returns one address below the other, so a range is often adjacent to
 * the range that was unmapped before.
 *
 * Return: true, or false if the ranges are not adjacent or together too long.
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
 * pkvm_lazy_flush() - unmap all ranges that were added before the call
 * @lazy: the ranges of the domain
 *
 * Waits for another CPU that is flushing.
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
 * pkvm_lazy_done() - remove the ranges, or parts of them, that EL2 has unmapped
 * @lazy: the ranges of the domain
 * @range: the ranges of the call; the remaining ones move to the front
 * @nr: number of ranges
 * @done: bytes that EL2 has unmapped, in the order of @range
 *
 * Return: number of remaining ranges.
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
