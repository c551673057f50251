// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's pages: memory that it pins, registers that it was given.
 */
#include <asm/kvm_pgtable.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>

#include <device.h>
#include <guest_page.h>
#include <page_use.h>

/* Page-table walks with the VM's lock held: its other vCPUs wait for it (I9) */
#define LOCKED_WALKS	16

static int find_leaf(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys)
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

	return 0;
}

static int find_page(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys)
{
	return find_leaf(vm, ipa, phys) ?: addr_is_memory(*phys) ? 0 : -EPERM;
}

/* Pin up to @max more bytes after the @len that are pinned and follow @phys */
static int pin_step(struct pkvm_hyp_vm *vm, u64 ipa, u64 max, u64 *phys, u64 *len)
{
	u64 end = *len + min(max - *len, LOCKED_WALKS * PAGE_SIZE), next;
	int ret = 0;

	hyp_spin_lock(&vm->lock);
	while (*len < end) {
		ret = find_page(vm, ipa + *len, &next);
		if (!ret && *len && next != *phys + *len)
			ret = -EXDEV;
		ret = ret ?: page_use_get_guest(next);
		if (ret)
			break;
		if (!*len)
			*phys = next;
		*len += PAGE_SIZE;
	}
	hyp_spin_unlock(&vm->lock);

	return ret;
}

int guest_pages_get(struct pkvm_hyp_vm *vm, u64 ipa, u64 max, u64 *phys, u64 *len)
{
	int ret = 0;

	/* What is pinned stays the VM's, and where it is, without the lock */
	for (*len = 0; !ret && *len < max; )
		ret = pin_step(vm, ipa, max, phys, len);

	return *len ? 0 : ret;
}

int guest_registers(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys)
{
	int ret;

	hyp_spin_lock(&vm->lock);
	ret = find_leaf(vm, ipa, phys);
	hyp_spin_unlock(&vm->lock);

	return ret ?: addr_is_memory(*phys) ? -EPERM : 0;
}

int pkvm_iommu_map_registers(struct pkvm_hyp_vm *vm, phys_addr_t phys)
{
	return hyp_device_page_get(vm->iommu, phys);
}

int pkvm_iommu_guest_page_busy(phys_addr_t phys)
{
	return page_use_busy(phys) ? -EBUSY : 0;
}
