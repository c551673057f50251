// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning a guest's pages.
 */
#include <asm/kvm_pgtable.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>

#include <guest_page.h>
#include <page_use.h>

static int find_page(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys)
{
	enum pkvm_page_state state;
	kvm_pte_t pte;
	s8 level;

	hyp_assert_lock_held(&vm->lock);
	if (ipa >> vm->pgt.ia_bits || kvm_pgtable_get_leaf(&vm->pgt, ipa, &pte, &level))
		return -EPERM;
	if (!pte)
		return -ENOENT;
	/* Poisoned, or a block: a protected VM has pages only */
	if (!kvm_pte_valid(pte) || level != KVM_PGTABLE_LAST_LEVEL)
		return -EPERM;

	state = pkvm_getstate(kvm_pgtable_stage2_pte_prot(pte));
	if (state != PKVM_PAGE_OWNED && state != PKVM_PAGE_SHARED_OWNED)
		return -EPERM;
	*phys = kvm_pte_to_phys(pte);

	return addr_is_memory(*phys) ? 0 : -EPERM;
}

int guest_pages_get(struct pkvm_hyp_vm *vm, u64 ipa, u64 max, u64 *phys, u64 *len)
{
	int ret = 0;

	*len = 0;
	hyp_spin_lock(&vm->lock);
	while (*len < max) {
		u64 next;

		ret = find_page(vm, ipa + *len, &next);
		if (ret || (*len && next != *phys + *len))
			break;
		ret = page_use_get_guest(next);
		if (ret)
			break;
		if (!*len)
			*phys = next;
		*len += PAGE_SIZE;
	}
	hyp_spin_unlock(&vm->lock);

	return *len ? 0 : ret;
}

int pkvm_iommu_guest_page_busy(phys_addr_t phys)
{
	return page_use_busy(phys) ? -EBUSY : 0;
}
