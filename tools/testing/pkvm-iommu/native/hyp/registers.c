// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose registers are, in the page tables of host and guests: each function does what
 * its namesake of mem_protect.c does with the calls of patches/0011, 0013 and 0016.
 */
#include <sys/mman.h>

#include <nvhe/iommu.h>
#include <nvhe/mm.h>

#include "../smmu/sim.h"
#include "edu.h"
#include "hyp.h"

/* __pkvm_host_map_mmio_guest() */
int host_map_registers(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm)
{
	u64 phys = hyp_pfn_to_phys(pfn);
	int ret;

	lock_host_and_guest(vm);
	ret = gfn >= NATIVE_GUEST_PAGES ? -EINVAL : vm->pte[gfn] ? -EEXIST : 0;
	ret = ret ?: pkvm_iommu_claim_register_page(vm, phys);
	if (!ret)
		vm->pte[gfn] = guest_pte(phys, PKVM_PAGE_OWNED);
	unlock_host_and_guest(vm);

	return ret;
}

/* host_stage2_idmap(): a fault of the host's, outside memory */
int host_touch(u64 phys)
{
	u64 start = 0, end = U64_MAX;
	int ret;

	hyp_spin_lock(&host_mmu.lock);
	ret = pkvm_iommu_mmio_clamp(phys, &start, &end);
	if (!ret && (phys < start || phys >= end))
		native_fail("0x%lx is outside of 0x%lx-0x%lx, which the host gets", phys, start,
			    end);
	if (!ret)
		edu_map(start, end);
	hyp_spin_unlock(&host_mmu.lock);

	return ret;
}

/* __pkvm_host_share_mmio_guest(): a page, or a block if the VM's table has blocks */
int host_share_mmio_guest(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm)
{
	u64 phys = hyp_pfn_to_phys(pfn), nr = vm->block ? PTRS_PER_PTE : 1, i;
	int ret;

	if (gfn >= NATIVE_GUEST_PAGES || !IS_ALIGNED(pfn, nr))
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (addr_is_memory(phys + i * PAGE_SIZE))
			return -EPERM;
	}

	lock_host_and_guest(vm);
	ret = vm->pte[gfn] ? -EPERM : pkvm_iommu_lend_registers(phys, nr * PAGE_SIZE);
	if (!ret) {
		vm->nr_mmio_leaves++;
		vm->pte[gfn] = guest_pte(phys, PKVM_PAGE_SHARED_BORROWED);
		if (vm->block)
			vm->pte[gfn] &= ~FIELD_PREP(KVM_PTE_TYPE, KVM_PTE_TYPE_PAGE);
	}
	unlock_host_and_guest(vm);

	return ret;
}

/* __pkvm_host_unshare_mmio_guest() */
int host_unshare_mmio_guest(u64 gfn, struct pkvm_hyp_vm *vm)
{
	kvm_pte_t pte;
	int ret = 0;

	if (gfn >= NATIVE_GUEST_PAGES)
		return -ERANGE;
	lock_host_and_guest(vm);
	pte = vm->pte[gfn];
	if (!kvm_pte_valid(pte))
		ret = -ENOENT;
	else if (addr_is_memory(kvm_pte_to_phys(pte)))
		ret = -EPERM;
	if (!ret) {
		vm->pte[gfn] = 0;
		vm->nr_mmio_leaves--;
		pkvm_iommu_take_back_registers(kvm_pte_to_phys(pte));
	}
	unlock_host_and_guest(vm);

	return ret;
}

bool guest_sees_mmio(struct pkvm_hyp_vm *vm, u64 gfn, u64 nr_pages)
{
	u64 step = vm->block ? PTRS_PER_PTE : 1, at = ALIGN_DOWN(gfn, step);

	for (; at < gfn + nr_pages && at < NATIVE_GUEST_PAGES; at += step) {
		if (kvm_pte_valid(vm->pte[at]) && !addr_is_memory(kvm_pte_to_phys(vm->pte[at])))
			return true;
	}

	return false;
}

/* Nobody gets at these by the address: accesses name it, and find whose registers it is */
int __pkvm_create_private_mapping(phys_addr_t phys, size_t size, int prot, unsigned long *haddr)
{
	unsigned int i;
	void *va;

	if (fault_hits(FAULT_DONATE))
		return -ENOMEM;

	va = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (i = 0; i < sim_nr_smmus; i++) {
		if (sim_smmus[i]->cfg.base == phys)
			sim_smmus[i]->va = va;
		sim_ecmdq_map(sim_smmus[i], phys, size, va);
	}
	edu_set_va(phys, va);
	*haddr = (unsigned long)va;

	return 0;
}
