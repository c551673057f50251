// SPDX-License-Identifier: GPL-2.0-only
/*
 * hw.h, in as few words as possible.
 */
#include <linux/pkvm-iommu-guest.h>

#include "arm-smmu-v3.h"

#include "model.h"

void hw_init(struct hyp_iommu *iommu, void __iomem *base)
{
	unsigned int i;

	for (i = 0; i < sim_nr_smmus; i++) {
		if (sim_smmus[i]->va == base)
			ideal_of_sim(sim_smmus[i])->iommu = iommu;
	}
}

int hw_probe(struct hyp_iommu *iommu, u64 flags, u64 *why)
{
	struct sim_smmu *sim = ideal_of(iommu)->sim;
	static const u8 oas[] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	const u32 *idr = sim->cfg.idr;
	bool chunks = FIELD_GET(IDR0_ST_LVL, idr[0]) && !(flags & PKVM_IOMMU_F_NO_2LVL);

	native_point();
	sim->gbpa = GBPA_ABORT;
	*why = 0;
	iommu->max_ids = BIT(16);
	iommu->mem_size = PAGE_SIZE;
	iommu->sid_bits = chunks ? 16 : 12;
	iommu->chunk_bits = chunks ? HW_CHUNK_BITS_MAX : 0;
	iommu->oas = oas[FIELD_GET(IDR5_OAS, idr[5])];
	iommu->stage1 = idr[0] & IDR0_S1P;
	iommu->stage2 = idr[0] & IDR0_S2P;
	iommu->coherent = sim->cfg.coherent && (flags & PKVM_IOMMU_F_COHERENT);
	iommu->bbml2 = FIELD_GET(IDR3_BBM, idr[3]) == 2 && !(flags & PKVM_IOMMU_F_NO_BBML2);

	return 0;
}

/* Streams that there is room for leave no event when they abort */
static void make_room(struct hyp_iommu *iommu, u32 first, u32 nr)
{
	struct sim_context *stream = &ideal_of(iommu)->stream[first];

	sim_lock();
	for (; nr--; stream++)
		stream->granule = PAGE_SHIFT;
	sim_unlock();
}

int hw_reset(struct hyp_iommu *iommu, void *mem)
{
	native_point();
	if (!iommu->chunk_bits)
		make_room(iommu, 0, BIT(iommu->sid_bits));

	return 0;
}

int hw_enable(struct hyp_iommu *iommu, u8 stage)
{
	native_point();
	iommu->nr_ids = BIT(8);
	iommu->state = IOMMU_LIVE;
	ideal_of(iommu)->sim->cr0ack = CR0_SMMUEN;
	native_point();

	return 0;
}

/* I8 */
static void fail(struct ideal *ideal)
{
	if (ideal->iommu->state != IOMMU_LIVE)
		return;
	if (ideal->sim->cfg.deaf_cr0) {
		ideal->iommu->state = IOMMU_HUNG;
		return;
	}
	ideal->sim->cr0ack = 0;
	ideal->iommu->state = IOMMU_ABORTING;
}

void hw_resume(struct hyp_iommu *iommu)
{
	struct ideal *ideal = ideal_of(iommu);

	if (!ideal->sim->cr0ack)
		fail(ideal);
	ideal->sim->gbpa = GBPA_ABORT;
}

u64 hw_info(const struct hyp_iommu *iommu)
{
	return 0;
}

/* What was asked for is done, or the IOMMU fails, or it does nothing any more */
static int done(struct ideal *ideal)
{
	ideal->sim->nr_syncs++;
	if (ideal->iommu->state == IOMMU_LIVE &&
	    (fault_hits(FAULT_SYNC) || fault_hits(FAULT_COMMAND)))
		fail(ideal);
	native_point();

	return ideal->iommu->state == IOMMU_HUNG ? -EIO : 0;
}

int hw_stream_room(struct hyp_iommu *iommu, u32 sid, void *page)
{
	u32 nr = BIT(iommu->chunk_bits);

	make_room(iommu, ALIGN_DOWN(sid, nr), nr);

	return done(ideal_of(iommu));
}

static int set_stream(struct hyp_iommu *iommu, u32 sid, const struct sim_context *context)
{
	struct ideal *ideal = ideal_of(iommu);

	native_point();
	sim_lock();
	if (iommu->state != IOMMU_HUNG)
		ideal->stream[sid] = *context;
	sim_unlock();

	return done(ideal);
}

