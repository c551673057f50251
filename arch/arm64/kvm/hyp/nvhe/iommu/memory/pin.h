/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may map a page for DMA, and how often it is mapped (I1, I5).
 *
 * Each page has an atomic word, which is the whole protocol, without a lock:
 *
 *	count			the host may map the page
 *	REVOKED | count		the page is not the host's
 *
 * where count says how often it is mapped by the host's domains, or by those
 * of the VM that owns it, or by both if the VM shares it with the host or the host
 * lends it to the VM.
 *
 * Map and unmap of different domains thus share nothing but the pages they
 * have in common, and a donation that races with a map has one winner: the
 * donor swaps 0 for REVOKED, the mapper adds 1 and looks at what was there. If it
 * lost that race it takes the 1 back; until then the page seems to be in use, which
 * delays others and lets nobody in. A guest maps under the lock of its stage 2,
 * without which none of its pages changes hands or is taken back.
 *
 * This says the same as the host state of the page, which is guarded by
 * host_mmu.lock: REVOKED if and only if it is PKVM_NOPAGE. Both change under
 * that lock. How often plain VMs have a page is in hyp_page::host_share_guest_count and
 * no part of this: a page that was lent is not revoked, and it is taken back under
 * pkvm_hyp_vm::lock, where guests map.
 *
 * The words lie beside struct hyp_page, which has no room for a count that a host
 * cannot exhaust, and whose size all machines pay for; these exist only where EL2
 * has an IOMMU.
 *
 * A mapping of a whole block counts once, in a word of the block:
 *
 *	lost << 16 | maps	how many of its pages are not the host's, and how
 *				often all of it is mapped
 *
 * No page of a block leaves the host while maps is not 0, and the host maps no
 * block of which a page is lost: again one word, and one winner. A guest maps a
 * block of which each page is its own, so all of it is lost, or shared again. What
 * is true of pages that are mapped is true of those of a block that is.
 */
#ifndef __PKVM_IOMMU_PIN_H__
#define __PKVM_IOMMU_PIN_H__

#include <linux/bitfield.h>
#include <linux/types.h>

#include <asm/kvm_pgtable.h>

#define PIN_COUNT		GENMASK(30, 0)
/*
 * Nobody counts beyond this but for a moment, one for each CPU. The tables of so many
 * mappings take 8 GiB.
 */
#define PIN_FULL		BIT(30)
#define PIN_REVOKED		BIT(31)
#define PIN_COUNT_MAX		PIN_FULL

/**
 * pin_pages() - pin the host's pages for one more DMA mapping
 * @phys: start, page aligned, in memory
 * @size: bytes, in the same piece of memory
 * @done: out, bytes pinned, also on error
 *
 * Return: 0, -EPERM (page at @phys + @done is not the host's), -EBUSY (mapped
 * PIN_COUNT_MAX times).
 */
int pin_pages(u64 phys, u64 size, u64 *done);

/* As pin_pages(), for pages of a guest. Context: pkvm_hyp_vm::lock held. */
int pin_guest_pages(u64 phys, u64 size, u64 *done);

/* Undo these, once no TLB holds the translation */
void unpin_pages(u64 phys, u64 size);

/**
 * pin_block() - pin a whole block of the host for one more DMA mapping
 * @phys: start, aligned to a block of IOMMU_BLOCK_LEVEL that is all memory
 *
 * Return: true, or false: it has to be pinned page by page, if it can be at all.
 */
bool pin_block(u64 phys);

/* As pin_block(), for a guest all of whose it is. Context: pkvm_hyp_vm::lock held. */
bool pin_guest_block(u64 phys);

/* Undo these, once no TLB holds the translation */
void unpin_block(u64 phys);

/**
 * unpin_leaves() - undo what pinned the memory that leaves of a table map
 * @ptep: the first of them, stale
 * @nr: how many
 *
 * Each says what that was, see IOMMU_PTE_PIN.
 */
void unpin_leaves(const kvm_pte_t *ptep, unsigned int nr);

/**
 * page_revoke() - take pages from the host for good
 * @phys: start, page aligned
 * @size: bytes
 *
 * Return: 0, or -EBUSY if one is mapped; nothing changed then.
 */
int page_revoke(u64 phys, u64 size);

/* Is the page mapped for DMA? */
bool page_is_pinned(u64 phys);

/* Give pages to the host; what a guest has mapped stays counted */
void page_grant(u64 phys, u64 size);

/* Is the page one that page_revoke() took? */
bool page_is_revoked(u64 phys);

/* How often is the page mapped as one? */
u32 page_pin_count(u64 phys);

/* How often is the block around it mapped as a whole? */
u32 block_pin_count(u64 phys);

/* How many of its pages are not the host's? */
u32 block_lost_pages(u64 phys);

/* @mem: pkvm_iommu_pin_table_pages(), zeroed; before anything is pinned */
void pin_init(void *mem);

#endif /* __PKVM_IOMMU_PIN_H__ */
