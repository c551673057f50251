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

/* Registers of SMMUs never are the host's again */
static int clamp_to_smmus(u64 addr, u64 *start, u64 *end)
{
	struct hyp_smmu *smmu;

	for_each_smmu(smmu) {
		u64 base = smmu->mmio_phys, limit = base + smmu->mmio_size;

		if (addr >= limit)
			*start = max(*start, limit);
		else if (addr < base)
			*end = min(*end, base);
		else
			return -EPERM;
	}

	return 0;
}

int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end)
{
	struct hyp_device_group *group = hyp_device_clamp(addr, start, end);

	hyp_assert_lock_held(&host_mmu.lock);
	if (group && group->state != DEVICE_HOST)
		return -EPERM;

	return clamp_to_smmus(addr, start, end);
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
	if (hyp_device_clamp(phys, &start, &end) || clamp_to_smmus(phys, &start, &end))
		return 0;

	return end;
}
