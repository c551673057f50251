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

void mem_piece(unsigned int i, u64 *start, u64 *end)
{
	const struct memblock_region *reg = &hyp_memory[i];
	u64 before = i ? PAGE_ALIGN(reg[-1].base + reg[-1].size) : 0;

	*start = max(ALIGN_DOWN(reg->base, PAGE_SIZE), before);
	*end = PAGE_ALIGN(reg->base + reg->size);
	if (*end <= *start)
		*end = 0;
}

u64 phys_range_of(u64 phys, bool *is_mem)
{
	u64 start = 0, end = U64_MAX, first, last;
	unsigned int i;

	*is_mem = false;
	for (i = 0; i < hyp_memblock_nr; i++) {
		mem_piece(i, &first, &last);
		if (!last)
			continue;
		if (phys < first) {
			end = first;
			break;
		}
		if (phys < last) {
			*is_mem = true;
			return last;
		}
	}

	/* Nobody's device writes to registers that may be a VM's some day */
	if (hyp_device_clamp(phys, &start, &end) || clamp_to_smmus(phys, &start, &end))
		return 0;

	return end;
}
