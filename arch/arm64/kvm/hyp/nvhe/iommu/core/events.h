/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of devices that VMs own: kept for the VM, of which the host learns only
 * that it has one.
 */
#ifndef __PKVM_IOMMU_EVENTS_H__
#define __PKVM_IOMMU_EVENTS_H__

#include <linux/types.h>

#include <nvhe/spinlock.h>

#include <hw.h>

/* What a VM can have waiting; more are counted, and that is all (I9) */
#define IOMMU_EVENTS_MAX	16

/**
 * struct iommu_event - a fault, by the names that the VM has for things
 * @iova: input address; 0 if the type has none
 * @pviommu: pvIOMMU
 * @vsid: virtual stream ID on it
 * @reason: type and PVIOMMU_EVENT_*
 */
struct iommu_event {
	u64	iova;
	u32	pviommu;
	u32	vsid;
	u32	reason;
};

/**
 * struct iommu_events - faults that a VM has not asked for yet
 * @lock: guards all of it; innermost
 * @first: the oldest one
 * @nr: how many there are
 * @lost: how many came when there was no room, since the VM was last told
 * @ring: the faults
 */
struct iommu_events {
	hyp_spinlock_t		lock;
	u32			first;
	u32			nr;
	u32			lost;
	struct iommu_event	ring[IOMMU_EVENTS_MAX];
};

/* The oldest fault, which is forgotten, if there is one; how many were lost */
bool events_take(struct iommu_events *events, struct iommu_event *event, u32 *lost);

/**
 * events_poll() - PKVM_IOMMU_OP_POLL
 * @iommu: IOMMU
 * @record: out, zeroed, see PKVM_IOMMU_POLL_EVENT and PKVM_IOMMU_POLL_VM_EVENT
 *
 * Return: PKVM_IOMMU_POLL_*
 */
u32 events_poll(struct hyp_iommu *iommu, u64 record[HW_EVENT_WORDS]);

#endif /* __PKVM_IOMMU_EVENTS_H__ */
