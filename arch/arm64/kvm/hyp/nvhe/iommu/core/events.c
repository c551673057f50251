// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deliver faults of devices to the owner of the stream.
 *
 * A fault belongs to whoever owned the stream when it happened. EL2 numbers events, and
 * hyp_stream::first_event is the number of the current owner's first. EL2 passes on
 * nothing of an earlier event but the stream ID.
 */
#include <linux/pkvm-iommu-guest.h>

#include <nvhe/iommu.h>

#include <core/events.h>
#include <core/vm.h>

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

/* Keep the oldest faults, since later ones often follow from them */
static void add(struct iommu_events *events, const struct iommu_event *event)
{
	hyp_spin_lock(&events->lock);
	if (events->nr < IOMMU_EVENTS_MAX)
		events->ring[(events->first + events->nr++) % IOMMU_EVENTS_MAX] = *event;
	else if (events->lost != U32_MAX)
		events->lost++;
	hyp_spin_unlock(&events->lock);
}

/*
 * Queue a VM's fault for the VM and fill in the host's @record. Drop an event that
 * happened before the stream changed owner, except its stream ID.
 */
static void deliver(const struct hyp_stream *stream, const struct hw_event *event, u64 *record)
{
	bool stale = event->nr < stream->first_event;
	struct iommu_event fault = {};
	pkvm_handle_t handle = 0;

	/* A VM's context exists as long as the VM owns a stream, see free_routes() */
	if (!stale && stream->owner->events) {
		fault = (struct iommu_event) {
			.iova		= event->iova,
			.pviommu	= stream->pviommu,
			.vsid		= stream->vsid,
			.reason		= event->reason,
		};
		handle = stream->owner->vm;
		add(stream->owner->events, &fault);
	}
	record[0] = handle;
	record[1] = fault.pviommu | (u64)fault.vsid << 32;
	record[2] = fault.reason;
	record[3] = event->sid;
}

u32 events_poll(struct hyp_iommu *iommu, u64 record[HW_EVENT_WORDS])
{
	struct hyp_stream *stream;
	struct hw_event event;
	u32 ret;

	/* Hold the lock until the fault is queued: a VM gets its faults in order */
	hyp_spin_lock(&iommu->lock);
	ret = hw_poll(iommu, &event);
	if (!(ret & PKVM_IOMMU_POLL_EVENT))
		goto unlock;
	/* The host owns each stream that stream_get() does not find */
	if (!stream_get(iommu, event.sid, NULL, &stream) &&
	    (stream->owner || event.nr < stream->first_event)) {
		deliver(stream, &event, record);
		ret ^= PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_VM_EVENT;
	} else {
		memcpy(record, event.record, sizeof(event.record));
	}
unlock:
	hyp_spin_unlock(&iommu->lock);

	return ret;
}
