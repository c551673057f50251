/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs at EL2; hyp/vm_table.c */
#ifndef NATIVE_NVHE_PKVM_H
#define NATIVE_NVHE_PKVM_H

#include <asm/kvm_pkvm.h>

#include <nvhe/spinlock.h>

/* The stage 2 of a guest is one table, of which walks use so many pages */
#define NATIVE_GUEST_PAGES	64
#define NATIVE_GUEST_IA_BITS	(2 * PAGE_SHIFT - 3)

struct pkvm_hyp_vcpu {
	struct kvm_vcpu		vcpu;
	u64			dma_wait_for;
	unsigned int		dma_waits;
};

struct pkvm_hyp_vm {
	struct kvm		kvm;
	struct kvm_pgtable	pgt;
	hyp_spinlock_t		lock;
	u64			nr_mmio_leaves;
	struct iommu_vm		*iommu;
	/* The stage 2: entries of pages, or of blocks, see vm_use_blocks() */
	kvm_pte_t		pte[PTRS_PER_PTE];
	bool			block;
	struct pkvm_hyp_vcpu	vcpu;
};

extern hyp_spinlock_t vm_table_lock;

static inline struct pkvm_hyp_vm *pkvm_hyp_vcpu_to_hyp_vm(struct pkvm_hyp_vcpu *hyp_vcpu)
{
	return container_of(hyp_vcpu->vcpu.kvm, struct pkvm_hyp_vm, kvm);
}

static inline bool pkvm_hyp_vm_is_protected(struct pkvm_hyp_vm *vm)
{
	return vm->kvm.arch.pkvm.is_protected;
}

struct pkvm_hyp_vm *get_vm_by_handle(pkvm_handle_t handle);
bool pkvm_vm_is_reserved(pkvm_handle_t handle);

#endif /* NATIVE_NVHE_PKVM_H */
