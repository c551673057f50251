// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ownership of pages: each function does what its namesake of mem_protect.c does with the
 * calls of patches/0010, 0012 and 0014, but for CPU page tables. A model says what both return,
 * see programs/ownership.h.
 */
#include <nvhe/iommu.h>
#include <nvhe/mm.h>

#include "hyp.h"

struct host_mmu host_mmu = { .pgt.ia_bits = NATIVE_HOST_IA_BITS };
static hyp_spinlock_t pkvm_lock;

static bool range_is_valid(u64 pfn, u64 nr_pages)
{
	u64 limit = BIT(NATIVE_HOST_IA_BITS - PAGE_SHIFT);

	return pfn < limit && nr_pages <= limit - pfn;
}

static int check_host(u64 phys, u64 size, enum pkvm_page_state state)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		if (!addr_is_memory(phys) || get_host_state(hyp_phys_to_page(phys)) != state)
			return -EPERM;
	}

	return 0;
}

static int check_hyp(u64 phys, u64 size, enum pkvm_page_state state)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		if (get_hyp_state(hyp_phys_to_page(phys)) != state)
			return -EPERM;
	}

	return 0;
}

static void set_hyp(u64 phys, u64 size, enum pkvm_page_state state)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE)
		set_hyp_state(hyp_phys_to_page(phys), state);
}

/* __host_update_page_state() */
static void set_host(u64 phys, u64 size, enum pkvm_page_state state)
{
	u64 cur;

	for (cur = phys; cur < phys + size; cur += PAGE_SIZE) {
		struct hyp_page *page = hyp_phys_to_page(cur);

		if (get_host_state(page) == PKVM_NOPAGE && state != PKVM_NOPAGE)
			native_page(cur)->came_back = true;
		set_host_state(page, state);
	}
	if (state != PKVM_NOPAGE)
		pkvm_iommu_host_grant(phys, size);
}

static void set_owner(u64 phys, u64 size, enum page_owner owner, pkvm_handle_t handle, u64 gfn)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE)
		page_set_owner(phys, owner, handle, gfn);
}

static void lock_host_and_hyp(void)
{
	hyp_spin_lock(&host_mmu.lock);
	hyp_spin_lock(&pkvm_lock);
}

static void unlock_host_and_hyp(void)
{
	hyp_spin_unlock(&pkvm_lock);
	hyp_spin_unlock(&host_mmu.lock);
}

void lock_host_and_guest(struct pkvm_hyp_vm *vm)
{
	hyp_spin_lock(&host_mmu.lock);
	hyp_spin_lock(&vm->lock);
}

void unlock_host_and_guest(struct pkvm_hyp_vm *vm)
{
	hyp_spin_unlock(&vm->lock);
	hyp_spin_unlock(&host_mmu.lock);
}

/* Between host and EL2, checked before */
static void move(u64 phys, u64 size, bool to_hyp)
{
	set_hyp(phys, size, to_hyp ? PKVM_PAGE_OWNED : PKVM_NOPAGE);
	set_owner(phys, size, to_hyp ? OWNER_HYP : OWNER_HOST, 0, 0);
	set_host(phys, size, to_hyp ? PKVM_NOPAGE : PKVM_PAGE_OWNED);
}

/* From a VM, whose entry becomes @pte */
static void take_from_guest(struct pkvm_hyp_vm *vm, u64 phys, u64 gfn, kvm_pte_t pte)
{
	vm->pte[gfn] = pte;
	page_set_owner(phys, OWNER_HOST, 0, 0);
	set_host(phys, PAGE_SIZE, PKVM_PAGE_OWNED);
}

int __pkvm_host_donate_hyp(u64 pfn, u64 nr_pages)
{
	u64 phys = hyp_pfn_to_phys(pfn), size = nr_pages << PAGE_SHIFT;
	int ret;

	if (!range_is_valid(pfn, nr_pages))
		return -EINVAL;
	if (fault_hits(FAULT_DONATE))
		return -ENOMEM;

	lock_host_and_hyp();
	ret = check_host(phys, size, PKVM_PAGE_OWNED) ?: check_hyp(phys, size, PKVM_NOPAGE) ?:
	      pkvm_iommu_host_revoke(phys, size);
	if (!ret)
		move(phys, size, true);
	unlock_host_and_hyp();

	return ret;
}

int __pkvm_hyp_donate_host(u64 pfn, u64 nr_pages)
{
	u64 phys = hyp_pfn_to_phys(pfn), size = nr_pages << PAGE_SHIFT, cur;
	int ret;

	if (!range_is_valid(pfn, nr_pages))
		return -EINVAL;

	for (cur = phys; cur < phys + size; cur += PAGE_SIZE) {
		if (!page_is_clean(cur))
			native_fail("0x%lx goes back with data of EL2", cur);
		if (!native_coherent && poc_read64(cur + 8))
			native_fail("0x%lx goes back with data behind the caches", cur);
	}

	lock_host_and_hyp();
	ret = check_hyp(phys, size, PKVM_PAGE_OWNED) ?: check_host(phys, size, PKVM_NOPAGE);
	if (!ret)
		move(phys, size, false);
	unlock_host_and_hyp();

	return ret;
}