int hw_stream_abort(struct hyp_iommu *iommu, u32 sid)
{
	const struct sim_context aborts = { .granule = PAGE_SHIFT };

	return set_stream(iommu, sid, &aborts);
}

int hw_stream_install(struct hyp_iommu *iommu, u32 sid, const struct iommu_pgtable *pgt,
		      const struct iommu_binding *binding)
{
	struct sim_context context = {
		.stage1		= iommu_cfg.stage == 1,
		.granule	= PAGE_SHIFT,
		.ias		= pgt->ias,
		.oas		= iommu_cfg.oas,
		.start		= pgt->start_level,
		.vmid		= iommu_cfg.stage == 1 ? 0 : binding->id,
		.asid		= iommu_cfg.stage == 1 ? binding->id : 0,
		.root		= hyp_virt_to_phys(pgt->root),
	};

	/* It may fail before the stream is live, or after */
	return done(ideal_of(iommu)) ?: set_stream(iommu, sid, &context);
}

void hw_bind(struct iommu_binding *binding, const struct iommu_pgtable *pgt)
{
}

static int invalidate(struct hyp_iommu *iommu, u16 id, u64 start, u64 end, s8 level)
{
	struct ideal *ideal = ideal_of(iommu);
	unsigned int i;

	native_point();
	sim_lock();
	for (i = 0; i < SIM_TLB_SIZE && iommu->state == IOMMU_LIVE; i++) {
		struct sim_tlb_entry *leaf = &ideal->sim->tlb[i];
		struct sim_walk_entry *walk = &ideal->sim->walks[i];

		if ((leaf->stage1 ? leaf->asid : leaf->vmid) == id &&
		    leaf->iova < end && start < leaf->iova + leaf->size &&
		    (!level || level == leaf->level))
			leaf->valid = false;
		if ((walk->stage1 ? walk->asid : walk->vmid) == id && !level &&
		    walk->iova < end && start < walk->iova + walk->size)
			walk->valid = false;
	}
	sim_unlock();

	return done(ideal);
}

int hw_tlb_range(struct hyp_iommu *iommu, u16 id, u64 iova, u64 size, s8 level)
{
	return invalidate(iommu, id, iova, iova + size, level);
}

int hw_tlb_all(struct hyp_iommu *iommu, u16 id)
{
	return invalidate(iommu, id, 0, U64_MAX, 0);
}

static void take_event(struct ideal *ideal, struct hw_event *event)
{
	const u64 *record = event->record;

	ideal->sim->taken = ideal->sim->events[ideal->cons % IDEAL_QUEUE];
	memcpy(event->record, ideal->sim->taken.record, sizeof(event->record));
	event->nr = ideal->cons++;
	event->sid = record[0] >> 32;
	event->reason = record[0] & 0xff;
	event->iova = 0;
	if (event->reason >= SIM_F_TRANSLATION && event->reason <= SIM_F_PERMISSION) {
		event->iova = record[2];
		event->reason |= PVIOMMU_EVENT_IOVA |
				 (record[1] & EVTQ_1_RnW ? PVIOMMU_EVENT_READ : 0);
	}
}

u32 hw_poll(struct hyp_iommu *iommu, struct hw_event *event)
{
	struct ideal *ideal = ideal_of(iommu);
	u32 ret = 0;

	native_point();
	sim_lock();
	if (ideal->errors & GERROR_SFM_ERR)
		fail(ideal);
	if (ideal->errors)
		ret |= PKVM_IOMMU_POLL_GERROR |
		       FIELD_PREP(PKVM_IOMMU_POLL_GERROR_BITS, ideal->errors);
	ret |= ideal->overflow ? PKVM_IOMMU_POLL_OVERFLOW : 0;
	if (ideal->cons != ideal->prod) {
		take_event(ideal, event);
		ret |= PKVM_IOMMU_POLL_EVENT;
	}
	if (iommu->state != IOMMU_LIVE)
		ret |= PKVM_IOMMU_POLL_DEAD;
	ideal->errors = 0;
	ideal->overflow = false;
	sim_unlock();

	return ret;
}

u64 hw_next_event(struct hyp_iommu *iommu)
{
	return ideal_of(iommu)->prod;
}
