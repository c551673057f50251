// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a guest: find and pin the memory that it maps for DMA; find registers.
 */
#include <linux/iommu.h>

#include <asm/kvm_pgtable.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>

#include <core/guest_page.h>
#include <core/vm.h>
#include <device/device.h>
#include <memory/pin.h>
#include <memory/ranges.h>

/*
 * Most pages to pin one by one while the VM's lock is held and its other vCPUs wait (I9).
 * The pages of one list entry lie in one or two tables.
 */
#define LOCKED_PAGES	64

/**
 * struct guest_walk - state of one guest_pages_get(), which pins one run after the other
 * @vm: VM that maps the pages
 * @write: the mapping lets devices write
 * @stage2: stage 2 of @vm; its tables stay as long as pkvm_hyp_vm::lock is held
 * @pages: pages that can still be pinned
 * @mem: piece of memory that held the last page, or NULL
 */
struct guest_walk {
	struct pkvm_hyp_vm	*vm;
	bool			write;
	struct iommu_pgtable	stage2;
	unsigned int		pages;
	const struct mem_region	*mem;
};

/*
 * Did the host promise not to take this memory of a plain VM back until it drained the
 * VM? The host cannot make that promise for registers: EL2 does not count who maps them.
 */
static bool is_pinned(kvm_pte_t pte)
{
	return addr_is_memory(kvm_pte_to_phys(pte)) && pte & PKVM_PGTABLE_PROT_PINNED;
}

/*
 * Can the VM map this leaf? A protected VM owns its pages, and each has a leaf of its
 * own. A plain VM owns nothing: the host lends it pages and blocks, some of them
 * read-only, some only until the host needs them.
 */
static bool may_map(struct pkvm_hyp_vm *vm, kvm_pte_t pte, s8 level, bool write)
{
	/* The leaf has the page state in the same bits as enum kvm_pgtable_prot */
	enum pkvm_page_state state = pkvm_getstate(pte & KVM_PTE_LEAF_ATTR_HI_SW);

	if (!pkvm_hyp_vm_is_protected(vm))
		return state == PKVM_PAGE_SHARED_BORROWED && is_pinned(pte) &&
		       (!write || pte & KVM_PTE_LEAF_ATTR_LO_S2_S2AP_W);

	return level == KVM_PGTABLE_LAST_LEVEL &&
	       (state == PKVM_PAGE_OWNED || state == PKVM_PAGE_SHARED_OWNED);
}

/* Describe a VM's stage 2 as a table to walk; no device uses it */
static void init_stage2(struct iommu_pgtable *stage2, const struct pkvm_hyp_vm *vm)
{
	stage2->root = (kvm_pte_t *)vm->pgt.pgd;
	stage2->ias = vm->pgt.ia_bits;
	stage2->start_level = vm->pgt.start_level;
	stage2->near = NULL;
}

static void init_walk(struct guest_walk *walk, struct pkvm_hyp_vm *vm, int prot)
{
	walk->vm = vm;
	walk->write = prot & IOMMU_WRITE;
	init_stage2(&walk->stage2, vm);
	walk->pages = LOCKED_PAGES;
	walk->mem = NULL;
}

static int check_entry(struct pkvm_hyp_vm *vm, kvm_pte_t pte, s8 level, bool write)
{
	if (!pte)
		return -ENOENT;
	/* An entry that is neither empty nor valid is poisoned */
	if (!kvm_pte_valid(pte) || !may_map(vm, pte, level, write))
		return -EPERM;

	return 0;
}

/* Find a page that the VM can map, and the piece of memory that holds it */
static int find_memory(struct guest_walk *walk, u64 ipa, const kvm_pte_t **ptep, s8 *level,
		       u64 *phys)
{
	kvm_pte_t pte;
	int ret;

	if (ipa >> walk->stage2.ias)
		return -EPERM;
	*level = KVM_PGTABLE_LAST_LEVEL;
	*ptep = iommu_pgtable_walk(&walk->stage2, ipa, level);
	pte = READ_ONCE(**ptep);
	ret = check_entry(walk->vm, pte, *level, walk->write);
	if (ret)
		return ret;

	*phys = kvm_pte_to_phys(pte) + (ipa & (kvm_granule_size(*level) - 1));
	walk->mem = mem_region_near(*phys, walk->mem);

	return walk->mem ? 0 : -EPERM;
}

/* Count the entries that map contiguous pages with the attributes of the first */
static unsigned int count_alike(const kvm_pte_t *ptep, unsigned int max)
{
	kvm_pte_t first = READ_ONCE(*ptep);
	unsigned int i;

	/* Two at a time, then what is left */
	for (i = 1; i + 1 < max; i += 2) {
		kvm_pte_t want = first + i * PAGE_SIZE;

		if (READ_ONCE(ptep[i]) != want || READ_ONCE(ptep[i + 1]) != want + PAGE_SIZE)
			break;
	}
	while (i < max && READ_ONCE(ptep[i]) == first + i * PAGE_SIZE)
		i++;

	return i;
}

/*
 * Can the whole block at @phys be pinned as one? To read its entries costs a fraction of
 * what it costs to pin each page.
 */
static bool is_block(const struct guest_walk *walk, const kvm_pte_t *ptep, s8 level, u64 phys,
		     u64 left)
{
	u64 block = kvm_granule_size(IOMMU_BLOCK_LEVEL);

	if (left < block || walk->mem->end - phys < block)
		return false;

	return level < KVM_PGTABLE_LAST_LEVEL || count_alike(ptep, PTRS_PER_PTE) == PTRS_PER_PTE;
}

