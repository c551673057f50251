// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errata by IIDR, those that the stock driver works around. What sets one off is a
 * hang here, or a failure of the test.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

/* The stock driver has a CMD_SYNC follow as many commands at the latest */
#define MMU_700_MAX_UNSYNCED	63

/* Of the same make, of any revision */
static bool is(const struct sim_smmu *smmu, u32 iidr)
{
	return !((smmu->cfg.iidr ^ iidr) & (IIDR_IMPLEMENTER | IIDR_PRODUCTID));
}

/* 1076982: no wake-up event from a CMD_SYNC; 2812531: many commands without one */
bool sim_erratum_hangs(struct sim_smmu *smmu, const u64 cmd[2])
{
	u32 variant = FIELD_GET(IIDR_VARIANT, smmu->cfg.iidr);
	u32 revision = FIELD_GET(IIDR_REVISION, smmu->cfg.iidr);

	if (FIELD_GET(CMDQ_0_OP, cmd[0]) == CMDQ_OP_CMD_SYNC) {
		smmu->unsynced = 0;
		return is(smmu, SIM_IIDR_MMU_600_R0P0) && !variant && revision <= 2 &&
		       FIELD_GET(CMDQ_SYNC_0_CS, cmd[0]) == CMDQ_SYNC_0_CS_SEV;
	}

	return ++smmu->unsynced > MMU_700_MAX_UNSYNCED &&
	       is(smmu, SIM_IIDR_MMU_700_R0P0) && (variant < 1 || revision < 1);
}

/* 3878312 and others: they must not take part in TLB maintenance of CPUs */
void sim_erratum_enabled(struct sim_smmu *smmu)
{
	if (!(smmu->cr[2] & CR2_PTM) &&
	    (is(smmu, SIM_IIDR_MMU_700_R0P0) || is(smmu, SIM_IIDR_MMU_S3_R0P0)))
		native_fail("an SMMU that must not takes part in TLB maintenance of CPUs");
}
