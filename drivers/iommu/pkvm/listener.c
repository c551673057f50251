// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: callbacks for the faults of VMs.
 *
 * event.c takes the lock before it asks EL2 for a record, and releases it after it has
 * called the listeners. KVM removes the listener of a VM, under the same lock, before the
 * handle of the VM can be reused. So a fault never reaches the listener of another VM.
 */
#include <linux/export.h>
#include <linux/pkvm-iommu-endpoint.h>

#include "host.h"

/* Guards the list of listeners. event.c holds it while it gets and reports a record. */
DEFINE_MUTEX(pkvm_iommu_listeners_lock);

static LIST_HEAD(listeners);

/**
 * pkvm_iommu_listen() - add a callback for the faults of a VM
 * @listener: the callback. The caller keeps the handle of the VM until
 *	pkvm_iommu_unlisten()
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
 * pkvm_iommu_unlisten() - remove a callback
 * @listener: the callback
 *
 * When this function returns, the callback is not running and will not be called again.
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
 * pkvm_iommu_notify() - call the listeners of a VM
 * @vm: pKVM handle of the VM
 * @event: the fault
 *
 * Context: pkvm_iommu_listeners_lock held.
 */
void pkvm_iommu_notify(pkvm_handle_t vm, const struct pkvm_iommu_event *event)
{
	struct pkvm_iommu_listener *listener;

	lockdep_assert_held(&pkvm_iommu_listeners_lock);
	list_for_each_entry(listener, &listeners, node) {
		if (listener->vm == vm)
			listener->event(listener, event);
	}
}
