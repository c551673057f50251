/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pvIOMMUs of VMs under pKVM: declarations that the files of KVM for them share.
 *
 *	pviommu.c		the file descriptor of a pvIOMMU
 *	pviommu_attr.c		attributes KVM_DEV_VFIO_PVIOMMU_*
 *	pviommu_vm.c		state of a VM, and its end
 *	pviommu_exit.c		guest hypercalls for which EL2 needs the host
 *	pviommu_events.c	queue of the faults that a VMM reads
 *	pviommu_mmio.c		registers of devices in the guest's address space
 *	pviommu_pin.c		memory of plain VMs that devices can reach
 *
 * kvm->arch.config_lock serialises changes of the pvIOMMUs with the first run of the VM,
 * after which EL2 accepts no new route (I3). KVM does not hold it while EL2 resets a
 * device, nor while it accesses user memory.
 */
#ifndef __ARM64_KVM_PVIOMMU_H
#define __ARM64_KVM_PVIOMMU_H

#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

/* Larger than the buffer of a usual read(), so that the queue takes events meanwhile */
#define KVM_PVIOMMU_MAX_EVENTS	64

/**
 * struct kvm_pviommu_events - faults that the VMM has not read
 * @lock: guards all members except @wait
 * @wait: readers that wait for an event
 * @fifo: the faults
 * @lost: number of faults for which @fifo had no room
 * @ended: the VM is gone, no faults will follow
 */
struct kvm_pviommu_events {
	spinlock_t		lock;	/* see above */
	wait_queue_head_t	wait;
	DECLARE_KFIFO(fifo, struct kvm_pviommu_event, KVM_PVIOMMU_MAX_EVENTS);
	u64			lost;
	bool			ended;
};

/**
 * struct kvm_pviommus - the pvIOMMUs of a VM, kvm->arch.pkvm.pviommus
 * @ids: the IDs in use. An entry is a struct kvm_pviommu, or a value if the VMM has
 *	closed the file. Changed under config_lock; the lock of the xarray keeps an entry
 *	from being freed while tell_pviommu() uses it
 * @devices: VFIO file of each device of the VM, by struct device. The VM has a reference
 *	to each file, so that VFIO keeps the device open, bound and powered until the VM
 *	is gone. Guarded by config_lock
 * @routed: EL2 has a route for one of the pvIOMMUs, and so handles the VM's hypercalls.
 *	Constant once the VM has run
 * @stuck: EL2 could not block the VM's devices when the VM died, and keeps the memory
 *	that they may still reach
 * @listener: gets the faults of the VM and passes them to the pvIOMMUs
 * @max_pages: limit of the pages that EL2 holds for the VM, as set by the VMM; 0 means
 *	the default
 * @account: the pages that EL2 holds for the VM
 *
 * KVM allocates it with the first pvIOMMU, before the VM has run, and frees it when the
 * VM is destroyed.
 */
struct kvm_pviommus {
	struct xarray			ids;
	struct xarray			devices;
	bool				routed;
	bool				stuck;
	struct pkvm_iommu_listener	listener;
	unsigned long			max_pages;
	struct pkvm_iommu_account	account;
};

/**
 * struct kvm_pviommu - a pvIOMMU, private data of its file
 * @kvm: its VM, with a reference
 * @id: number by which the guest and EL2 name it
 * @routed: EL2 has a route for it. Guarded by config_lock
 * @events: faults of its endpoints
 */
struct kvm_pviommu {
	struct kvm			*kvm;
	u32				id;
	bool				routed;
	struct kvm_pviommu_events	events;
};

/* pviommu.c */
int kvm_pviommu_create(struct kvm *kvm);

/* pviommu_attr.c */
int kvm_pviommu_copy_args(void *args, size_t size, size_t min,
			  const void __user *uargs);
struct device *kvm_pviommu_device_of_vm(struct kvm *kvm, struct file *file);

/* pviommu_vm.c */
struct kvm_pviommus *kvm_pviommus_get(struct kvm *kvm);
struct pkvm_iommu_account *kvm_pviommu_account(const struct kvm *kvm);

/* pviommu_events.c */
void kvm_pviommu_events_init(struct kvm_pviommu_events *events);
void kvm_pviommu_events_add(struct kvm_pviommu_events *events,
			    const struct pkvm_iommu_event *event);
void kvm_pviommu_events_end(struct kvm_pviommu_events *events);
ssize_t kvm_pviommu_events_read(struct kvm_pviommu_events *events,
				char __user *buf, size_t count, bool nonblock);
__poll_t kvm_pviommu_events_poll(struct kvm_pviommu_events *events,
				 struct file *file, poll_table *wait);

#endif /* __ARM64_KVM_PVIOMMU_H */
