/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rest of the hypervisor calls when memory or MMIO is at stake.
 * Everything else about DMA lives in nvhe/iommu/.
 */
#ifndef __KVM_NVHE_IOMMU_H__
#define __KVM_NVHE_IOMMU_H__

#include <linux/kvm_host.h>

struct iommu_vm;
struct kvm_cpu_context;
struct kvm_vcpu;
struct pkvm_hyp_vcpu;
struct pkvm_hyp_vm;

#ifdef CONFIG_PKVM_IOMMU

/**
 * pkvm_iommu_take_reserve() - take this component's share of EL2 boot memory
 *
 * Context: __pkvm_init(), while the early allocator is live.
 * Return: 0, or -ENOMEM if the host reserved less than it announced.
 */
int pkvm_iommu_take_reserve(void);

/**
 * pkvm_iommu_host_revoke() - the host is about to lose memory
 * @phys: start, page aligned
 * @size: bytes, multiple of PAGE_SIZE
 *
 * Keeps I1 and I5: on success no device of the host reaches the range and no
 * TLB holds a translation to it, and no new mapping can be made until
 * pkvm_iommu_host_grant(). Must come last among the checks that precede a
 * change of ownership: there is no way back but the grant.
 *
 * Context: host_mmu.lock held.
 * Return: 0; -EBUSY if a page is mapped for DMA, -EIO if an SMMU does not
 * answer; nothing changed then.
 */
int pkvm_iommu_host_revoke(phys_addr_t phys, u64 size);

/**
 * pkvm_iommu_host_grant() - the host may use memory again
 * @phys: start, page aligned
 * @size: bytes, multiple of PAGE_SIZE
 *
 * Undoes pkvm_iommu_host_revoke(); pages that were not revoked are left alone.
 *
 * Context: host_mmu.lock held.
 */
void pkvm_iommu_host_grant(phys_addr_t phys, u64 size);

/**
 * pkvm_iommu_mmio_clamp() - keep a range clear of registers that EL2 owns
 * @addr: address the range must contain
 * @start: start of the range, raised to the end of EL2's registers below @addr
 * @end: end of the range, lowered to the start of EL2's registers above @addr
 *
 * Registers are EL2's if they are those of an SMMU, or of a device that is
 * assigned to a protected VM. Unlike an annotation in the host's stage 2 this
 * survives host_stage2_unmap_dev_all().
 *
 * Context: host_mmu.lock held.
 * Return: 0, or -EPERM if @addr itself belongs to EL2.
 */
int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end);

/**
 * pkvm_iommu_guest_page_busy() - may a guest's page be taken from it by force?
 * @phys: physical address of the page
 *
 * Context: pkvm_hyp_vm::lock held.
 * Return: 0, or -EBUSY while the guest has it mapped for DMA (I5).
 */
int pkvm_iommu_guest_page_busy(phys_addr_t phys);

/**
 * pkvm_iommu_lent_range_busy() - may the host take back what it lent a plain VM?
 * @vm: the VM
 * @ipa: start, page aligned
 * @size: bytes, multiple of PAGE_SIZE
 *
 * Or take from it the right to write. Keeps I5 for what is lent. The VM's devices reach
 * only what was lent as pinned. As long as the VM is not drained, any DMA mapping of such
 * a page is a reason against it, be it another's; a host that takes nothing pinned back
 * before the end of the VM does not notice.
 *
 * Context: pkvm_hyp_vm::lock held.
 * Return: 0; -EBUSY if a page is mapped for DMA; -ERANGE (no such address).
 */
int pkvm_iommu_lent_range_busy(struct pkvm_hyp_vm *vm, u64 ipa, u64 size);

/**
 * pkvm_iommu_claim_register_page() - a page of a device is about to be mapped in a VM
 * @vm: the VM, protected
 * @phys: physical address of the page, outside memory
 *
 * Must come last among the checks that precede the mapping: there is no way back.
 *
 * Context: host_mmu.lock and pkvm_hyp_vm::lock held.
 * Return: 0, -EPERM (no registers of a device that the VM owns), -EBUSY (mapped
 * in the VM already).
 */
int pkvm_iommu_claim_register_page(struct pkvm_hyp_vm *vm, phys_addr_t phys);

/**
 * pkvm_iommu_vm_freeze() - a VM's EL2 object comes into being (I3)
 * @handle: the VM
 * @protected: it is a protected one
 *
 * Context: vm_table_lock held.
 * Return: what the VM has at the IOMMU, unchanged and there until the VM dies, or
 * NULL: nothing, or a device that the host could turn against it.
 */
struct iommu_vm *pkvm_iommu_vm_freeze(pkvm_handle_t handle, bool protected);

/**
 * pkvm_iommu_lend_registers() - the host lends registers to a plain VM
 * @phys: first address, in whole pages
 * @size: bytes, none of which is memory: one leaf of the VM's page table
 *
 * Context: host_mmu.lock held. The leaf counts from here on: what follows must not
 * fail.
 * Return: 0, or -EPERM: not all of them are the host's (I1).
 */
