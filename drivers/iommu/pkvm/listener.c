// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: who is told of the faults of VMs.
 *
 * The lock is held from before EL2 is asked for a record. A VM's handle may be used
 * again, but not before whoever listens for it has stopped, which takes the lock;
 * so a fault never reaches the listener of another VM.
 */
#include <linux/export.h>
#include <linux/pkvm-iommu-endpoint.h>

#include "host.h"

/* Guards the list; see above what else */
DEFINE_MUTEX(pkvm_iommu_listeners_lock);

static LIST_HEAD(listeners);

/**
 * pkvm_iommu_listen() - be told of the faults of a VM
 * @listener: who; its VM is not released before pkvm_iommu_unlisten()
 *
 * Context: may sleep.
 */
void pkvm_iommu_listen(struct pkvm_iommu_listener *listener)
{
	guard(mutex)(&pkvm_iommu_listeners_lock);
	list_add_tail(&listener->node, &listeners);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_listen);

/**
 * pkvm_iommu_unlisten() - be told no more
 * @listener: who
 *
 * No call is in progress, nor will there be one, when it returns.
 *
 * Context: may sleep.
 */
void pkvm_iommu_unlisten(struct pkvm_iommu_listener *listener)
{
	guard(mutex)(&pkvm_iommu_listeners_lock);
	list_del(&listener->node);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_unlisten);

/**
 * pkvm_iommu_tell() - tell of a fault
 * @vm: pKVM handle of the VM
 * @event: the fault
 *
 * Context: pkvm_iommu_listeners_lock held.
 */
void pkvm_iommu_tell(pkvm_handle_t vm, const struct pkvm_iommu_event *event)
{
	struct pkvm_iommu_listener *listener;

	lockdep_assert_held(&pkvm_iommu_listeners_lock);
	list_for_each_entry(listener, &listeners, node) {
		if (listener->vm == vm)
			listener->event(listener, event);
	}
}
