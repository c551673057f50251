// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs: the table of pkvm.c with the calls of patches/0012.
 */
#include <stdlib.h>

#include <asm/kvm_emulate.h>

#include <nvhe/iommu.h>

#include "hyp.h"

#define RESERVED_ENTRY	((struct pkvm_hyp_vm *)1)

hyp_spinlock_t vm_table_lock;

static struct pkvm_hyp_vm *vm_table[KVM_MAX_PVMS];

static unsigned int idx_of(pkvm_handle_t handle)
{
	return handle - NATIVE_HANDLE_OFFSET;
}

struct pkvm_hyp_vm *vm_of(pkvm_handle_t handle)
{
	unsigned int idx = idx_of(handle);

	return idx < KVM_MAX_PVMS && vm_table[idx] != RESERVED_ENTRY ? vm_table[idx] : NULL;
}

bool vm_reserved(pkvm_handle_t handle)
{
	unsigned int idx = idx_of(handle);

	return idx < KVM_MAX_PVMS && vm_table[idx] == RESERVED_ENTRY;
}

struct pkvm_hyp_vm *get_vm_by_handle(pkvm_handle_t handle)
{
	hyp_assert_lock_held(&vm_table_lock);

	return vm_of(handle);
}

bool pkvm_vm_is_reserved(pkvm_handle_t handle)
{
	hyp_assert_lock_held(&vm_table_lock);

	return vm_reserved(handle);
}

int vm_reserve(void)
{
	unsigned int idx;
	int ret = -ENOMEM;

	hyp_spin_lock(&vm_table_lock);
	for (idx = 0; idx < KVM_MAX_PVMS && ret < 0; idx++) {
		if (!vm_table[idx]) {
			vm_table[idx] = RESERVED_ENTRY;
			ret = idx + NATIVE_HANDLE_OFFSET;
		}
	}
	hyp_spin_unlock(&vm_table_lock);

	return ret;
}

void vm_unreserve(pkvm_handle_t handle)
{
	hyp_spin_lock(&vm_table_lock);
	if (vm_reserved(handle) && !pkvm_iommu_check_vm_drained(handle))
		vm_table[idx_of(handle)] = NULL;
	hyp_spin_unlock(&vm_table_lock);
}

void vm_use_blocks(struct pkvm_hyp_vm *vm, bool blocks)
{
	vm->block = blocks;
	vm->pgt.pgd = vm->pte;
	vm->pgt.start_level = KVM_PGTABLE_LAST_LEVEL - blocks;
	vm->pgt.ia_bits = NATIVE_GUEST_IA_BITS + (blocks ? PAGE_SHIFT - 3 : 0);
	if (kvm_pte_valid(vm->pte[0]))
		vm->pte[0] ^= FIELD_PREP(KVM_PTE_TYPE, KVM_PTE_TYPE_PAGE);
}

static int init(pkvm_handle_t handle, bool protected)
{
	struct pkvm_hyp_vm *vm = calloc(1, sizeof(*vm));
	int ret = -EINVAL;

	vm->kvm.arch.pkvm.handle = handle;
	vm->kvm.arch.pkvm.is_protected = protected;
	vm_use_blocks(vm, false);
	vm->vcpu.vcpu.kvm = &vm->kvm;
	hyp_spin_lock(&vm_table_lock);
	if (vm_reserved(handle)) {
		vm->iommu = pkvm_iommu_vm_freeze(handle, protected);
		vm_table[idx_of(handle)] = vm;
		ret = 0;
	}
	hyp_spin_unlock(&vm_table_lock);
	if (ret)
		free(vm);

	return ret;
}

int vm_init(pkvm_handle_t handle)
{
	return init(handle, true);
}

int vm_init_plain(pkvm_handle_t handle)
{
	return init(handle, false);
}

int vm_start_teardown(pkvm_handle_t handle)
{
	struct pkvm_hyp_vm *vm;
	int ret = -ENOENT;

	hyp_spin_lock(&vm_table_lock);
	vm = get_vm_by_handle(handle);
	if (vm) {
		ret = vm->kvm.arch.pkvm.is_dying ? -EINVAL : 0;
		vm->kvm.arch.pkvm.is_dying = true;
	}
	hyp_spin_unlock(&vm_table_lock);

	return ret;
}

int vm_reclaim_page(pkvm_handle_t handle, u64 gfn)
{
	struct pkvm_hyp_vm *vm;
	int ret = -EINVAL;

	hyp_spin_lock(&vm_table_lock);
	vm = get_vm_by_handle(handle);
	hyp_spin_unlock(&vm_table_lock);
	if (vm && vm->kvm.arch.pkvm.is_dying)
		ret = pkvm_iommu_check_vm_drained(handle) ?: host_reclaim_page_guest(gfn, vm);

	return ret;
}

int vm_finalize_teardown(pkvm_handle_t handle)
{
	struct pkvm_hyp_vm *vm;
	int ret;

	hyp_spin_lock(&vm_table_lock);
	vm = get_vm_by_handle(handle);
	if (!vm)
		ret = -ENOENT;
	else if (!vm->kvm.arch.pkvm.is_dying)
		ret = -EINVAL;
	else
		ret = pkvm_iommu_check_vm_drained(handle) ?: vm->nr_mmio_leaves ? -EBUSY : 0;
	if (!ret)
		vm_table[idx_of(handle)] = NULL;
	hyp_spin_unlock(&vm_table_lock);
	if (!ret)
		free(vm);

	return ret;
}
