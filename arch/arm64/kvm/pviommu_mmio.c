// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: registers of devices in the address space of a guest.
 *
 * A VMM makes registers visible to its guest with a memory slot over the mapping of a
 * VFIO region. In a protected VM, EL2 maps only registers of devices that the VM owns,
 * and each register page once. A plain VM owns no registers: KVM lends them to it on a
 * fault, as it lends memory.
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
 * kvm_pviommu_map_registers() - map a page of registers into a protected VM
 * @vcpu: the vCPU, loaded, with memory for page tables
 * @slot: memory slot
 * @ipa: address in the slot
 *
 * Context: may sleep; kvm->srcu held.
 * Return: 0 if the page is mapped; 1 if @ipa is not backed by registers; -ENXIO if the
 * VM does not own the registers; -ENOEXEC if the guest tried to execute them; or another
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
	/* Registers have no struct page: the VMM has just changed the mapping */
	if (page)
		kvm_release_page_unused(page);

	switch (ret) {
	case 0:
	case -EEXIST:
		/* -EEXIST: another vCPU has mapped the page first */
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
 * kvm_pviommu_request_registers() - map registers that a hypercall of the guest names
 * @vcpu: the vCPU, loaded
 * @ipa: address of the guest
 *
 * Context: may sleep.
 * Return: as kvm_pviommu_map_registers().
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
