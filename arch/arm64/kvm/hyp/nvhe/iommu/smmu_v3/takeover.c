// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take over an SMMU at boot, in the steps of hw.h.
 */
#include <linux/bitfield.h>

#include <asm/kvm_mmu.h>
#include <asm/pkvm-iommu-host.h>

#include "smmu.h"

void hw_init(struct hyp_iommu *iommu, void __iomem *base)
{
	struct hyp_smmu *smmu = to_smmu(iommu);

	BUILD_BUG_ON(sizeof(*smmu) > PAGE_SIZE);
	smmu->base = base;
	hyp_spin_lock_init(&smmu->cmdq_lock);
	hyp_spin_lock_init(&smmu->evtq_lock);
}

int hw_probe(struct hyp_iommu *iommu, u64 flags, u64 *why)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	const struct smmu_features *feat = &smmu->feat;
	u32 idr[6];
	int ret;

	ret = smmu_disable(smmu->base);
	if (ret)
		return ret;
	smmu_read_idrs(smmu->base, idr);
	*why = smmu_features_decode(idr, flags, &smmu->feat);
	ret = smmu_withhold_pages(smmu);
	if (ret || *why)
		return ret;

	iommu->max_ids = BIT(max(feat->asid_bits, feat->vmid_bits));
	/* Stream table and the two queues */
	iommu->mem_size = smmu_strtab_size(feat) + 2 * PAGE_SIZE;
	iommu->sid_bits = smmu_table_bits(feat);
	iommu->chunk_bits = smmu_chunk_bits(feat);
	iommu->oas = feat->oas;
	iommu->stage1 = feat->stage1;
	iommu->stage2 = feat->stage2;
	iommu->coherent = feat->coherent;
	iommu->bbml2 = feat->bbml2;

	return 0;
}

/* The stream table comes first: it is the largest, and has the largest alignment */
int hw_reset(struct hyp_iommu *iommu, void *mem)
{
	struct hyp_smmu *smmu = to_smmu(iommu);

	smmu->strtab = mem;
	smmu->cmdq = mem + iommu->mem_size - 2 * PAGE_SIZE;
	smmu->evtq = mem + iommu->mem_size - PAGE_SIZE;
	smmu->cmdq_log2 = min_t(u8, smmu->feat.cmdq_log2, PAGE_SHIFT - CMDQ_ENT_SZ_SHIFT);
	smmu->evtq_log2 = min_t(u8, smmu->feat.evtq_log2, PAGE_SHIFT - EVTQ_ENT_SZ_SHIFT);
	smmu_strtab_init(smmu);
	if (!smmu->feat.coherent)
		kvm_flush_dcache_to_poc(mem, iommu->mem_size);

	return smmu_reset(smmu);
}

int hw_enable(struct hyp_iommu *iommu, u8 stage)
{
	const struct smmu_features *feat = &to_smmu(iommu)->feat;

	iommu->nr_ids = BIT(stage == 1 ? feat->asid_bits : feat->vmid_bits);

	return smmu_enable(to_smmu(iommu));
}

u64 hw_info(const struct hyp_iommu *iommu)
{
	const struct hyp_smmu *smmu = container_of(iommu, struct hyp_smmu, iommu);

	return FIELD_PREP(PKVM_IOMMU_INFO_2LVL_STRTAB, !!iommu->chunk_bits) |
	       FIELD_PREP(PKVM_IOMMU_INFO_RIL, smmu->feat.range_inv) |
	       FIELD_PREP(PKVM_IOMMU_INFO_REPEAT, smmu->feat.repeat);
}
