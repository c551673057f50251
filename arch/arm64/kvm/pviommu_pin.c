// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of plain VMs that have pvIOMMUs.
 *
 * EL2 gives the devices of a plain VM only memory that the host has pinned, and does not
 * take it back while they reach it. So memory that can stay where it is gets pinned when
 * the VM first needs it, and stays the VM's until its end, after that of its DMA.
 *
 * What cannot, or should not stay comes and goes as in any other VM, and is no target
 * for devices: page cache of a file system, which would be written back while a device
 * writes to it; the zero page; memory that the VMM itself may not write to, in a slot
 * that the VM may.
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
 * kvm_pviommu_pins_memory() - can the VM's memory be the target of its devices?
 * @kvm: the VM
 *
 * Return: true for a plain VM with pvIOMMUs. Does not change once the VM has run.
 */
bool kvm_pviommu_pins_memory(const struct kvm *kvm)
{
	return kvm->arch.pkvm.pviommus && !kvm_vm_is_protected(kvm);
}

/*
 * Anonymous memory, be it freed lazily, shmem and hugetlb; neither page cache that is
 * written back, see pkvm_mem_abort(), nor the zero page, which nobody can pin.
 */
static bool may_stay(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_anon(folio) || folio_test_swapbacked(folio) ||
	       folio_test_hugetlb(folio);
}

/* 0: *@page is pinned; 1: what is there cannot be; or an errno */
static int pin_page(unsigned long hva, unsigned int flags, struct page **page)
{
	int ret = pin_user_pages_fast(hva, 1, flags, page);

	switch (ret) {
	case 1:
		if (may_stay(*page))
			return 0;
		unpin_user_page(*page);
		return 1;
	case -EFAULT:
	case -EOPNOTSUPP:
		/* Whether it can be had at all, user_mem_abort() finds out */
		return 1;
	}

	return ret ?: -EAGAIN;
}

/*
 * A slot that the VM only reads may have memory that the VMM only reads. To pin it for
 * long gives the VMM copies of its own of a private file, or of the zero page: see what
 * is there first.
 */
static int pin_to_read(unsigned long hva, struct page **page)
{
	int ret = pin_page(hva, 0, page);

	if (ret)
		return ret;
	unpin_user_page(*page);

	return pin_page(hva, FOLL_LONGTERM, page);
}

/* Are they one piece of one folio, which a block can map? */
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

/* Pin a whole block in one call: its first page, or NULL */
static struct page *pin_block(unsigned long hva, unsigned int flags)
{
	struct page **pages, *first = NULL;
	int nr;

	pages = kvmalloc_objs(*pages, BLOCK_PAGES, GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	nr = pin_user_pages_fast(hva, BLOCK_PAGES, flags, pages);
	if (nr == BLOCK_PAGES && is_block(pages) && may_stay(pages[0]))
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

/* A page is pinned: pin all of its block instead, if that is one and lent as a whole */
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
 * kvm_pviommu_pin() - pin memory that a plain VM is about to get
 * @kvm: the VM, that of the current process
 * @slot: memory slot
 * @ipa: address in the slot
 * @hva: that of the VMM for it
 * @block: the slot can have blocks of PMD_SIZE there
 * @pin: out, what is pinned around @ipa, and how it is to be lent
 *
 * What is pinned counts as locked memory of the VMM.
 *
 * Context: may sleep; kvm->srcu held.
 * Return: 0; 1: what is there cannot be pinned; -EAGAIN: try again; or another errno.
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
 * @nr: how many
 * @ret: what EL2 said when it was to give them back, or 0 if it never had them
 *
 * From a dying VM EL2 gives back all but what a device reaches that could not be
 * stopped (-EBUSY). That stays pinned, which loses it, but is of no danger to anyone.
 *
 * Context: may sleep.
 * Return: 0 if there is nothing left to do for the pages, else @ret.
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
 * kvm_pviommu_pinned_near() - is there pinned memory in the same block?
 * @kvm: the VM
 * @ipa: an address of the VM
 *
 * No block replaces it: what is not pinned is mapped by pages there.
 *
 * Return: true if so.
 */
bool kvm_pviommu_pinned_near(struct kvm *kvm, phys_addr_t ipa)
{
	return kvm_pviommu_pins_memory(kvm) && is_mapped_near(kvm, ipa, true);
}

/**
 * kvm_pviommu_prepare_slot() - may a memory slot of a plain VM change so?
 * @kvm: the VM
 * @old: the slot, or NULL
 * @new: what it becomes, or NULL
 * @leaves: the slot is deleted or moved; no vCPU uses it any more
 *
 * Return: 0, or -EPERM: the VM keeps memory of the slot that is pinned, or its devices
 * would write to the slot without a trace in the log of dirty pages.
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
