// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU page tables of the host and of guests, as far as the IOMMU code reads them.
 */
#include "edu.h"
#include "hyp.h"

kvm_pte_t guest_pte(u64 phys, enum pkvm_page_state state)
{
	return KVM_PTE_VALID | FIELD_PREP(KVM_PTE_TYPE, KVM_PTE_TYPE_PAGE) | phys |
	       GUEST_PTE_WRITE | FIELD_PREP(PKVM_PAGE_STATE_PROT_MASK, state);
}

kvm_pte_t lent_pte(u64 phys, bool pinned)
{
	return guest_pte(phys, PKVM_PAGE_SHARED_BORROWED) |
	       (pinned ? PKVM_PGTABLE_PROT_PINNED : 0);
}

enum kvm_pgtable_prot kvm_pgtable_stage2_pte_prot(kvm_pte_t pte)
{
	return (pte & PKVM_PAGE_STATE_PROT_MASK) |
	       (pte & GUEST_PTE_WRITE ? KVM_PGTABLE_PROT_W : 0);
}

int kvm_pgtable_get_leaf(struct kvm_pgtable *pgt, u64 addr, kvm_pte_t *ptep, s8 *level)
{
	struct pkvm_hyp_vm *vm = container_of(pgt, struct pkvm_hyp_vm, pgt);

	native_assert_held(&vm->lock, "&vm->lock");
	/* The real one refuses addresses that the table does not translate */
	if (addr >> pgt->ia_bits)
		return -ERANGE;
	*level = pgt->start_level;
	*ptep = vm->pte[addr >> kvm_granule_shift(*level)];

	return 0;
}

/* The host's table marks each page that is not the host's, and maps those that came back */
static kvm_pte_t host_pte(u64 phys)
{
	if (get_host_state(hyp_phys_to_page(phys)) == PKVM_NOPAGE)
		return FIELD_PREP(KVM_INVALID_PTE_TYPE_MASK,
				  KVM_HOST_INVALID_PTE_TYPE_DONATION);

	return native_page(phys)->came_back ? KVM_PTE_VALID | phys : 0;
}

int kvm_pgtable_walk(struct kvm_pgtable *pgt, u64 addr, u64 size,
		     struct kvm_pgtable_walker *walker)
{
	u64 end = addr + size;
	int ret = 0;

	for (; addr < end && !ret; addr += PAGE_SIZE) {
		struct kvm_pgtable_visit_ctx ctx = {
			.old	= host_pte(addr),
			.arg	= walker->arg,
			.addr	= addr,
			.start	= addr,
			.end	= end,
			.level	= KVM_PGTABLE_LAST_LEVEL,
			.flags	= walker->flags,
		};

		ret = walker->cb(&ctx, KVM_PGTABLE_WALK_LEAF);
	}

	return ret;
}

int kvm_pgtable_stage2_unmap(struct kvm_pgtable *pgt, u64 addr, u64 size)
{
	native_assert_held(&host_mmu.lock, "&host_mmu.lock");
	if (fault_hits(FAULT_DONATE))
		return -ENOMEM;
	edu_unmap(addr, size);

	return 0;
}