int host_share_hyp(u64 pfn)
{
	u64 phys = hyp_pfn_to_phys(pfn);
	int ret;

	hyp_spin_lock(&host_mmu.lock);
	ret = check_host(phys, PAGE_SIZE, PKVM_PAGE_OWNED);
	if (!ret)
		set_host(phys, PAGE_SIZE, PKVM_PAGE_SHARED_OWNED);
	hyp_spin_unlock(&host_mmu.lock);

	return ret;
}

int host_unshare_hyp(u64 pfn)
{
	u64 phys = hyp_pfn_to_phys(pfn);
	int ret;

	hyp_spin_lock(&host_mmu.lock);
	/* Where this looks at the count, the real one looks at EL2's state */
	ret = check_host(phys, PAGE_SIZE, PKVM_PAGE_SHARED_OWNED) ?:
	      hyp_phys_to_page(phys)->host_share_guest_count ? -EPERM : 0;
	if (!ret)
		set_host(phys, PAGE_SIZE, PKVM_PAGE_OWNED);
	hyp_spin_unlock(&host_mmu.lock);

	return ret;
}

/* The page at @gfn, if it is the guest's in state @state */
static int find_guest_page(struct pkvm_hyp_vm *vm, u64 gfn, enum pkvm_page_state state, u64 *phys)
{
	kvm_pte_t pte = gfn < ARRAY_SIZE(vm->pte) ? vm->pte[gfn] : 0;

	if (!pte)
		return gfn >> (vm->pgt.ia_bits - PAGE_SHIFT) ? -ERANGE : -ENOENT;
	if (!kvm_pte_valid(pte))
		return -EHWPOISON;
	*phys = kvm_pte_to_phys(pte);
	/* Registers of a device are neither shared nor reclaimed */
	if (!addr_is_memory(*phys))
		return -EPERM;

	return pkvm_getstate(kvm_pgtable_stage2_pte_prot(pte)) == state ? 0 : -EPERM;
}

int host_donate_guest(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm)
{
	u64 phys = hyp_pfn_to_phys(pfn);
	int ret;

	lock_host_and_guest(vm);
	ret = check_host(phys, PAGE_SIZE, PKVM_PAGE_OWNED);
	if (!ret && (gfn >= ARRAY_SIZE(vm->pte) || vm->pte[gfn]))
		ret = -EPERM;
	ret = ret ?: pkvm_iommu_host_revoke(phys, PAGE_SIZE);
	if (!ret) {
		set_host(phys, PAGE_SIZE, PKVM_NOPAGE);
		page_set_owner(phys, OWNER_GUEST, vm->kvm.arch.pkvm.handle, gfn);
		vm->pte[gfn] = guest_pte(phys, PKVM_PAGE_OWNED);
	}
	unlock_host_and_guest(vm);

	return ret;
}

/* A page, or the first of as many as a block has */
int host_share_guest(u64 pfn, u64 gfn, struct pkvm_hyp_vm *vm, bool pinned)
{
	u64 phys = hyp_pfn_to_phys(pfn), nr = vm->block ? PTRS_PER_PTE : 1, i;
	int ret = -EPERM;

	lock_host_and_guest(vm);
	if (gfn >= NATIVE_GUEST_PAGES || vm->pte[gfn])
		goto unlock;
	for (i = 0; i < nr; i++) {
		struct hyp_page *page = hyp_phys_to_page(phys) + i;

		if (get_host_state(page) != PKVM_PAGE_OWNED &&
		    (get_host_state(page) != PKVM_PAGE_SHARED_OWNED ||
		     !page->host_share_guest_count))
			goto unlock;
		if (page->host_share_guest_count == U32_MAX) {
			ret = -EBUSY;
			goto unlock;
		}
	}
	for (i = 0; i < nr; i++) {
		struct hyp_page *page = hyp_phys_to_page(phys) + i;

		set_host_state(page, PKVM_PAGE_SHARED_OWNED);
		page->host_share_guest_count++;
	}
	vm->pte[gfn] = lent_pte(phys, pinned);
	if (vm->block)
		vm->pte[gfn] &= ~FIELD_PREP(KVM_PTE_TYPE, KVM_PTE_TYPE_PAGE);
	ret = 0;
unlock:
	unlock_host_and_guest(vm);

	return ret;
}

/* __guest_check_transition_size() */
static int check_size(u64 gfn, u64 nr)
{
	return nr == 1 || (nr == PTRS_PER_PTE && IS_ALIGNED(gfn, nr)) ? 0 : -EINVAL;
}

