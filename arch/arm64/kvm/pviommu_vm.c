// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: what KVM keeps for a VM that has pvIOMMUs, from the first
 * pvIOMMU to the end of the VM.
 */
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/slab.h>

#include "pviommu.h"

/*
 * Default limit of the pages that EL2 holds for a VM: some for domains, and as many as
 * the page tables of MAX_PAGES_DOMAINS domains need that map all of the VM's memory by
 * pages.
 */
#define MAX_PAGES_BASE		8192
#define MAX_PAGES_DOMAINS	16

/**
 * kvm_pviommu_account() - the account of the memory that EL2 holds for a VM
 * @kvm: the VM
 *
 * Updates the limit of the account: it follows the size of the VM's memory unless the
 * VMM has set KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY.
 *
 * Return: the account, or NULL if the VM has had no pvIOMMU.
 */
struct pkvm_iommu_account *kvm_pviommu_account(const struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	unsigned long max;

	if (!pviommus)
		return NULL;
	max = READ_ONCE(pviommus->max_pages);
	if (!max)
		max = MAX_PAGES_BASE + MAX_PAGES_DOMAINS *
		      (READ_ONCE(kvm->nr_memslot_pages) / PTRS_PER_PTE);
	WRITE_ONCE(pviommus->account.max, max);

	return &pviommus->account;
}

/* Queue a fault at its pvIOMMU. Drop it if the VMM has closed the pvIOMMU. */
static void tell_pviommu(struct pkvm_iommu_listener *listener,
			 const struct pkvm_iommu_event *event)
{
	struct kvm_pviommus *pviommus = container_of(listener,
						     struct kvm_pviommus,
						     listener);
	void *entry;

	xa_lock(&pviommus->ids);
	entry = xa_load(&pviommus->ids, event->pviommu);
	if (entry && !xa_is_value(entry))
		kvm_pviommu_events_add(&((struct kvm_pviommu *)entry)->events,
				       event);
	xa_unlock(&pviommus->ids);
}

static void end_events(struct kvm_pviommus *pviommus)
{
	unsigned long id;
	void *entry;

	xa_lock(&pviommus->ids);
	xa_for_each(&pviommus->ids, id, entry) {
		if (!xa_is_value(entry))
			kvm_pviommu_events_end(&((struct kvm_pviommu *)entry)->events);
	}
	xa_unlock(&pviommus->ids);
}

/**
 * kvm_pviommus_get() - the state of a VM's pvIOMMUs; make it if the VM has none
 * @kvm: the VM, which has not run
 *
 * Context: config_lock held.
 * Return: the state, or NULL if there is no memory.
 */
struct kvm_pviommus *kvm_pviommus_get(struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;

	if (pviommus)
		return pviommus;

	pviommus = kzalloc_obj(*pviommus, GFP_KERNEL_ACCOUNT);
	if (pviommus) {
		xa_init(&pviommus->ids);
		xa_init(&pviommus->devices);
		pviommus->listener.vm = kvm->arch.pkvm.handle;
		pviommus->listener.event = tell_pviommu;
		pviommus->account.mm = kvm->mm;
		mutex_init(&pviommus->account.lock);
		pkvm_iommu_listen(&pviommus->listener);
		kvm->arch.pkvm.pviommus = pviommus;
	}

	return pviommus;
}

/**
 * kvm_pviommu_vm_dying() - block the devices of a dying VM
 * @kvm: the VM; its vCPUs have stopped, and KVM has not reclaimed any of its pages
 *
 * Context: may sleep.
 */
void kvm_pviommu_vm_dying(struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	int ret = pkvm_iommu_drain_vm(kvm->arch.pkvm.handle, kvm_pviommu_account(kvm));

	if (!pviommus)
		return;

	pviommus->stuck = ret;
	end_events(pviommus);
}

/**
 * kvm_pviommu_is_stuck() - does EL2 keep the memory of a dead VM?
 * @kvm: the VM
 *
 * If EL2 can neither use nor disable an SMMU, the VM's devices may still reach its
 * memory. EL2 then returns none of the memory to the host. pkvm_iommu_drain_vm() has
 * logged this.
 *
 * Return: true if KVM cannot reclaim anything of the VM.
 */
bool kvm_pviommu_is_stuck(const struct kvm *kvm)
{
	return kvm->arch.pkvm.pviommus && kvm->arch.pkvm.pviommus->stuck;
}

/**
 * kvm_pviommu_vm_destroy() - free all that KVM and EL2 have for the pvIOMMUs of a VM
 * @kvm: the VM; it has no references left, and KVM releases its handle next
 *
 * Context: may sleep.
 * Return: false if kvm_pviommu_is_stuck().
 */
bool kvm_pviommu_vm_destroy(struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	bool stuck = kvm_pviommu_is_stuck(kvm);
	unsigned long index;
	struct file *file;

	/* Before another VM can get the handle */
	if (pviommus)
		pkvm_iommu_unlisten(&pviommus->listener);

	/* kvm_pviommu_vm_dying() was not called for a VM that never ran */
	if (kvm->arch.pkvm.handle && !stuck)
		pkvm_iommu_drain_vm(kvm->arch.pkvm.handle, kvm_pviommu_account(kvm));

	if (!pviommus)
		return true;

	/* EL2 has returned the devices: VFIO may close, reset and suspend them now */
	xa_for_each(&pviommus->devices, index, file)
		fput(file);
	xa_destroy(&pviommus->devices);
	xa_destroy(&pviommus->ids);
	kfree(pviommus);
	kvm->arch.pkvm.pviommus = NULL;

	return !stuck;
}
