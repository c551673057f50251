/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical ranges: memory, the host's MMIO, registers that EL2 keeps.
 */
#ifndef __PKVM_IOMMU_MMIO_H__
#define __PKVM_IOMMU_MMIO_H__

#include <linux/types.h>

/**
 * mem_piece() - a piece of memory, in whole pages
 * @i: its number
 * @start: out
 * @end: out, 0 if nothing is left of it
 *
 * Pieces need not begin or end at a page; a page that holds any memory is memory,
 * and belongs to the first of the pieces that share it.
 */
void mem_piece(unsigned int i, u64 *start, u64 *end);

/**
 * phys_range_of() - the stretch of like addresses that starts at an address
 * @phys: address
 * @is_mem: out, memory or MMIO
 *
 * Lock-free: neither memory, nor EL2's registers, nor which devices are assignable
 * changes once pKVM is finalised.
 *
 * Return: end of the stretch, or 0 if no device may reach @phys: registers that
 * EL2 owns, or those of an assignable device.
 */
u64 phys_range_of(u64 phys, bool *is_mem);

/**
 * struct mem_hint - a stretch of memory that was found: the next page is often there, too
 * @start: first byte
 * @end: byte after the last, 0 if none was found yet
 */
struct mem_hint {
	u64	start, end;
};

static inline bool mem_hint_covers(const struct mem_hint *hint, u64 phys)
{
	return phys >= hint->start && phys < hint->end;
}

#endif /* __PKVM_IOMMU_MMIO_H__ */
