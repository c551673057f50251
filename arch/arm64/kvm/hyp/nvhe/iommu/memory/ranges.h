/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical ranges: memory, MMIO that the host can access, registers that EL2 protects.
 */
#ifndef __PKVM_IOMMU_RANGES_H__
#define __PKVM_IOMMU_RANGES_H__

#include <linux/types.h>

/**
 * struct mmio_range - registers that no device can reach by DMA
 * @base: physical address
 * @size: bytes, whole pages
 * @kept: true if the host has lost the registers for good; false if they are those of an
 *	assignable device
 * @next: range that was added before this one, or NULL
 */
struct mmio_range {
	u64			base, size;
	bool			kept;
	struct mmio_range	*next;
};

/* Add registers at boot; EL2 keeps a pointer to @range */
void mmio_add(struct mmio_range *range);

/**
 * mmio_keep() - take registers from the host for good
 * @range: the registers; EL2 keeps a pointer to it
 *
 * Unlike an annotation in the host's stage 2 this survives host_stage2_unmap_dev_all().
 *
 * Context: boot, before the host is deprivileged; takes host_mmu.lock.
 * Return: 0, or the error of the unmap from the host's stage 2; nothing was added then.
 */
int mmio_keep(struct mmio_range *range);

/**
 * mmio_clamp() - clamp a range at the edges of registers that were added
 * @addr: address that the range contains
 * @start: in/out, start of the range, raised to the end of registers below @addr
 * @end: in/out, end of the range, lowered to the start of registers above @addr
 *
 * If @addr is in registers, the range does not exceed them. Lock-free: all registers are
 * added at boot.
 *
 * Return: the registers that contain @addr, preferably those that are kept, or NULL.
 */
const struct mmio_range *mmio_clamp(u64 addr, u64 *start, u64 *end);

/**
 * struct mem_region - a region of memory, in whole pages
 * @start: first byte
 * @end: byte after the last
 *
 * Memory of the host need not begin or end at a page boundary. A page that contains any
 * memory is memory, and belongs to the first of the regions that share it.
 */
struct mem_region {
	u64	start, end;
};

/* Called at boot, before any other function that looks for memory */
void mem_regions_init(void);

/**
 * mem_region_after() - find the first region of memory that ends after an address
 * @phys: address
 *
 * Lock-free: memory does not change.
 *
 * Return: the region, which can begin after @phys, or NULL.
 */
const struct mem_region *mem_region_after(u64 phys);

static inline bool mem_region_covers(const struct mem_region *region, u64 phys)
{
	return region && phys >= region->start && phys < region->end;
}

/**
 * mem_region_near() - find the region of memory that contains an address
 * @phys: address
 * @last: region to try first, usually that of the address before, or NULL
 *
 * Return: the region, or NULL if @phys is not in memory.
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
 * mmio_end_of() - find out how much MMIO from an address on devices can reach
 * @phys: address
 *
 * Lock-free: neither memory nor the ranges of registers change once pKVM is finalised.
 *
 * Return: end of that MMIO; 0 if no device can reach @phys as MMIO, because it is in
 * memory, in registers that EL2 keeps, or in those of an assignable device.
 */
u64 mmio_end_of(u64 phys);

/**
 * mmio_withhold() - keep registers from the host and from all devices, for good
 * @base: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Something that these registers control accesses memory without passing an IOMMU (I1).
 *
 * Context: boot, before the host is deprivileged.
 * Return: 0; -EINVAL (misaligned, or memory or other registers in the range), -ENOSPC
 * (too many ranges), or the error of the unmap from the host's stage 2.
 */
int mmio_withhold(u64 base, u64 size);

#endif /* __PKVM_IOMMU_RANGES_H__ */
