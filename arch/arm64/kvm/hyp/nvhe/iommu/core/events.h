/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of devices that VMs own. EL2 queues them for the VM. The host learns the type
 * and the stream of a fault, but not its IOVA.
 */
#ifndef __PKVM_IOMMU_EVENTS_H__
#define __PKVM_IOMMU_EVENTS_H__

#include <linux/types.h>

#include <nvhe/spinlock.h>

#include <hw.h>

/* Faults that EL2 queues for one VM; it only counts those that do not fit (I9) */
#define IOMMU_EVENTS_MAX	16

/**
 * struct iommu_event - a fault, in terms that the guest knows
 * @iova: input address; 0 if the type has none
 * @pviommu: number of the pvIOMMU
 * @vsid: virtual stream ID on @pviommu
 * @reason: type and PVIOMMU_EVENT_*
 */
struct iommu_event {
	u64	iova;
	u32	pviommu;
	u32	vsid;
	u32	reason;
};

/**
 * struct iommu_events - faults that a guest has not fetched yet
 * @lock: guards all fields; innermost lock
 * @first: index of the oldest fault in @ring
 * @nr: number of faults in @ring
 * @lost: faults that found @ring full since the last events_take()
 * @ring: the faults
 */
struct iommu_events {
	hyp_spinlock_t		lock;
	u32			first;
	u32			nr;
	u32			lost;
	struct iommu_event	ring[IOMMU_EVENTS_MAX];
};

/* Remove the oldest fault, if there is one; @lost: out, as iommu_events::lost */
bool events_take(struct iommu_events *events, struct iommu_event *event, u32 *lost);

/**
 * events_poll() - take one event of an IOMMU for PKVM_IOMMU_OP_POLL
 * @iommu: IOMMU
 * @record: out, zeroed by the caller; the host's record, see PKVM_IOMMU_POLL_EVENT and
 *	PKVM_IOMMU_POLL_VM_EVENT
 *
 * Return: PKVM_IOMMU_POLL_*
 */
u32 events_poll(struct hyp_iommu *iommu, u64 record[HW_EVENT_WORDS]);

#endif /* __PKVM_IOMMU_EVENTS_H__ */
