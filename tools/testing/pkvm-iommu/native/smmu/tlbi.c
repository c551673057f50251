// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidation of the TLB (sections 3.17 and 4.4), with the exact reach that each command
 * is specified to have.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

/* Section 4.4.1.1: range, granule and level hint; without RIL they do not exist */
static bool is_range(const struct sim_smmu *smmu, const u64 cmd[2])
{
	return (smmu->cfg.idr[3] & IDR3_RIL) && FIELD_GET(CMDQ_TLBI_1_TG, cmd[1]);
}

static bool by_address(const u64 cmd[2])
{
	u8 op = FIELD_GET(CMDQ_0_OP, cmd[0]);

	return op == CMDQ_OP_TLBI_NH_VA || op == CMDQ_OP_TLBI_NH_VAA || op == CMDQ_OP_TLBI_S2_IPA;
}

bool sim_tlb_command_valid(const struct sim_smmu *smmu, const u64 cmd[2])
{
	u8 op = FIELD_GET(CMDQ_0_OP, cmd[0]), tg = FIELD_GET(CMDQ_TLBI_1_TG, cmd[1]);
	u32 idr0 = smmu->cfg.idr[0];

	if (op <= CMDQ_OP_TLBI_NH_VAA && !(idr0 & IDR0_S1P))
		return false;
	if ((op == CMDQ_OP_TLBI_S2_IPA || op == CMDQ_OP_TLBI_S12_VMALL) && !(idr0 & IDR0_S2P))
		return false;
	if (!(idr0 & IDR0_VMID16) && FIELD_GET(CMDQ_TLBI_0_VMID, cmd[0]) > 0xff)
		return false;
	if (!(idr0 & IDR0_ASID16) && FIELD_GET(CMDQ_TLBI_0_ASID, cmd[0]) > 0xff)
		return false;
	if (!by_address(cmd) || !is_range(smmu, cmd))
		return true;

	/* One page at level 0 has no encoding; the range must not pass 2^64 */
	if (!FIELD_GET(CMDQ_TLBI_1_TTL, cmd[1]) && !FIELD_GET(CMDQ_TLBI_0_NUM, cmd[0]) &&
	    !FIELD_GET(CMDQ_TLBI_0_SCALE, cmd[0]))
		return false;
	/* Level 1 has no blocks with 16K and 64K */
	if (FIELD_GET(CMDQ_TLBI_1_TTL, cmd[1]) == 1 && tg != 1)
		return false;

	return FIELD_GET(CMDQ_TLBI_0_SCALE, cmd[0]) <= 39;
}

struct reach {
	u64	start, end;	/* inclusive end */
	s8	level;		/* only leaves of this level, or 0 */
	bool	leaf;
};

static struct reach reach_of(const struct sim_smmu *smmu, const u64 cmd[2])
{
	struct reach reach = { .end = ~0ULL };
	u8 shift = 12;

	if (!by_address(cmd))
		return reach;

	reach.leaf = cmd[1] & CMDQ_TLBI_1_LEAF;
	reach.start = cmd[1] & CMDQ_TLBI_1_VA_MASK;
	reach.end = reach.start;
	if (is_range(smmu, cmd)) {
		u8 scale = FIELD_GET(CMDQ_TLBI_0_SCALE, cmd[0]);

		shift = 10 + 2 * FIELD_GET(CMDQ_TLBI_1_TG, cmd[1]);
		reach.level = FIELD_GET(CMDQ_TLBI_1_TTL, cmd[1]);
		reach.start &= ~((1UL << shift) - 1);
		reach.end = reach.start +
			    ((FIELD_GET(CMDQ_TLBI_0_NUM, cmd[0]) + 1) << (scale + shift)) - 1;
	}

	return reach;
}

static bool tag_hit(const u64 cmd[2], bool stage1, u16 vmid, u16 asid)
{
	u16 cmd_vmid = FIELD_GET(CMDQ_TLBI_0_VMID, cmd[0]);
	u16 cmd_asid = FIELD_GET(CMDQ_TLBI_0_ASID, cmd[0]);

	switch (FIELD_GET(CMDQ_0_OP, cmd[0])) {
	case CMDQ_OP_TLBI_NSNH_ALL:
		return true;
	case CMDQ_OP_TLBI_NH_ALL:
	case CMDQ_OP_TLBI_NH_VAA:
		return stage1 && vmid == cmd_vmid;
	case CMDQ_OP_TLBI_NH_ASID:
	case CMDQ_OP_TLBI_NH_VA:
		return stage1 && vmid == cmd_vmid && asid == cmd_asid;
	case CMDQ_OP_TLBI_S12_VMALL:
		return vmid == cmd_vmid;
	case CMDQ_OP_TLBI_S2_IPA:
		return !stage1 && vmid == cmd_vmid;
	}

	return false;
}

void sim_tlb_invalidate(struct sim_smmu *smmu, const struct sim_inval *inval)
{
	struct reach reach = reach_of(smmu, inval->cmd);
	unsigned int i;

	for (i = 0; i < SIM_TLB_SIZE; i++) {
		struct sim_tlb_entry *entry = &smmu->tlb[i];
		struct sim_walk_entry *walk = &smmu->walks[i];

		if (entry->valid && entry->seq < inval->seq &&
		    tag_hit(inval->cmd, entry->stage1, entry->vmid, entry->asid) &&
		    reach.start < entry->iova + entry->size && entry->iova <= reach.end &&
		    (!reach.level || reach.level == entry->level))
			entry->valid = false;
		if (walk->valid && walk->seq < inval->seq && !reach.leaf &&
		    tag_hit(inval->cmd, walk->stage1, walk->vmid, walk->asid) &&
		    reach.start < walk->iova + walk->size && walk->iova <= reach.end)
			walk->valid = false;
	}
}
