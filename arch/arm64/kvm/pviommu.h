/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pvIOMMUs of VMs under pKVM: what a VMM reads from the file of one.
 */
#ifndef __ARM64_KVM_PVIOMMU_H
#define __ARM64_KVM_PVIOMMU_H

#include <linux/kfifo.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/* More than a VMM reads in one go, so that none is lost while it is at it */
#define KVM_PVIOMMU_MAX_EVENTS	64

/**
 * struct kvm_pviommu_events - faults that the VMM has not read
 * @lock: guards all but @wait
 * @wait: readers
 * @fifo: the faults
 * @lost: how many found no room
 * @ended: there will be no more
 */
struct kvm_pviommu_events {
	spinlock_t		lock;	/* see above */
	wait_queue_head_t	wait;
	DECLARE_KFIFO(fifo, struct kvm_pviommu_event, KVM_PVIOMMU_MAX_EVENTS);
	u64			lost;
	bool			ended;
};

void kvm_pviommu_events_init(struct kvm_pviommu_events *events);
void kvm_pviommu_events_add(struct kvm_pviommu_events *events,
			    const struct pkvm_iommu_event *event);
void kvm_pviommu_events_end(struct kvm_pviommu_events *events);
ssize_t kvm_pviommu_events_read(struct kvm_pviommu_events *events,
				char __user *buf, size_t count, bool nonblock);
__poll_t kvm_pviommu_events_poll(struct kvm_pviommu_events *events,
				 struct file *file, poll_table *wait);

#endif /* __ARM64_KVM_PVIOMMU_H */
