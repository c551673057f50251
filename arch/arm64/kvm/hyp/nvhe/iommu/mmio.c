// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which physical addresses the host may touch at all.
 */
#include <asm/kvm_pkvm.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include <device.h>
#include <iommu.h>
#include <mmio.h>

/* Registers that nobody is to have, made at boot */
static struct {
	u64	base, limit;
} withheld[PKVM_WITHHELD_MAX];
static unsigned int nr_withheld;

static int clamp_to(u64 addr, u64 base, u64 limit, u64 *start, u64 *end)
{
	if (addr >= limit)
		*start = max(*start, limit);
	else if (addr < base)
		*end = min(*end, base);
	else
		return -EPERM;

	return 0;
}

/* Registers of IOMMUs, and what is withheld, never are the host's again */
static int clamp_to_kept(u64 addr, u64 *start, u64 *end)
{
	struct hyp_iommu *iommu;
	unsigned int i;
	int ret = 0;

	for_each_iommu(iommu)
		ret = clamp_to(addr, iommu->mmio_phys, iommu->mmio_phys + iommu->mmio_size, start,
			       end) ?: ret;
	for (i = 0; i < nr_withheld; i++)
		ret = clamp_to(addr, withheld[i].base, withheld[i].limit, start, end) ?: ret;

	return ret;
}

int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end)
{
	struct hyp_device_group *group = hyp_device_clamp(addr, start, end);

	hyp_assert_lock_held(&host_mmu.lock);
	if (group && group->state != DEVICE_HOST)
		return -EPERM;

	return clamp_to_kept(addr, start, end);
}

int pkvm_iommu_lend_registers(phys_addr_t phys, u64 size)
{
	u64 start = 0, end = U64_MAX;
	int ret;

	ret = pkvm_iommu_mmio_clamp(phys, &start, &end);
	if (ret)
		return ret;
	if (phys < start || phys >= end || size > end - phys)
		return -EPERM;
	hyp_device_lend(phys);

	return 0;
}

void pkvm_iommu_take_back_registers(phys_addr_t phys)
{
	hyp_device_take_back(phys);
}

/* In order, fixed before the first question about them */
static struct mem_piece mem_pieces[HYP_MEMBLOCK_REGIONS];
static unsigned int nr_mem_pieces;

void mem_pieces_init(void)
{
	struct mem_piece *piece = mem_pieces;
	unsigned int i;
	u64 last = 0;

	for (i = 0; i < hyp_memblock_nr; i++) {
		const struct memblock_region *reg = &hyp_memory[i];

		piece->start = max(ALIGN_DOWN(reg->base, PAGE_SIZE), last);
		piece->end = PAGE_ALIGN(reg->base + reg->size);
		if (piece->end <= piece->start)
			continue;
		last = piece->end;
		piece++;
	}
	nr_mem_pieces = piece - mem_pieces;
}

const struct mem_piece *mem_piece_after(u64 phys)
{
	unsigned int first = 0, end = nr_mem_pieces;

	while (first < end) {
		unsigned int middle = (first + end) / 2;

		if (phys < mem_pieces[middle].end)
			end = middle;
		else
			first = middle + 1;
	}

	return first < nr_mem_pieces ? &mem_pieces[first] : NULL;
}

u64 mmio_end_of(u64 phys)
{
	const struct mem_piece *next = mem_piece_after(phys);
	u64 start = 0, end = next ? next->start : U64_MAX;

	if (end <= phys)
		return 0;
	/* Nobody's device writes to registers that may be a VM's some day */
	if (hyp_device_clamp(phys, &start, &end) || clamp_to_kept(phys, &start, &end))
		return 0;

	return end;
}

/* All of it is kept from the host, as a whole or by several ranges */
static bool is_kept(u64 base, u64 limit)
{
	u64 start = 0, end = U64_MAX;

	for (; base < limit; base += PAGE_SIZE) {
		if (!clamp_to_kept(base, &start, &end))
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
	hyp_spin_lock(&host_mmu.lock);
	ret = kvm_pgtable_stage2_unmap(&host_mmu.pgt, base, size);
	if (!ret) {
		withheld[nr_withheld].base = base;
		withheld[nr_withheld++].limit = base + size;
	}
	hyp_spin_unlock(&host_mmu.lock);

	return ret;
}
