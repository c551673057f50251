// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find out what is at a physical address, and take registers from the host at boot.
 */
#include <asm/kvm_pkvm.h>
#include <asm/pkvm-iommu-host.h>

#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include <memory/ranges.h>

/* All ranges of registers, newest first; fixed once pKVM is finalised */
static struct mmio_range *ranges;

/* Ranges that mmio_withhold() has added */
static struct mmio_range withheld[PKVM_WITHHELD_MAX];
static unsigned int nr_withheld;

void mmio_add(struct mmio_range *range)
{
	range->next = ranges;
	/* Pairs with mmio_clamp(): a reader sees the range complete */
	smp_store_release(&ranges, range);
}

int mmio_keep(struct mmio_range *range)
{
	int ret;

	hyp_spin_lock(&host_mmu.lock);
	ret = kvm_pgtable_stage2_unmap(&host_mmu.pgt, range->base, range->size);
	if (!ret) {
		range->kept = true;
		mmio_add(range);
	}
	hyp_spin_unlock(&host_mmu.lock);

	return ret;
}

const struct mmio_range *mmio_clamp(u64 addr, u64 *start, u64 *end)
{
	const struct mmio_range *range, *found = NULL;

	/* Pairs with mmio_add() */
	for (range = smp_load_acquire(&ranges); range; range = range->next) {
		u64 limit = range->base + range->size;

		if (addr >= limit) {
			*start = max(*start, limit);
		} else if (addr < range->base) {
			*end = min(*end, range->base);
		} else {
			*start = max(*start, range->base);
			*end = min(*end, limit);
			if (!found || range->kept)
				found = range;
		}
	}

	return found;
}

/* Sorted by address; mem_regions_init() fills it at boot */
static struct mem_region mem_regions[HYP_MEMBLOCK_REGIONS];
static unsigned int nr_mem_regions;

void mem_regions_init(void)
{
	struct mem_region *region = mem_regions;
	unsigned int i;
	u64 last = 0;

	for (i = 0; i < hyp_memblock_nr; i++) {
		const struct memblock_region *reg = &hyp_memory[i];

		region->start = max(ALIGN_DOWN(reg->base, PAGE_SIZE), last);
		region->end = PAGE_ALIGN(reg->base + reg->size);
		if (region->end <= region->start)
			continue;
		last = region->end;
		region++;
	}
	nr_mem_regions = region - mem_regions;
}

const struct mem_region *mem_region_after(u64 phys)
{
	unsigned int first = 0, end = nr_mem_regions;

	while (first < end) {
		unsigned int middle = (first + end) / 2;

		if (phys < mem_regions[middle].end)
			end = middle;
		else
			first = middle + 1;
	}

	return first < nr_mem_regions ? &mem_regions[first] : NULL;
}

u64 mmio_end_of(u64 phys)
{
	const struct mem_region *next = mem_region_after(phys);
	u64 start = 0, end = next ? next->start : U64_MAX;

	if (end <= phys)
		return 0;
	/* No device reaches registers that EL2 keeps or that a VM can own */
	return mmio_clamp(phys, &start, &end) ? 0 : end;
}

/* Is each page of the range in registers that EL2 keeps? */
static bool is_kept(u64 base, u64 limit)
{
	const struct mmio_range *range;
	u64 start = 0, end = U64_MAX;

	for (; base < limit; base += PAGE_SIZE) {
		range = mmio_clamp(base, &start, &end);
		if (!range || !range->kept)
			return false;
	}

	return true;
}

int mmio_withhold(u64 base, u64 size)
{
	int ret;

	if (!size || !PAGE_ALIGNED(base | size) || base + size < base ||
	    base + size > BIT_ULL(host_mmu.pgt.ia_bits))
		return -EINVAL;
	if (is_kept(base, base + size))
		return 0;
	if (mmio_end_of(base) < base + size)
		return -EINVAL;
	if (nr_withheld == PKVM_WITHHELD_MAX)
		return -ENOSPC;
	withheld[nr_withheld] = (struct mmio_range) { .base = base, .size = size };
	ret = mmio_keep(&withheld[nr_withheld]);
	nr_withheld += !ret;

	return ret;
}
