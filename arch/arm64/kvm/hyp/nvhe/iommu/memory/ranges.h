/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical ranges: memory, the host's MMIO, registers that EL2 keeps.
 */
#ifndef __PKVM_IOMMU_RANGES_H__
#define __PKVM_IOMMU_RANGES_H__

#include <linux/types.h>

/**
 * struct mmio_range - registers that are not everybody's
 * @base: physical address
 * @size: bytes, whole pages
 * @kept: nobody has them but EL2, for good; else they are those of an assignable device
 * @next: the one that was added before
 */
struct mmio_range {
	u64			base, size;
	bool			kept;
	struct mmio_range	*next;
};

/* Boot: there are such registers from now on, and @range stays */
void mmio_add(struct mmio_range *range);

/**
 * mmio_keep() - add registers that the host loses for good
 * @range: stays
 *
 * Unlike an annotation in the host's stage 2 this survives host_stage2_unmap_dev_all().
 *
 * Context: boot, before the host is deprivileged; takes host_mmu.lock.
 * Return: 0, or that of a failed unmap: nothing was added.
 */
int mmio_keep(struct mmio_range *range);

/**
 * mmio_clamp() - keep a range clear of registers that are not everybody's
 * @addr: address the range must contain
 * @start: raised to the end of such registers below @addr
 * @end: lowered to the start of such registers above @addr
 *
 * If @addr is in some, the range becomes those. Lock-free: all are added at boot.
 *
 * Return: the registers that @addr is in, those that are kept first, or NULL.
 */
const struct mmio_range *mmio_clamp(u64 addr, u64 *start, u64 *end);

/**
 * struct mem_region - a piece of memory, in whole pages
 * @start: first byte
 * @end: byte after the last
 *
 * What the host calls memory need not begin or end at a page. A page that holds any
 * memory is memory, and belongs to the first of the pieces that share it.
 */
struct mem_region {
	u64	start, end;
};

/* Before the first question about memory */
void mem_regions_init(void);

/**
 * mem_region_after() - the first piece of memory that ends after an address
 * @phys: address
 *
 * Lock-free: memory does not change.
 *
 * Return: the piece, which may begin after @phys, or NULL.
 */
const struct mem_region *mem_region_after(u64 phys);

static inline bool mem_region_covers(const struct mem_region *piece, u64 phys)
{
	return piece && phys >= piece->start && phys < piece->end;
}

/**
 * mem_region_near() - the piece of memory that an address is in
 * @phys: address
 * @last: piece that another address was in, or NULL: the next page is often there, too
 *
 * Return: the piece, or NULL if @phys is not in memory.
 */
static inline const struct mem_region *mem_region_near(u64 phys, const struct mem_region *last)
{
	if (!mem_region_covers(last, phys)) {
		last = mem_region_after(phys);
		if (!mem_region_covers(last, phys))
			return NULL;
	}

	return last;
}

/**
 * mmio_end_of() - the stretch of registers that starts at an address
 * @phys: address
 *
 * Lock-free: neither memory, nor EL2's registers, nor which devices are assignable
 * changes once pKVM is finalised.
 *
 * Return: its end, or 0 if no device may reach @phys as such: memory, registers that
 * EL2 owns or withholds, or those of an assignable device.
 */
u64 mmio_end_of(u64 phys);

/**
 * mmio_withhold() - registers are nobody's from now on
 * @base: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * What they belong to can write to memory without passing an IOMMU (I1).
 *
 * Context: boot, before the host is deprivileged.
 * Return: 0, -EINVAL, -ENOSPC, or that of a failed unmap.
 */
int mmio_withhold(u64 base, u64 size);

#endif /* __PKVM_IOMMU_RANGES_H__ */
