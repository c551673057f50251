// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: pinning the memory of plain VMs.
 *
 * EL2 lets a plain VM map only pinned memory for its devices, and refuses to unshare a
 * page while a device reaches it. So KVM pins memory when the VM first faults on it, and
 * unpins it when the VM ends, after its devices have been blocked.
 *
 * KVM does not pin the following memory, which the VM then gets as any other VM does and
 * cannot map for devices:
 *
 * - page cache of a file system, which the kernel would write back while a device writes
 *   to it;
 * - the zero page;
 * - memory that the VMM can only read, in a slot that the VM can write to.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/slab.h>

#include <asm/kvm_mmu.h>
#include <asm/kvm_pkvm.h>
#include <asm/pkvm-iommu-host.h>

#define BLOCK_PAGES	(PMD_SIZE >> PAGE_SHIFT)

/**
 * kvm_pviommu_pins_memory() - does KVM pin the memory of a VM for its devices?
 * @kvm: the VM
 *
 * Return: true for a plain VM with pvIOMMUs. Constant once the VM has run.
 */
bool kvm_pviommu_pins_memory(const struct kvm *kvm)
{
	return kvm->arch.pkvm.pviommus && !kvm_vm_is_protected(kvm);
}

/*
 * Anonymous memory (also after MADV_FREE), shmem and hugetlb. Not page cache that the
 * kernel writes back, see pkvm_mem_abort().
 */
static bool is_pinnable(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_anon(folio) || folio_test_swapbacked(folio) ||
	       folio_test_hugetlb(folio);
}

/* Returns 0 if *@page is pinned, 1 if the memory cannot be pinned, or an errno */
static int pin_page(unsigned long hva, unsigned int flags, struct page **page)
{
	int ret = pin_user_pages_fast(hva, 1, flags, page);

	switch (ret) {
	case 1:
		if (is_pinnable(*page))
			return 0;
		unpin_user_page(*page);
		return 1;
	case -EFAULT:
	case -EOPNOTSUPP:
		/* user_mem_abort() decides whether the VM can have the memory */
		return 1;
	}

	return ret ?: -EAGAIN;
}

/*
 * A slot that the VM only reads may hold memory that the VMM only reads. FOLL_LONGTERM
 * would replace a private file page or the zero page by a copy for the VMM. So look at
 * the page with a short-term pin first.
 */
static int pin_to_read(unsigned long hva, struct page **page)
{
	int ret = pin_page(hva, 0, page);

	if (ret)
		return ret;
	unpin_user_page(*page);

	return pin_page(hva, FOLL_LONGTERM, page);
}

/* Can one block map the pages: are they contiguous, aligned, and of one folio? */
static bool is_block(struct page **pages)
{
	unsigned long pfn = page_to_pfn(pages[0]), i;

	if (!IS_ALIGNED(pfn, BLOCK_PAGES) ||
	    page_folio(pages[0]) != page_folio(pages[BLOCK_PAGES - 1]))
		return false;
	for (i = 1; i < BLOCK_PAGES; i++) {
		if (page_to_pfn(pages[i]) != pfn + i)
			return false;
	}

	return true;
}

/* Pin a whole block. Returns its first page, or NULL. */
static struct page *pin_block(unsigned long hva, unsigned int flags)
{
	struct page **pages, *first = NULL;
	int nr;

	pages = kvmalloc_objs(*pages, BLOCK_PAGES, GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	nr = pin_user_pages_fast(hva, BLOCK_PAGES, flags, pages);
	if (nr == BLOCK_PAGES && is_block(pages) && is_pinnable(pages[0]))
		first = pages[0];
	else if (nr > 0)
		unpin_user_pages(pages, nr);
	kvfree(pages);

	return first;
}

static bool is_mapped_near(struct kvm *kvm, phys_addr_t ipa, bool pinned)
{
	guard(read_lock)(&kvm->mmu_lock);

	return pkvm_pgtable_stage2_is_mapped(kvm->arch.mmu.pgt, ALIGN_DOWN(ipa, PMD_SIZE),
					     PMD_SIZE, pinned);
}

/*
 * Replace a pinned page by the pinned block around it, if the memory is a block and the
 * VM has no mapping in that block yet.
 */
static void pin_around(struct kvm *kvm, unsigned long hva, unsigned int flags,
		       struct kvm_pviommu_pin *pin)
{
	struct page *first;

	if (folio_size(page_folio(pin->page)) < PMD_SIZE ||
	    is_mapped_near(kvm, pin->ipa, false) ||
	    account_locked_vm(kvm->mm, BLOCK_PAGES - 1, true))
		return;