int pkvm_iommu_lend_registers(phys_addr_t phys, u64 size);

/**
 * pkvm_iommu_take_back_registers() - such a leaf is gone
 * @phys: where it began
 *
 * Context: host_mmu.lock held; no CPU has a translation left.
 */
void pkvm_iommu_take_back_registers(phys_addr_t phys);

/**
 * pkvm_iommu_check_vm_drained() - may pages and handle of a dead VM be released?
 * @handle: the VM
 *
 * Return: 0, or -EBUSY until the host has drained it: its streams abort by then
 * and nothing of it is mapped (I6).
 */
int pkvm_iommu_check_vm_drained(pkvm_handle_t handle);

/**
 * pkvm_pviommu_hvc() - hypercall of a VM about its DMA
 * @vcpu: the caller, loaded
 *
 * Return: true if the guest goes on, false for an exit to the host, which has to
 * supply something first.
 */
bool pkvm_pviommu_hvc(struct kvm_vcpu *vcpu);

/**
 * pkvm_pviommu_plain_hvc() - hypercall of a plain VM, about anything
 * @vcpu: the caller, loaded
 *
 * A guest's driver may ask for the page size of the hypervisor: it is told, as one in
 * a protected VM.
 *
 * Return: as pkvm_pviommu_hvc(); false also for what is not about DMA, and for all
 * calls of a VM that has nothing at the IOMMU: the host handles them.
 */
bool pkvm_pviommu_plain_hvc(struct kvm_vcpu *vcpu);

/**
 * pkvm_pviommu_wait_unshare() - a guest takes a page back that it has shared
 * @vcpu: the caller, loaded
 * @ipa: of the page
 * @ret: what came of it; -EBUSY: the page is mapped for DMA
 *
 * The host may have unmapped such a page only for itself so far, see
 * pkvm_iommu_flush_lazy(). The guest's call is left as it was, to be made again.
 *
 * Return: true for an exit to the host; false for an answer to the guest: @ret is
 * another one, or the host was asked often enough (I7).
 */
bool pkvm_pviommu_wait_unshare(struct pkvm_hyp_vcpu *vcpu, u64 ipa, int ret);

/**
 * pkvm_iommu_active() - does EL2 hold the registers of an SMMU?
 *
 * They would not survive a suspend of the system, after which devices may reach
 * everything. That is so for an SMMU that does nothing but abort, too.
 *
 * Return: true from the take-over of the first one on.
 */
bool pkvm_iommu_active(void);

/**
 * pkvm_iommu_resume() - a CPU is back from a state in which it lost its context
 *
 * An SMMU that was powered down meanwhile lets all transactions pass. It is given up
 * and aborts from now on (I8).
 */
void pkvm_iommu_resume(void);

void handle___pkvm_iommu_init(struct kvm_cpu_context *host_ctxt);
void handle___pkvm_iommu_op(struct kvm_cpu_context *host_ctxt);

#else /* !CONFIG_PKVM_IOMMU */

static inline int pkvm_iommu_take_reserve(void) { return 0; }
static inline int pkvm_iommu_host_revoke(phys_addr_t phys, u64 size) { return 0; }
static inline void pkvm_iommu_host_grant(phys_addr_t phys, u64 size) { }
static inline int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end) { return 0; }
static inline bool pkvm_iommu_active(void) { return false; }
static inline void pkvm_iommu_resume(void) { }
static inline int pkvm_iommu_guest_page_busy(phys_addr_t phys) { return 0; }
static inline int pkvm_iommu_lent_range_busy(struct pkvm_hyp_vm *vm, u64 ipa, u64 size)
{
	return 0;
}

static inline struct iommu_vm *pkvm_iommu_vm_freeze(pkvm_handle_t handle, bool protected)
{
	return NULL;
}

static inline int pkvm_iommu_claim_register_page(struct pkvm_hyp_vm *vm, phys_addr_t phys)
{
	return -EPERM;
}

static inline int pkvm_iommu_lend_registers(phys_addr_t phys, u64 size) { return 0; }
static inline void pkvm_iommu_take_back_registers(phys_addr_t phys) { }
static inline int pkvm_iommu_check_vm_drained(pkvm_handle_t handle) { return 0; }
static inline bool pkvm_pviommu_hvc(struct kvm_vcpu *vcpu) { return false; }
static inline bool pkvm_pviommu_plain_hvc(struct kvm_vcpu *vcpu) { return false; }
static inline bool pkvm_pviommu_wait_unshare(struct pkvm_hyp_vcpu *vcpu, u64 ipa, int ret)
{
	return false;
}

/* No entry in the hypercall table: the dispatcher answers NOT_SUPPORTED */
#define handle___pkvm_iommu_init	NULL
#define handle___pkvm_iommu_op		NULL

#endif /* CONFIG_PKVM_IOMMU */
#endif /* __KVM_NVHE_IOMMU_H__ */