int host_unshare_guest(u64 gfn, u64 nr_pages, struct pkvm_hyp_vm *vm)
{
	u64 phys, i;
	int ret;

	lock_host_and_guest(vm);
	ret = check_size(gfn, nr_pages) ?:
	      find_guest_page(vm, gfn, PKVM_PAGE_SHARED_BORROWED, &phys);
	if (!ret && nr_pages != (vm->block ? PTRS_PER_PTE : 1))
		ret = -E2BIG;
	ret = ret ?: pkvm_iommu_lent_range_busy(vm, gfn << PAGE_SHIFT, nr_pages << PAGE_SHIFT);
	for (i = 0; !ret && i < nr_pages; i++) {
		struct hyp_page *page = hyp_phys_to_page(phys) + i;

		if (!--page->host_share_guest_count)
			set_host_state(page, PKVM_PAGE_OWNED);
	}
	if (!ret)
		vm->pte[gfn] = 0;
	unlock_host_and_guest(vm);

	return ret;
}

int host_wrprotect_guest(u64 gfn, u64 nr_pages, struct pkvm_hyp_vm *vm)
{
	u64 step = vm->block ? PTRS_PER_PTE : 1, at = ALIGN_DOWN(gfn, step);
	int ret;

	hyp_spin_lock(&vm->lock);
	ret = check_size(gfn, nr_pages) ?: guest_sees_mmio(vm, gfn, nr_pages) ? -EPERM :
	      pkvm_iommu_lent_range_busy(vm, gfn << PAGE_SHIFT, nr_pages << PAGE_SHIFT);
	for (; !ret && at < gfn + nr_pages && at < NATIVE_GUEST_PAGES; at += step)
		vm->pte[at] &= ~GUEST_PTE_WRITE;
	hyp_spin_unlock(&vm->lock);

	return ret;
}

int guest_share_host(struct pkvm_hyp_vm *vm, u64 gfn)
{
	u64 phys;
	int ret;

	lock_host_and_guest(vm);
	ret = find_guest_page(vm, gfn, PKVM_PAGE_OWNED, &phys);
	if (!ret) {
		vm->pte[gfn] = guest_pte(phys, PKVM_PAGE_SHARED_OWNED);
		set_host(phys, PAGE_SIZE, PKVM_PAGE_SHARED_BORROWED);
	}
	unlock_host_and_guest(vm);

	return ret;
}

int guest_unshare_host(struct pkvm_hyp_vm *vm, u64 gfn)
{
	u64 phys;
	int ret;

	lock_host_and_guest(vm);
	ret = find_guest_page(vm, gfn, PKVM_PAGE_SHARED_OWNED, &phys) ?:
	      check_host(phys, PAGE_SIZE, PKVM_PAGE_SHARED_BORROWED) ?:
	      pkvm_iommu_host_revoke(phys, PAGE_SIZE);
	if (!ret) {
		set_host(phys, PAGE_SIZE, PKVM_NOPAGE);
		vm->pte[gfn] = guest_pte(phys, PKVM_PAGE_OWNED);
	}
	unlock_host_and_guest(vm);

	return ret;
}

/* host_stage2_get_guest_info() */
static int find_guest(u64 phys, struct pkvm_hyp_vm **vm, u64 *gfn)
{
	struct native_page *page;

	if (!addr_is_memory(phys))
		return -EFAULT;
	if (get_host_state(hyp_phys_to_page(phys)) != PKVM_NOPAGE)
		return -EAGAIN;
	page = native_page(phys);
	if (page->owner != OWNER_GUEST)
		return -EPERM;
	*vm = vm_of(page->handle);
	*gfn = page->gfn;

	return *vm ? 0 : -EAGAIN;
}

int host_force_reclaim(u64 phys)
{
	struct pkvm_hyp_vm *vm;
	u64 gfn, found;
	int ret;

	hyp_spin_lock(&vm_table_lock);
	hyp_spin_lock(&host_mmu.lock);
	ret = find_guest(phys, &vm, &gfn);
	if (!ret) {
		hyp_spin_lock(&vm->lock);
		ret = find_guest_page(vm, gfn, PKVM_PAGE_OWNED, &found) ?:
		      pkvm_iommu_guest_page_busy(phys);
		if (!ret)
			take_from_guest(vm, phys, gfn, GUEST_PTE_POISONED);
		hyp_spin_unlock(&vm->lock);
	}
	hyp_spin_unlock(&host_mmu.lock);
	hyp_spin_unlock(&vm_table_lock);

	return ret;
}

int host_reclaim_page_guest(u64 gfn, struct pkvm_hyp_vm *vm)
{
	u64 phys;
	int ret;

	lock_host_and_guest(vm);
	ret = find_guest_page(vm, gfn, PKVM_PAGE_OWNED, &phys);
	if (ret == -EPERM)
		ret = find_guest_page(vm, gfn, PKVM_PAGE_SHARED_OWNED, &phys);
	if (!ret)
		take_from_guest(vm, phys, gfn, 0);
	unlock_host_and_guest(vm);

	return ret && ret != -EHWPOISON ? ret : 0;
}

bool host_may_access(u64 phys)
{
	return get_host_state(hyp_phys_to_page(phys)) != PKVM_NOPAGE;
}
