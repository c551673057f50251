// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: hypercalls of a guest about DMA for which EL2 needs the host.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-guest.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/sched/signal.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pkvm.h>
#include <asm/pkvm-iommu-host.h>

#include "pviommu.h"

/*
 * Pages that KVM adds to the VM's pool when EL2 needs memory for a hypercall. This is
 * more than one call needs, so that the guest's next calls succeed at once.
 */
#define REFILL_PAGES	16
static_assert(REFILL_PAGES >= PKVM_IOMMU_GUEST_CALL_PAGES);

/* Most memory of the guest that KVM faults in for one call: what one call can map */
#define SUPPLY_MAX	((u64)PAGE_SIZE * PTRS_PER_PTE)

static bool is_mapped(struct kvm_vcpu *vcpu, gpa_t ipa)
{
	guard(read_lock)(&vcpu->kvm->mmu_lock);

	return pkvm_pgtable_stage2_is_mapped(vcpu->arch.hw_mmu->pgt, ipa, PAGE_SIZE, false);
}

/*
 * Handle a page that EL2 misses as if the guest had faulted on it. Returns 1 also if the
 * guest cannot have a page there: when the guest repeats its call, EL2 finds the page
 * still missing and refuses the call. EL2 also checks whether the VM may write to it.
 */
static int supply_page(struct kvm_vcpu *vcpu, gpa_t ipa)
{
	struct kvm_vcpu_fault_info *fault = &vcpu->arch.fault;
	unsigned long hva;
	int ret;

	scoped_guard(srcu, &vcpu->kvm->srcu)
		hva = gfn_to_hva_prot(vcpu->kvm, gpa_to_gfn(ipa), NULL);
	if (kvm_is_error_hva(hva))
		return 1;

	/*
	 * The page may be a register page. On -ENOMEM (no memory for page tables), let
	 * kvm_handle_guest_abort() try, since it flushes lazy DMA mappings and retries.
	 */
	ret = kvm_pviommu_request_registers(vcpu, ipa);
	if (ret <= 0 && ret != -ENOMEM)
		return 1;

	/*
	 * Emulate a level 3 translation fault on a read. KVM pins memory for writing even
	 * then, unless the slot is read-only.
	 */
	fault->hpfar_el2 = HPFAR_EL2_NS | FIELD_PREP(HPFAR_EL2_FIPA, ipa >> 12);
	fault->esr_el2 = ESR_ELx_EC_DABT_LOW << ESR_ELx_EC_SHIFT | ESR_ELx_IL |
			 ESR_ELx_FSC_FAULT | FIELD_PREP(ESR_ELx_FSC_LEVEL, 3);
	fault->far_el2 = 0;

	ret = kvm_handle_guest_abort(vcpu);

	/*
	 * If another vCPU has mapped the page first, KVM asks EL2 whether the page is
	 * poisoned. EL2 answers only after a real fault, so KVM returns -EFAULT here.
	 */
	return ret == -EFAULT && is_mapped(vcpu, ipa) ? 1 : ret;
}

/*
 * Fault in the page that the call needs next, and then missing pages of the rest of the
 * range that the call names: up to SUPPLY_MAX, until a signal or the first failure. An
 * error in the rest is ignored: the guest gets it when its call needs that page.
 */
static int supply_pages(struct kvm_vcpu *vcpu, gpa_t ipa, u64 size)
{
	gpa_t end = ipa + min(size, SUPPLY_MAX);
	int ret = supply_page(vcpu, ipa);

	while (ret == 1 && is_mapped(vcpu, ipa)) {
		do {
			ipa += PAGE_SIZE;
		} while (ipa < end && is_mapped(vcpu, ipa));
		if (ipa >= end || signal_pending(current) || supply_page(vcpu, ipa) != 1)
			break;
		cond_resched();
	}

	return ret;
}

/*
 * Add pages to the VM's pool at EL2: REFILL_PAGES, or what one call needs if the limit
 * of the VM allows no more. Returns 1 if the VM is at its limit: EL2 then refuses the
 * repeated call.
 */
static int supply_memory(struct kvm *kvm)
{
	struct pkvm_iommu_account *account = kvm_pviommu_account(kvm);
	pkvm_handle_t handle = kvm->arch.pkvm.handle;
	int ret;

	if (!account)
		return 1;
	ret = pkvm_iommu_topup_vm(handle, account, REFILL_PAGES);
	if (ret == -EDQUOT)
		ret = pkvm_iommu_topup_vm(handle, account,
					  PKVM_IOMMU_GUEST_CALL_PAGES);

	return !ret || ret == -EDQUOT ? 1 : ret;
}

/**
 * kvm_pviommu_hvc() - supply what EL2 needs for a guest's hypercall about DMA
 * @vcpu: the vCPU, its PC at the HVC
 * @func_id: function of the call
 *
 * EL2 handles these hypercalls, and exits to the host for one of three reasons:
 *
 * - The guest maps pages that it has not touched yet: KVM faults them in.
 * - The VM's pool at EL2 is empty: KVM donates pages to it. KVM charges them to the
 *   VMM's memory cgroup and RLIMIT_MEMLOCK.
 * - A protected VM unshares a page that a flush queue of the host may still have mapped
 *   at EL2: KVM flushes all flush queues.
 *
 * The vCPU then executes the HVC again. KVM does not count these exits: EL2 refuses the
 * call if it has asked for the same thing a few times and got nothing.
 *
 * Return: 1 if EL2 made this exit and the guest continues, 0 if this is no call for
 * pvIOMMUs, or an errno for the VMM.
 */
int kvm_pviommu_hvc(struct kvm_vcpu *vcpu, u32 func_id)
{
	struct kvm *kvm = vcpu->kvm;
	gpa_t ipa;

	if (func_id != PVIOMMU_OP_FUNC_ID &&
	    func_id != PVIOMMU_DEV_REQ_MMIO_FUNC_ID &&
	    func_id != ARM_SMCCC_VENDOR_HYP_KVM_MEM_UNSHARE_FUNC_ID)
		return 0;
	if (kvm_vcpu_trap_get_class(vcpu) != ESR_ELx_EC_HVC64)
		return 0;
	if (func_id == ARM_SMCCC_VENDOR_HYP_KVM_MEM_UNSHARE_FUNC_ID) {
		if (!kvm_vm_is_protected(kvm))
			return 0;
		pkvm_iommu_flush_lazy();
		return 1;
	}
	/* EL2 handles no call of a plain VM that has no route */
	if (!kvm_vm_is_protected(kvm) &&
	    !(kvm->arch.pkvm.pviommus && kvm->arch.pkvm.pviommus->routed))
		return 0;

	ipa = kvm_vcpu_get_fault_ipa(vcpu);
	if (ipa != INVALID_GPA)
		return supply_pages(vcpu, ipa, kvm_vcpu_get_hfar(vcpu));

	return supply_memory(kvm);
}
