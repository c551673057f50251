// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which physical addresses the host may touch at all.
 */
#include <asm/kvm_pkvm.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include <iommu.h>
#include <mmio.h>

int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end)
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

u64 phys_range_of(u64 phys, bool *is_mem)
{
	u64 start = 0, end = U64_MAX;
	unsigned int i;

	*is_mem = false;
	for (i = 0; i < hyp_memblock_nr; i++) {
		const struct memblock_region *reg = &hyp_memory[i];

		if (phys < reg->base) {
			end = reg->base;
			break;
		}
		if (phys < reg->base + reg->size) {
			*is_mem = true;
			return reg->base + reg->size;
		}
	}

	return pkvm_iommu_mmio_clamp(phys, &start, &end) ? 0 : end;
}
