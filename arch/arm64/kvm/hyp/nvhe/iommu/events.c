// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of devices: whose they are.
 *
 * A record is the business of whoever owned the stream when the fault happened.
 * The number of the first event since the stream last changed hands tells; one
 * from before concerns nobody any more, and nobody learns what is in it.
 */
#include <linux/pkvm-pviommu.h>

#include <nvhe/iommu.h>

#include <events.h>
#include <vm.h>

bool events_take(struct iommu_events *events, struct iommu_event *event, u32 *lost)
{
	bool found;

	hyp_spin_lock(&events->lock);
	*lost = events->lost;
	events->lost = 0;
	found = events->nr;
	if (found) {
		*event = events->ring[events->first];
		events->first = (events->first + 1) % IOMMU_EVENTS_MAX;
		events->nr--;
	}
	hyp_spin_unlock(&events->lock);

	return found;
}

/* The oldest stay: what comes in their wake is often no more than their result */
static void add(struct iommu_events *events, const struct iommu_event *event)
{
	hyp_spin_lock(&events->lock);
	if (events->nr < IOMMU_EVENTS_MAX)
		events->ring[(events->first + events->nr++) % IOMMU_EVENTS_MAX] = *event;
	else if (events->lost != U32_MAX)
		events->lost++;
	hyp_spin_unlock(&events->lock);
}

/* Addresses in records of other types can be those of EL2's tables */
static bool has_iova(u32 type)
{
	return type >= EVT_ID_TRANSLATION_FAULT && type <= EVT_ID_PERMISSION_FAULT;
}

static struct iommu_event decode(const struct smmu_stream *stream, const u64 *record)
{
	struct iommu_event event = {
		.pviommu	= stream->pviommu,
		.vsid		= stream->vsid,
		.reason		= FIELD_GET(EVTQ_0_ID, record[0]),
	};

	if (has_iova(event.reason)) {
		event.iova = FIELD_GET(EVTQ_2_ADDR, record[2]);
		event.reason |= PVIOMMU_EVENT_IOVA |
				(record[1] & EVTQ_1_PnU ? PVIOMMU_EVENT_PRIV : 0) |
				(record[1] & EVTQ_1_InD ? PVIOMMU_EVENT_INSTR : 0) |
				(record[1] & EVTQ_1_RnW ? PVIOMMU_EVENT_READ : 0);
	}

	return event;
}

/* @record is not the host's: the VM gets it, and the host is told what it may know */
static void deliver(const struct smmu_stream *stream, bool stale, u64 *record)
{
	u64 sid = FIELD_GET(EVTQ_0_SID, record[0]);
	struct iommu_event event = {};
	pkvm_handle_t handle = 0;

	/* A VM is there as long as a stream is its own: it is not drained yet */
	if (!stale && stream->owner->events) {
		event = decode(stream, record);
		handle = container_of(stream->owner, struct iommu_vm, owner)->handle;
		add(stream->owner->events, &event);
	}
	record[0] = handle;
	record[1] = event.pviommu | (u64)event.vsid << 32;
	record[2] = event.reason;
	record[3] = sid;
}

u32 events_poll(struct hyp_smmu *smmu, u64 record[EVTQ_ENT_DWORDS])
{
	struct smmu_stream *stream;
	u32 ret;
	u64 nr;

	/* From here on: a VM gets its faults in their order, whoever polls */
	hyp_spin_lock(&smmu->lock);
	ret = smmu_poll(smmu, record, &nr);
	/* A stream that EL2 has no record of is nobody else's */
	if (ret & PKVM_IOMMU_POLL_EVENT &&
	    !smmu_stream_get(smmu, FIELD_GET(EVTQ_0_SID, record[0]), NULL, &stream) &&
	    (stream->owner || nr < stream->first_event)) {
		deliver(stream, nr < stream->first_event, record);
		ret ^= PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_VM_EVENT;
	}
	hyp_spin_unlock(&smmu->lock);

	return ret;
}
