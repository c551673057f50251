// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the harness asks of an IOMMU: DMA, faults, errors.
 */
#include <stdlib.h>

#include <linux/io.h>

#include "arm-smmu-v3.h"

#include "../ghost/ghost.h"
#include "../ghost/must.h"
#include "../hyp/edu.h"
#include "model.h"

struct sim_smmu *sim_smmus[SIM_MAX_SMMUS];
unsigned int sim_nr_smmus;
struct ideal ideals[SIM_MAX_SMMUS];
u64 (*sim_event_owner)(struct sim_smmu *smmu, u32 sid);
bool sim_no_events;

struct sim_smmu *sim_create(const struct sim_config *cfg, u64 seed)
{
	struct sim_smmu *smmu = calloc(1, sizeof(*smmu));

	smmu->cfg = *cfg;
	rng_seed(&smmu->rng, seed);
	ideals[sim_nr_smmus] = (struct ideal) {
		.sim	= smmu,
		.stream	= calloc(IDEAL_SIDS, sizeof(struct sim_context)),
	};
	sim_smmus[sim_nr_smmus++] = smmu;

	return smmu;
}

struct ideal *ideal_of_sim(const struct sim_smmu *sim)
{
	struct ideal *ideal = ideals;

	while (ideal->sim != sim)
		ideal++;

	return ideal;
}

struct ideal *ideal_of(const struct hyp_iommu *iommu)
{
	struct ideal *ideal = ideals;

	while (ideal->iommu != iommu)
		ideal++;

	return ideal;
}

void sim_power_cycle(struct sim_smmu *smmu)
{
	smmu->cr0ack = 0;
	smmu->gbpa = 0;
}

void sim_gerror(struct sim_smmu *smmu, u32 bits)
{
	ideal_of_sim(smmu)->errors |= bits;
}

void sim_config_stored(const volatile void *addr)
{
}

void sim_event(struct sim_smmu *smmu, enum sim_fault fault, u32 sid, u64 iova, bool write)
{
	struct ideal *ideal = ideal_of_sim(smmu);

	if (sim_no_events || fault == SIM_ABORT)
		return;
	if (ideal->prod - ideal->cons == IDEAL_QUEUE) {
		ideal->overflow = true;
		return;
	}
	smmu->events[ideal->prod++ % IDEAL_QUEUE] = (struct sim_event) {
		.record	= { fault | (u64)sid << 32, write ? 0 : EVTQ_1_RnW, iova },
		.owner	= sim_event_owner ? sim_event_owner(smmu, sid) : 0,
	};
	smmu->nr_events++;
}

struct sim_dma sim_dma(struct sim_smmu *smmu, u32 sid, u64 iova, bool write)
{
	struct sim_transaction t = { .smmu = smmu, .sid = sid, .iova = iova, .write = write };
	const struct sim_context *context = &ideal_of_sim(smmu)->stream[sid % IDEAL_SIDS];

	sim_lock();
	smmu->nr_dma++;
	if (sim_off(smmu) && !(smmu->gbpa & GBPA_ABORT))
		sim_reach(&t, iova);
	else if (sim_off(smmu))
		sim_refuse(&t, SIM_ABORT);
	else if (!context->root)
		sim_refuse(&t, context->granule ? SIM_ABORT : SIM_C_BAD_STREAMID);
	else
		sim_translate(&t, context);
	sim_unlock();

	return t.result;
}

/* It has no registers besides those that hw_init() is told of */
void sim_ecmdq_map(struct sim_smmu *smmu, u64 phys, u64 size, void *va)
{
}

/* Those of devices: an ideal IOMMU has none */
u64 sim_mmio_read(const volatile void __iomem *addr, unsigned int size)
{
	u64 val;

	native_point();
	sim_lock();
	val = edu_read(addr);
	sim_unlock();

	return val;
}

void sim_mmio_write(volatile void __iomem *addr, u64 val, unsigned int size)
{
	native_point();
	sim_lock();
	edu_write(addr, val);
	sim_unlock();
	native_point();
}

ghost_verdict hw_check_stream(struct hyp_iommu *iommu, u32 sid, const struct hyp_stream *stream,
			      u16 id)
{
	const struct sim_context *context = &ideal_of(iommu)->stream[sid];
	u16 has = context->stage1 ? context->asid : context->vmid;

	MUST(stream || !context->root, "stream 0x%x is installed, and unknown", sid);
	if (id)
		MUST(has == id || iommu->state != IOMMU_LIVE, "stream 0x%x has tag %u, not %u", sid,
		     has, id);
	else
		MUST(!context->root || iommu->state == IOMMU_ABORTING ||
		     (iommu->state == IOMMU_HUNG && stream->may_be_live),
		     "I6: stream 0x%x is blocked and installed", sid);

	return NULL;
}

ghost_verdict hw_check_events(struct hyp_iommu *iommu, const struct sim_smmu *sim)
{
	const struct ideal *ideal = ideal_of(iommu);

	MUST(ideal->prod == sim->nr_events && ideal->cons <= ideal->prod,
	     "%lu events taken and %lu queued, of %lu", ideal->cons, ideal->prod, sim->nr_events);

	return NULL;
}