/* Pin contiguous memory from @ipa on, no more than one block or one table maps */
static int pin_guest_run(struct guest_walk *walk, u64 iova, u64 ipa, u64 left, int prot,
			 struct map_run *run)
{
	u64 block = kvm_granule_size(IOMMU_BLOCK_LEVEL);
	const kvm_pte_t *ptep;
	u64 phys, nr;
	s8 level;
	int ret;

	ret = find_memory(walk, ipa, &ptep, &level, &phys);
	if (ret)
		return ret;
	if (IS_ALIGNED(iova | ipa | phys, block) && is_block(walk, ptep, level, phys, left) &&
	    pin_guest_block(phys)) {
		*run = (struct map_run) { phys, block, prot | PROT_PIN(IOMMU_PIN_BLOCK) };
		walk->pages = 0;
		return 0;
	}

	nr = min3(left, walk->mem->end - phys, (u64)walk->pages * PAGE_SIZE) >> PAGE_SHIFT;
	if (level == KVM_PGTABLE_LAST_LEVEL)
		nr = count_alike(ptep, iommu_entries_left(ipa, nr << PAGE_SHIFT));
	else
		nr = min(nr, (kvm_granule_size(level) -
			      (ipa & (kvm_granule_size(level) - 1))) >> PAGE_SHIFT);
	*run = (struct map_run) { phys, 0, prot | PROT_PIN(IOMMU_PIN_PAGE) };
	ret = pin_guest_pages(phys, nr * PAGE_SIZE, &run->size);
	walk->pages -= run->size >> PAGE_SHIFT;

	/* A run that is shorter than asked is a success */
	return run->size ? 0 : ret;
}

/* Append a run to the last one if it continues that, with pages pinned one by one */
static bool merge_runs(struct map_run *last, const struct map_run *run)
{
	if (last->phys + last->size != run->phys || last->prot != run->prot ||
	    FIELD_GET(IOMMU_PROT_PIN, run->prot) != IOMMU_PIN_PAGE)
		return false;
	last->size += run->size;

	return true;
}

static void advance(struct guest_pages *pages, u64 done)
{
	pages->at += done;
	if (pages->at == LIST_SIZE(*pages->piece)) {
		pages->at = 0;
		pages->piece++;
		pages->nr--;
	}
}

int guest_pages_get(struct pkvm_hyp_vm *vm, struct guest_pages *pages, u64 iova, u64 max,
		    int prot, struct map_run *runs, unsigned int *nr_runs)
{
	struct guest_walk walk __uninitialized;
	struct map_run run __uninitialized;
	u64 pinned = 0;
	int ret = 0;

	init_walk(&walk, vm, prot);
	*nr_runs = 0;
	hyp_spin_lock(&vm->lock);
	while (pages->nr && pinned < max && walk.pages && *nr_runs < GUEST_RUNS_MAX) {
		u64 left = min(LIST_SIZE(*pages->piece) - pages->at, max - pinned);

		ret = iova_check_range(iova + pinned, left);
		if (!ret)
			ret = pin_guest_run(&walk, iova + pinned,
					    LIST_ADDR(*pages->piece) + pages->at, left, prot, &run);
		if (ret)
			break;
		pinned += run.size;
		advance(pages, run.size);
		if (!*nr_runs || !merge_runs(&runs[*nr_runs - 1], &run))
			runs[(*nr_runs)++] = run;
	}
	hyp_spin_unlock(&vm->lock);

	/* The pins keep the pages in place and with the VM after the lock is dropped */
	return ret;
}

int guest_registers(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys)
{
	struct iommu_pgtable stage2;
	s8 level = KVM_PGTABLE_LAST_LEVEL;
	kvm_pte_t pte;
	int ret;

	init_stage2(&stage2, vm);
	if (ipa >> stage2.ias)
		return -EPERM;
	hyp_spin_lock(&vm->lock);
	pte = *iommu_pgtable_walk(&stage2, ipa, &level);
	ret = check_entry(vm, pte, level, false);
	hyp_spin_unlock(&vm->lock);
	if (ret)
		return ret;
	*phys = kvm_pte_to_phys(pte);

	return addr_is_memory(*phys) ? -EPERM : 0;
}

int pkvm_iommu_claim_register_page(struct pkvm_hyp_vm *vm, phys_addr_t phys)
{
	return hyp_device_page_get(vm->iommu ? &vm->iommu->owner : NULL, phys);
}

int pkvm_iommu_guest_page_busy(phys_addr_t phys)
{
	return page_is_pinned(phys) ? -EBUSY : 0;
}

static bool any_busy(u64 phys, u64 size)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		if (page_is_pinned(phys))
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
	/* A VM without a context maps nothing; the host's own mappings do not matter */
	if (!vm->iommu || !pkvm_iommu_check_vm_drained(vm->kvm.arch.pkvm.handle))
		return 0;

	for (; ipa < end; ipa = ALIGN_DOWN(ipa, granule) + granule) {
		if (kvm_pgtable_get_leaf(&vm->pgt, ipa, &pte, &level))
			return -ERANGE;
		granule = kvm_granule_size(level);
		/*
		 * The VM can only map pinned memory. The host's call changes all of a
		 * block leaf, even beyond the range.
		 */
		if (kvm_pte_valid(pte) && is_pinned(pte) && any_busy(kvm_pte_to_phys(pte), granule))
			return -EBUSY;
	}

	return 0;
}
