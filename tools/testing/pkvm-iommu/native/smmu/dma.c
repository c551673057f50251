// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: every way in which the SMMU may translate it is tried.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

#define MAX_CONFIGS	24
#define MAX_CDS		8

struct sim_device sim_devices[SIM_MAX_DEVICES];
unsigned int sim_nr_devices;

void (*sim_reached)(struct sim_smmu *smmu, u32 sid, u64 iova, u64 pa, bool write);

void sim_add_device(u8 smmu, u32 sid)
{
	sim_devices[sim_nr_devices++] = (struct sim_device) { smmu, sid };
}

bool sim_off(const struct sim_smmu *smmu)
{
	return !(smmu->cr0ack & CR0_SMMUEN) && !smmu->in_flight;
}

struct transaction {
	struct sim_smmu	*smmu;
	u32		sid;
	u64		iova;
	bool		write;
	struct sim_dma	result;
};

static void fault(struct transaction *t, enum sim_fault why)
{
	/* One event, however many ways there are to fail */
	if (!t->result.fault++)
		sim_event(t->smmu, why, t->sid, t->iova, t->write);
}

static void reach(struct transaction *t, u64 pa)
{
	t->result.same = !t->result.ok || (t->result.same && t->result.pa == pa);
	t->result.ok++;
	t->result.pa = pa;
	if (sim_reached)
		sim_reached(t->smmu, t->sid, t->iova, pa, t->write);
}

static void use_leaf(struct transaction *t, const struct sim_tlb_entry *leaf)
{
	if (t->write ? leaf->write : leaf->read)
		reach(t, leaf->pa + (t->iova - leaf->iova));
	else
		fault(t, SIM_F_PERMISSION);
}

static void walk_from(struct transaction *t, const struct sim_context *ctx, u64 table, s8 level)
{
	struct sim_tlb_entry leaf;
	enum sim_fault why = sim_walk(t->smmu, ctx, t->iova, table, level, t->sid, &leaf);

	if (why) {
		fault(t, why);
		return;
	}
	sim_tlb_insert(t->smmu, &leaf);
	use_leaf(t, &leaf);
}

static void translate(struct transaction *t, const struct sim_context *ctx)
{
	struct sim_smmu *smmu = t->smmu;
	unsigned int i;

	for (i = 0; i < SIM_TLB_SIZE; i++) {
		const struct sim_tlb_entry *entry = &smmu->tlb[i];
		const struct sim_walk_entry *walk = &smmu->walks[i];

		if (entry->valid && entry->stage1 == ctx->stage1 && entry->vmid == ctx->vmid &&
		    entry->asid == ctx->asid && t->iova - entry->iova < entry->size)
			use_leaf(t, entry);
		if (walk->valid && walk->stage1 == ctx->stage1 && walk->vmid == ctx->vmid &&
		    walk->asid == ctx->asid && t->iova - walk->iova < walk->size)
			walk_from(t, ctx, walk->table, walk->level);
	}
	walk_from(t, ctx, ctx->root, ctx->start);
}

static void use_s1(struct transaction *t, const u64 ste[8])
{
	u64 cds[MAX_CDS][8];
	struct sim_context ctx;
	enum sim_fault why;
	unsigned int nr;

	if (!(t->smmu->cfg.idr[0] & IDR0_S1P) || FIELD_GET(STRTAB_STE_0_S1CDMAX, ste[0])) {
		fault(t, SIM_C_BAD_STE);
		return;
	}
	nr = sim_cd_get(t->smmu, t->sid, ste[0] & STRTAB_STE_0_S1CTXPTR_MASK, cds, MAX_CDS);
	while (nr--) {
		why = sim_context_s1(t->smmu, ste, cds[nr], &ctx);
		if (why)
			fault(t, why);
		else
			translate(t, &ctx);
	}
}

static void use_ste(struct transaction *t, const u64 ste[8])
{
	struct sim_context ctx;
	enum sim_fault why;

	if (!(ste[0] & STRTAB_STE_0_V)) {
		fault(t, ste[0] ? SIM_C_BAD_STE : SIM_C_BAD_STREAMID);
		return;
	}
	switch (FIELD_GET(STRTAB_STE_0_CFG, ste[0])) {
	case STRTAB_STE_0_CFG_ABORT:
		fault(t, SIM_ABORT);
		return;
	case STRTAB_STE_0_CFG_S1_TRANS:
		use_s1(t, ste);
		return;
	case STRTAB_STE_0_CFG_S2_TRANS:
		why = sim_context_s2(t->smmu, ste, &ctx);
		if (why)
			fault(t, why);
		else
			translate(t, &ctx);
		return;
	}
	native_fail("STE of stream 0x%x lets it pass: 0x%lx", t->sid, ste[0]);
}

struct sim_dma sim_dma(struct sim_smmu *smmu, u32 sid, u64 iova, bool write)
{
	struct transaction t = { .smmu = smmu, .sid = sid, .iova = iova, .write = write };
	u64 stes[MAX_CONFIGS][8];
	unsigned int nr;

	sim_lock();
	smmu->nr_dma++;
	if (!(smmu->cr0ack & CR0_SMMUEN)) {
		if (smmu->gbpa & GBPA_ABORT)
			fault(&t, SIM_ABORT);
		else
			reach(&t, iova);
	}
	if (sim_off(smmu)) {
		sim_unlock();
		return t.result;
	}
	/* Translation is on, or was when this transaction came */
	if (sid >> FIELD_GET(STRTAB_BASE_CFG_LOG2SIZE, smmu->strtab_base_cfg)) {
		fault(&t, SIM_C_BAD_STREAMID);
	} else {
		nr = sim_config_get(smmu, sid, stes, MAX_CONFIGS);
		while (nr--)
			use_ste(&t, stes[nr]);
	}
	sim_unlock();

	return t.result;
}
