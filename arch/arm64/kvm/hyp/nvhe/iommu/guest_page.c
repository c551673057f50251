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

/* Pages pinned, and looked up, with the VM's lock held: its other vCPUs wait (I9) */
#define LOCKED_PAGES	64
#define LOCKED_WALKS	16

/*
 * Is it the VM's to map? A protected VM owns its pages, each an entry of its own. A
 * plain VM owns nothing: the host lends it pages and blocks, some only to read.
 */
static bool may_map(struct pkvm_hyp_vm *vm, kvm_pte_t pte, s8 level, bool write)
{
	enum kvm_pgtable_prot prot = kvm_pgtable_stage2_pte_prot(pte);
	enum pkvm_page_state state = pkvm_getstate(prot);

	if (!pkvm_hyp_vm_is_protected(vm))
		return state == PKVM_PAGE_SHARED_BORROWED &&
		       (!write || prot & KVM_PGTABLE_PROT_W);

	return level == KVM_PGTABLE_LAST_LEVEL &&
	       (state == PKVM_PAGE_OWNED || state == PKVM_PAGE_SHARED_OWNED);
}

static int find_leaf(struct pkvm_hyp_vm *vm, u64 ipa, bool write, u64 *phys)
{
	kvm_pte_t pte;
	s8 level;

	hyp_assert_lock_held(&vm->lock);
	if (ipa >> vm->pgt.ia_bits || kvm_pgtable_get_leaf(&vm->pgt, ipa, &pte, &level))
		return -EPERM;
	if (!pte)
		return -ENOENT;
	/* Not valid: poisoned */
	if (!kvm_pte_valid(pte) || !may_map(vm, pte, level, write))
		return -EPERM;
	*phys = kvm_pte_to_phys(pte) + (ipa & (kvm_granule_size(level) - 1));

	return 0;
}

static int find_page(struct pkvm_hyp_vm *vm, u64 ipa, bool write, u64 *phys)
{
	return find_leaf(vm, ipa, write, phys) ?: addr_is_memory(*phys) ? 0 : -EPERM;
}

static int note_entry(const struct kvm_pgtable_visit_ctx *ctx, enum kvm_pgtable_walk_flags visit)
{
	/* A plain VM may have a block there, the last one of its table */
	if (ctx->level == KVM_PGTABLE_LAST_LEVEL)
		*(const kvm_pte_t **)ctx->arg = ctx->ptep;

	return 0;
}

/* Where the table of the VM has the page that find_page() found */
static const kvm_pte_t *entry_of(struct pkvm_hyp_vm *vm, u64 ipa)
{
	const kvm_pte_t *ptep = NULL;
	struct kvm_pgtable_walker walker = {
		.cb	= note_entry,
		.arg	= &ptep,
		.flags	= KVM_PGTABLE_WALK_LEAF,
	};

	return kvm_pgtable_walk(&vm->pgt, ipa, PAGE_SIZE, &walker) ? NULL : ptep;
}

/*
 * Pin what follows the page at @ipa, which was found at @phys and pinned: entries of
 * the same table that differ from its own in the address alone, so that what was
 * checked of that page is true of theirs.
 */
static int pin_alike(struct pkvm_hyp_vm *vm, u64 ipa, u64 phys, u64 max, u64 *len)
{
	u64 left = PTRS_PER_PTE - ((ipa >> PAGE_SHIFT) & (PTRS_PER_PTE - 1));
	const kvm_pte_t *ptep = entry_of(vm, ipa);
	unsigned int i, nr = min(left, max >> PAGE_SHIFT);
	kvm_pte_t first;
	int ret = 0;

	*len = PAGE_SIZE;
	if (!ptep)
		return 0;
	first = READ_ONCE(*ptep);
	for (i = 1; i < nr && !ret; i++) {
		if (READ_ONCE(ptep[i]) != first + *len)
			break;
		ret = page_use_get_guest(phys + *len);
		if (!ret)
			*len += PAGE_SIZE;
	}

	return ret;
}

/* Pin up to @max more bytes after the @len that are pinned and follow @phys */
static int pin_step(struct pkvm_hyp_vm *vm, u64 ipa, u64 max, bool write, u64 *phys, u64 *len)
{
	u64 end = *len + min(max - *len, LOCKED_PAGES * PAGE_SIZE), next, more;
	unsigned int walks = LOCKED_WALKS;
	int ret = 0;

	hyp_spin_lock(&vm->lock);
	while (!ret && *len < end && walks--) {
		ret = find_page(vm, ipa + *len, write, &next);
		if (!ret && *len && next != *phys + *len)
			ret = -EXDEV;
		ret = ret ?: page_use_get_guest(next);
		if (ret)
			break;
		if (!*len)
			*phys = next;
		more = PAGE_SIZE;
		if (end - *len > PAGE_SIZE)
			ret = pin_alike(vm, ipa + *len, next, end - *len, &more);
		*len += more;
	}
	hyp_spin_unlock(&vm->lock);

	return ret;
}

int guest_pages_get(struct pkvm_hyp_vm *vm, u64 ipa, u64 max, bool write, u64 *phys, u64 *len)
{
	int ret = 0;

	/* What is pinned stays the VM's, and where it is, without the lock */
	for (*len = 0; !ret && *len < max; )
		ret = pin_step(vm, ipa, max, write, phys, len);

	return *len ? 0 : ret;
}

int guest_registers(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys)
{
	int ret;

	hyp_spin_lock(&vm->lock);
	ret = find_leaf(vm, ipa, false, phys);
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

static bool any_busy(u64 phys, u64 size)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		if (page_use_busy(phys))
			return true;
	}

	return false;
}

int pkvm_iommu_lent_range_busy(struct pkvm_hyp_vm *vm, u64 ipa, u64 size)
{
	u64 end = ipa + size, granule;
	kvm_pte_t pte;
	s8 level;

	hyp_assert_lock_held(&vm->lock);
	/* Without a context the VM maps nothing: the host's own DMA is no reason */
	if (!vm->iommu || !pkvm_iommu_vm_gone(vm->kvm.arch.pkvm.handle))
		return 0;

	for (; ipa < end; ipa = ALIGN_DOWN(ipa, granule) + granule) {
		if (kvm_pgtable_get_leaf(&vm->pgt, ipa, &pte, &level))
			return -ERANGE;
		granule = kvm_granule_size(level);
		/* Of a block that reaches beyond the range all would change */
		if (kvm_pte_valid(pte) && any_busy(kvm_pte_to_phys(pte), granule))
			return -EBUSY;
	}

	return 0;
}