	first = pin_block(ALIGN_DOWN(hva, PMD_SIZE), flags);
	if (!first) {
		account_locked_vm(kvm->mm, BLOCK_PAGES - 1, false);
		return;
	}
	unpin_user_page(pin->page);
	pin->page = first;
	pin->nr = BLOCK_PAGES;
	pin->ipa = ALIGN_DOWN(pin->ipa, PMD_SIZE);
}

/**
 * kvm_pviommu_pin() - pin memory before KVM maps it into a plain VM
 * @kvm: the VM of the current process
 * @slot: memory slot
 * @ipa: address in the slot
 * @hva: address of the VMM for @ipa
 * @block: the slot allows a block of PMD_SIZE around @ipa
 * @pin: out: the page or block that is pinned, and how to map it
 *
 * Pinned memory counts as locked memory of the VMM.
 *
 * Context: may sleep; kvm->srcu held.
 * Return: 0; 1 if the memory cannot be pinned; -EAGAIN: try again; or another errno.
 */
int kvm_pviommu_pin(struct kvm *kvm, const struct kvm_memory_slot *slot, phys_addr_t ipa,
		    unsigned long hva, bool block, struct kvm_pviommu_pin *pin)
{
	bool read_only = slot->flags & KVM_MEM_READONLY;
	unsigned int flags = FOLL_LONGTERM | (read_only ? 0 : FOLL_WRITE);
	int ret;

	ret = read_only ? pin_to_read(hva, &pin->page) : pin_page(hva, flags, &pin->page);
	if (ret)
		return ret;
	ret = account_locked_vm(kvm->mm, 1, true);
	if (ret) {
		unpin_user_page(pin->page);
		return ret;
	}

	pin->nr = 1;
	pin->ipa = ALIGN_DOWN(ipa, PAGE_SIZE);
	pin->prot = (read_only ? KVM_PGTABLE_PROT_R | KVM_PGTABLE_PROT_X :
		     KVM_PGTABLE_PROT_RWX) | PKVM_PGTABLE_PROT_PINNED;
	if (block)
		pin_around(kvm, hva, flags, pin);

	return 0;
}

/**
 * kvm_pviommu_unpin() - undo kvm_pviommu_pin()
 * @kvm: the VM
 * @pfn: the first page
 * @nr: number of pages
 * @ret: result of __pkvm_host_unshare_guest() for the pages, or 0 if they were not mapped
 *
 * -EBUSY means that the VM is dying and EL2 could not block a device that reaches the
 * pages. They stay pinned for ever, so that nobody else gets them.
 *
 * Context: may sleep.
 * Return: 0 if the caller can forget the mapping, else @ret.
 */
int kvm_pviommu_unpin(struct kvm *kvm, u64 pfn, u64 nr, int ret)
{
	if (ret && ret != -EBUSY)
		return ret;

	if (!ret)
		unpin_user_page_range_dirty_lock(pfn_to_page(pfn), nr, true);
	account_locked_vm(kvm->mm, nr, false);

	return 0;
}

/**
 * kvm_pviommu_pinned_near() - does the VM have pinned memory in the same block?
 * @kvm: the VM
 * @ipa: an address of the VM
 *
 * KVM maps other memory of such a block by pages, since a block mapping would replace
 * the pinned pages.
 *
 * Return: true if it has.
 */
bool kvm_pviommu_pinned_near(struct kvm *kvm, phys_addr_t ipa)
{
	return kvm_pviommu_pins_memory(kvm) && is_mapped_near(kvm, ipa, true);
}

/**
 * kvm_pviommu_prepare_slot() - check whether a memory slot of a plain VM may change
 * @kvm: the VM
 * @old: the slot, or NULL
 * @new: the changed slot, or NULL
 * @leaves: the slot is deleted or moved; no vCPU uses it any more
 *
 * Return: 0, or -EPERM if the slot holds pinned memory and @leaves, or if @new logs dirty
 * pages: KVM cannot log what devices write.
 */
int kvm_pviommu_prepare_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			     const struct kvm_memory_slot *new, bool leaves)
{
	if (!kvm_pviommu_pins_memory(kvm))
		return 0;
	if (new && new->flags & KVM_MEM_LOG_DIRTY_PAGES)
		return -EPERM;
	if (!leaves)
		return 0;

	guard(read_lock)(&kvm->mmu_lock);

	return pkvm_pgtable_stage2_is_mapped(kvm->arch.mmu.pgt, gfn_to_gpa(old->base_gfn),
					     old->npages << PAGE_SHIFT, true) ? -EPERM : 0;
}
