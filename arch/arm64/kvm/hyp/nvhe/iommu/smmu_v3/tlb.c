// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB invalidation (section 4.4), with and without range commands.
 */
#include <memory/pgtable.h>

#include "smmu.h"

/*
 * If a range needs more commands than this, EL2 invalidates the whole address space. The
 * commands of a call end in a CMD_SYNC, so at most this many are outstanding without one.
 * MMU-700 r0 must not have 64 (erratum 2812531).
 */
#define TLB_MAX_COMMANDS	32

/* CMD_TLBI_*.TG */
#define TLBI_TG			((PAGE_SHIFT - 10) / 2)

static struct arm_smmu_cmd range_cmd(u16 id, u64 iova)
{
	struct arm_smmu_cmd cmd;

	if (iommu_cfg.stage == 1) {
		cmd = arm_smmu_make_cmd_tlbi(CMDQ_OP_TLBI_NH_VA, id, 0);
		cmd.data[1] = iova & CMDQ_TLBI_1_VA_MASK;
	} else {
		cmd = arm_smmu_make_cmd_tlbi(CMDQ_OP_TLBI_S2_IPA, 0, id);
		cmd.data[1] = iova & CMDQ_TLBI_1_IPA_MASK;
	}

	return cmd;
}

/*
 * Make a command cover a range of up to @pages pages, and return how many. NUM has 5
 * bits: the command covers as many pages as fit from the least significant set bit of
 * @pages on.
 */
static u64 set_range(struct arm_smmu_cmd *cmd, u64 pages, s8 level)
{
	unsigned int scale = __ffs(pages);
	u64 num = min_t(u64, pages >> scale, CMDQ_TLBI_RANGE_NUM_MAX + 1);

	/* A range of one page at an unknown level has no encoding: use no range */
	if (pages == 1 && !level)
		return 1;

	cmd->data[0] |= FIELD_PREP(CMDQ_TLBI_0_NUM, num - 1) |
			FIELD_PREP(CMDQ_TLBI_0_SCALE, scale);
	cmd->data[1] |= FIELD_PREP(CMDQ_TLBI_1_TG, TLBI_TG) |
			FIELD_PREP(CMDQ_TLBI_1_TTL, level);

	return num << scale;
}

int hw_tlb_range(struct hyp_iommu *iommu, u16 id, u64 iova, u64 size, s8 level)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	struct arm_smmu_cmd cmds[TLB_MAX_COMMANDS] __uninitialized;
	u64 end = iova + size, pages;
	unsigned int nr = 0;

	while (iova < end) {
		struct arm_smmu_cmd *cmd = &cmds[nr];

		if (nr++ == TLB_MAX_COMMANDS)
			return hw_tlb_all(iommu, id);

		*cmd = range_cmd(id, iova);
		if (level)
			cmd->data[1] |= CMDQ_TLBI_1_LEAF;
		if (smmu->feat.range_inv)
			pages = set_range(cmd, (end - iova) >> PAGE_SHIFT, level);
		else
			pages = kvm_granule_size(level ?: IOMMU_PAGE_LEVEL) >> PAGE_SHIFT;
		iova += pages << PAGE_SHIFT;
	}

	return smmu_issue(smmu, cmds, nr);
}

int hw_tlb_all(struct hyp_iommu *iommu, u16 id)
{
	struct arm_smmu_cmd cmd;

	if (iommu_cfg.stage == 1)
		cmd = arm_smmu_make_cmd_tlbi(CMDQ_OP_TLBI_NH_ASID, id, 0);
	else
		cmd = arm_smmu_make_cmd_tlbi(CMDQ_OP_TLBI_S12_VMALL, 0, id);

	return smmu_issue(to_smmu(iommu), &cmd, 1);
}
