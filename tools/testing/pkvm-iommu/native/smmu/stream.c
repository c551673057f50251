// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA by a stream: every configuration that the SMMU may have of it is tried.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

#define MAX_CONFIGS	24
#define MAX_CDS		8

static void use_s1(struct sim_transaction *t, const u64 ste[8])
{
	u64 cds[MAX_CDS][8];
	struct sim_context ctx;
	enum sim_fault why;
	unsigned int nr;

	if (!(t->smmu->cfg.idr[0] & IDR0_S1P) || FIELD_GET(STRTAB_STE_0_S1CDMAX, ste[0])) {
		sim_refuse(t, SIM_C_BAD_STE);
		return;
	}
	nr = sim_cd_get(t->smmu, t->sid, ste[0] & STRTAB_STE_0_S1CTXPTR_MASK, cds, MAX_CDS);
	while (nr--) {
		why = sim_context_s1(t->smmu, ste, cds[nr], &ctx);
		if (why)
			sim_refuse(t, why);
		else
			sim_translate(t, &ctx);
	}
}

static void use_ste(struct sim_transaction *t, const u64 ste[8])
{
	struct sim_context ctx;
	enum sim_fault why;

	if (!(ste[0] & STRTAB_STE_0_V)) {
		sim_refuse(t, ste[0] ? SIM_C_BAD_STE : SIM_C_BAD_STREAMID);
		return;
	}
	switch (FIELD_GET(STRTAB_STE_0_CFG, ste[0])) {
	case STRTAB_STE_0_CFG_ABORT:
		sim_refuse(t, SIM_ABORT);
		return;
	case STRTAB_STE_0_CFG_S1_TRANS:
		use_s1(t, ste);
		return;
	case STRTAB_STE_0_CFG_S2_TRANS:
		why = sim_context_s2(t->smmu, ste, &ctx);
		if (why)
			sim_refuse(t, why);
		else
			sim_translate(t, &ctx);
		return;
	}
	native_fail("STE of stream 0x%x lets it pass: 0x%lx", t->sid, ste[0]);
}

struct sim_dma sim_dma(struct sim_smmu *smmu, u32 sid, u64 iova, bool write)
{
	struct sim_transaction t = { .smmu = smmu, .sid = sid, .iova = iova, .write = write };
	u64 stes[MAX_CONFIGS][8];
	unsigned int nr;

	sim_lock();
	smmu->nr_dma++;
	if (!(smmu->cr0ack & CR0_SMMUEN)) {
		if (smmu->gbpa & GBPA_ABORT)
			sim_refuse(&t, SIM_ABORT);
		else
			sim_reach(&t, iova);
	}
	if (sim_off(smmu)) {
		sim_unlock();
		return t.result;
	}
	/* Translation is on, or was when this transaction came */
	if (sid >> FIELD_GET(STRTAB_BASE_CFG_LOG2SIZE, smmu->strtab_base_cfg)) {
		sim_refuse(&t, SIM_C_BAD_STREAMID);
	} else {
		nr = sim_config_get(smmu, sid, stes, MAX_CONFIGS);
		while (nr--)
			use_ste(&t, stes[nr]);
	}
	sim_unlock();

	return t.result;
}
