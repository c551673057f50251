// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: every way in which an IOMMU may translate it by one page table is tried.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

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

void sim_refuse(struct sim_transaction *t, enum sim_fault why)
{
	/* One event, however many ways there are to fail */
	if (!t->result.fault++)
		sim_event(t->smmu, why, t->sid, t->iova, t->write);
}

void sim_reach(struct sim_transaction *t, u64 pa)
{
	t->result.same = !t->result.ok || (t->result.same && t->result.pa == pa);
	t->result.ok++;
	t->result.pa = pa;
	if (sim_reached)
		sim_reached(t->smmu, t->sid, t->iova, pa, t->write);
}

static void use_leaf(struct sim_transaction *t, const struct sim_tlb_entry *leaf)
{
	if (t->write ? leaf->write : leaf->read)
		sim_reach(t, leaf->pa + (t->iova - leaf->iova));
	else
		sim_refuse(t, SIM_F_PERMISSION);
}

static void walk_from(struct sim_transaction *t, const struct sim_context *ctx, u64 table, s8 level)
{
	struct sim_tlb_entry leaf;
	enum sim_fault why = sim_walk(t->smmu, ctx, t->iova, table, level, t->sid, &leaf);

	if (why) {
		sim_refuse(t, why);
		return;
	}
	sim_tlb_insert(t->smmu, &leaf);
	use_leaf(t, &leaf);
}

void sim_translate(struct sim_transaction *t, const struct sim_context *ctx)
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
