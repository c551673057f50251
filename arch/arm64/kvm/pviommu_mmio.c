// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of devices in VMs that have pvIOMMUs.
 *
 * A VMM backs a part of the guest's address space with registers by a memory slot
 * of what VFIO maps. The page tables of the guest are EL2's, which maps registers
 * only of devices that the VM owns, each page once. A plain VM owns none: the host lends
 * it registers when it faults, as it lends memory, and its devices reach none of them.
 */
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-kvm.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_mmu.h>

#include <kvm/arm_hypercalls.h>

static bool is_registers(unsigned long hva)
{
	struct vm_area_struct *vma;

	guard(mmap_read_lock)(current->mm);
	vma = vma_lookup(current->mm, hva);

	return vma && vma->vm_flags & VM_PFNMAP;
}

/**
 * kvm_pviommu_map_registers() - a VM needs a page of registers
 * @vcpu: the vCPU, loaded, with memory for page tables
 * @slot: memory slot
 * @ipa: address in the slot
 *
 * Context: may sleep; kvm->srcu held.
 * Return: 0: it is mapped; 1: the slot has memory there, or nothing; -ENXIO: the
 * VM does not own these registers; -ENOEXEC: the guest runs into them; or another
 * errno.
 */
int kvm_pviommu_map_registers(struct kvm_vcpu *vcpu,
			      struct kvm_memory_slot *slot, phys_addr_t ipa)
{
	gfn_t gfn = gpa_to_gfn(ipa);
	unsigned long hva = gfn_to_hva_memslot(slot, gfn);
	struct page *page = NULL;
	bool writable;
	kvm_pfn_t pfn;
	int ret;

	if (!vcpu->kvm->arch.pkvm.pviommus || kvm_is_error_hva(hva) ||
	    !is_registers(hva))
		return 1;
	if (kvm_vcpu_trap_is_iabt(vcpu))
		return -ENOEXEC;
	if (!kvm_vm_is_protected(vcpu->kvm))
		return -ENXIO;

	pfn = __kvm_faultin_pfn(slot, gfn, FOLL_WRITE, &writable, &page);
	if (is_error_noslot_pfn(pfn))
		return -EFAULT;
	ret = kvm_call_hyp_nvhe(__pkvm_host_map_mmio_guest, pfn, gfn);
	/* Registers have no page: user space has just mapped something else */
	if (page)
		kvm_release_page_unused(page);

	switch (ret) {
	case 0:
	case -EEXIST:
		/* Another vCPU was faster */
		return 0;
	case -EPERM:
		return -ENXIO;
	case -ENOMEM:
		return -ENOMEM;
	default:
		return -EFAULT;
	}
}

/**
 * kvm_pviommu_request_registers() - a VM asks which registers it sees
 * @vcpu: the vCPU, loaded
 * @ipa: where
 *
 * Context: may sleep.
 * Return: as kvm_pviommu_map_registers(); with 0 EL2 can tell.
 */
int kvm_pviommu_request_registers(struct kvm_vcpu *vcpu, phys_addr_t ipa)
{
	struct kvm_memory_slot *slot;
	int ret;

	guard(srcu)(&vcpu->kvm->srcu);
	slot = gfn_to_memslot(vcpu->kvm, gpa_to_gfn(ipa));
	if (!slot)
		return 1;
	ret = topup_hyp_memcache(&vcpu->arch.pkvm_memcache,
				 kvm_mmu_cache_min_pages(vcpu->arch.hw_mmu));
	if (ret)
		return ret;

	return kvm_pviommu_map_registers(vcpu, slot, ipa);
}
