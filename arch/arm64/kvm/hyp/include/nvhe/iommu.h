/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hooks that the rest of the hypervisor calls when memory, registers or VMs change, and
 * for hypercalls of guests. Everything else about DMA is in nvhe/iommu/.
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
 * pkvm_iommu_take_reserve() - take the boot memory that the host reserved for IOMMUs
 *
 * Context: __pkvm_init(), while the early allocator is live.
 * Return: 0, or -ENOMEM if the host reserved less than it announced.
 */
int pkvm_iommu_take_reserve(void);

/**
 * pkvm_iommu_host_revoke() - keep the host's devices from memory that the host will lose
 * @phys: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Keeps I1 and I5: on success no device of the host can access the range, no TLB holds a
 * translation to it, and no new mapping is possible until pkvm_iommu_host_grant(). The
 * caller must make all other checks before, since only the grant undoes this.
 *
 * Context: host_mmu.lock held.
 * Return: 0; -EBUSY if a page is mapped for DMA, -EIO if an SMMU does not answer. On
 * error nothing changed.
 */
int pkvm_iommu_host_revoke(phys_addr_t phys, u64 size);

/**
 * pkvm_iommu_host_grant() - let the host's devices access memory again
 * @phys: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Undoes pkvm_iommu_host_revoke(); leaves pages that were not revoked alone.
 *
 * Context: host_mmu.lock held.
 */
void pkvm_iommu_host_grant(phys_addr_t phys, u64 size);

/**
 * pkvm_iommu_mmio_clamp() - clamp a range of MMIO that the host accesses
 * @addr: address that the range contains
 * @start: in/out, start of the range, raised to the end of protected registers below
 *	@addr
 * @end: in/out, end of the range, lowered to the start of such registers above @addr
 *
 * Protected registers are those of SMMUs, those that EL2 withholds, and those of
 * assignable devices. If @addr is in some, the range does not exceed them. Unlike an
 * annotation in the host's stage 2 this survives host_stage2_unmap_dev_all().
 *
 * Context: host_mmu.lock held.
 * Return: 0; -EPERM if the host does not own @addr.
 */
int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end);

/**
 * pkvm_iommu_guest_page_busy() - check whether a page can be taken from a guest by force
 * @phys: physical address of the page
 *
 * Context: pkvm_hyp_vm::lock held.
 * Return: 0, or -EBUSY while the page is mapped for DMA (I5).
 */
int pkvm_iommu_guest_page_busy(phys_addr_t phys);

/**
 * pkvm_iommu_lent_range_busy() - check whether the host can take back what it lent a VM
 * @vm: plain VM
 * @ipa: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Also called before the host makes the range read-only. Keeps I5 for memory that is
 * lent. Devices of the VM only reach memory that was lent as pinned. Until the VM is
 * drained, any DMA mapping of such memory is a reason for -EBUSY, even one of another
 * owner. A host that takes pinned memory back only after the end of the VM never sees
 * this.
 *
 * Context: pkvm_hyp_vm::lock held.
 * Return: 0; -EBUSY if a page is mapped for DMA, -ERANGE if the VM has no such address.
 */
int pkvm_iommu_lent_range_busy(struct pkvm_hyp_vm *vm, u64 ipa, u64 size);

/**
 * pkvm_iommu_claim_register_page() - record that a VM will map a page of registers
 * @vm: the VM, protected
 * @phys: physical address of the page, outside memory
 *
 * Nothing undoes this, so the caller must make all other checks before and then map the
 * page.
 *
 * Context: host_mmu.lock and pkvm_hyp_vm::lock held.
 * Return: 0; -EPERM (the page is not in registers that the VM owns), -EBUSY (the VM has
 * mapped it already).
 */
int pkvm_iommu_claim_register_page(struct pkvm_hyp_vm *vm, phys_addr_t phys);

/**
 * pkvm_iommu_vm_freeze() - get a VM's context when its EL2 object is made (I3)
 * @handle: the VM
 * @protected: true for a protected VM
 *
 * Context: vm_table_lock held.
 * Return: the context, which stays until the VM dies, with routes that do not change;
 * NULL if the VM has none, or has a device that the host could use to attack it.
 */
struct iommu_vm *pkvm_iommu_vm_freeze(pkvm_handle_t handle, bool protected);

/**
 * pkvm_iommu_lend_registers() - count a leaf that maps registers into a plain VM
 * @phys: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE, that the leaf maps; no memory
 *
 * The leaf counts from now on, so the caller must install it.
 *
 * Context: host_mmu.lock held.
 * Return: 0, or -EPERM if the host does not own all of the registers (I1).
 */
int pkvm_iommu_lend_registers(phys_addr_t phys, u64 size);

/**
 * pkvm_iommu_take_back_registers() - stop counting a leaf that maps registers
 * @phys: start of the registers
 *
 * Context: host_mmu.lock held; no CPU has a translation by the leaf any more.
 */
void pkvm_iommu_take_back_registers(phys_addr_t phys);

/**
 * pkvm_iommu_check_vm_drained() - check that EL2 holds nothing of a VM for DMA
 * @handle: the VM
 *
 * Return: 0 if the VM has no context: it never had one, or the host has drained it, so
 * all its streams have aborted and its domains are gone (I6). Else -EBUSY: the host can
 * release neither the VM's pages nor its handle.
 */
int pkvm_iommu_check_vm_drained(pkvm_handle_t handle);

/**
 * pkvm_pviommu_hvc() - handle a VM's hypercall about DMA
 * @vcpu: the caller, loaded
 *
 * Return: true to resume the guest; false to exit to the host, which has to supply
 * something before the guest repeats the call.
 */
bool pkvm_pviommu_hvc(struct kvm_vcpu *vcpu);

/**
 * pkvm_pviommu_plain_hvc() - handle a hypercall of a plain VM, if it is about DMA
 * @vcpu: the caller, loaded
 *
 * Also tells a guest's driver the page size of the hypervisor, as in a protected VM.
 *
 * Return: as pkvm_pviommu_hvc(). Also false for a call that is not about DMA, and for all
 * calls of a VM that has no context: the host handles them.
 */
bool pkvm_pviommu_plain_hvc(struct kvm_vcpu *vcpu);

/**
 * pkvm_pviommu_wait_unshare() - handle a failed unshare of a page that is mapped for DMA
 * @vcpu: the caller, loaded
 * @ipa: address of the page
 * @ret: result of the unshare; -EBUSY if the page is mapped for DMA
 *
 * The host delays some unmaps, so the page can be mapped at EL2 though the host does not
 * use the mapping any more, see pkvm_iommu_flush_lazy(). The guest then repeats its call.
 *
 * Return: true to exit to the host, which unmaps the page; false to answer the guest,
 * because @ret is not -EBUSY or the host was asked often enough (I7).
 */
bool pkvm_pviommu_wait_unshare(struct pkvm_hyp_vcpu *vcpu, u64 ipa, int ret);

/**
 * pkvm_iommu_active() - check whether EL2 has the registers of an SMMU
 *
 * An SMMU loses its state if the system suspends. Devices can then access all memory,
 * even if the SMMU did nothing but abort.
 *
 * Return: true once EL2 has taken over an SMMU.
 */
bool pkvm_iommu_active(void);

/**
 * pkvm_iommu_resume() - check the SMMUs after a CPU has lost its context
 *
 * An SMMU that was powered down at the same time lets all transactions pass. EL2 gives it
 * up and makes it abort (I8).
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
