/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins: how often a page is mapped for DMA, and whether the host can map it (I1, I5).
 *
 * Each page has an atomic word, which needs no lock:
 *
 *	count			the host can map the page
 *	REVOKED | count		the host does not own the page
 *
 * count is the number of mappings in domains of the host, of the VM that owns the page,
 * or of both if the VM shares the page with the host or the host lends it to the VM.
 *
 * So CPUs that map or unmap in different domains share only the words of pages that both
 * map. If a donation races with a map, one of them wins: the donation replaces 0 by
 * REVOKED, the map adds 1 and looks at the old value. A map that loses takes the 1 back.
 * Until then the page seems to be in use, which can delay other calls but gives nobody
 * access. A guest maps under pkvm_hyp_vm::lock, without which none of its pages changes
 * owner.
 *
 * A page is REVOKED if and only if its host state is PKVM_NOPAGE; both change under
 * host_mmu.lock. The word does not count to how many plain VMs the host lends the page,
 * see hyp_page::host_share_guest_count. A page that is lent is not REVOKED, and the host
 * takes it back under pkvm_hyp_vm::lock, under which guests map.
 *
 * The words are not in struct hyp_page, which has no room for a count that a host cannot
 * exhaust and whose size all machines pay for. They exist only if EL2 has an IOMMU.
 *
 * A mapping of a whole block counts once, in a word of the block:
 *
 *	lost << 16 | maps	number of its pages that are REVOKED, and number of
 *				mappings of the whole block
 *
 * No page of a block can be revoked while maps is not 0, and the host cannot map a block
 * while lost is not 0: again there is one word and one winner. A guest maps a block if it
 * can map each of its pages, whether lost or not. Every page of a mapped block counts as
 * pinned, see page_is_pinned().
 */
#ifndef __PKVM_IOMMU_PIN_H__
#define __PKVM_IOMMU_PIN_H__

#include <linux/bitfield.h>
#include <linux/types.h>

#include <asm/kvm_pgtable.h>

#define PIN_COUNT		GENMASK(30, 0)
/*
 * A count exceeds this only for a moment, by at most one for each CPU. Page tables with
 * so many mappings take 8 GiB.
 */
#define PIN_FULL		BIT(30)
#define PIN_REVOKED		BIT(31)
#define PIN_COUNT_MAX		PIN_FULL

/**
 * pin_pages() - pin the host's pages for one more DMA mapping
 * @phys: start, page aligned, in memory
 * @size: bytes, a multiple of PAGE_SIZE, in the same region of memory
 * @done: out, bytes pinned, also on error
 *
 * Return: 0; -EPERM (the host does not own the page at @phys + @done), -EBUSY (that page
 * is pinned PIN_COUNT_MAX times).
 */
int pin_pages(u64 phys, u64 size, u64 *done);

/* As pin_pages(), for pages of a guest. Context: pkvm_hyp_vm::lock held. */
int pin_guest_pages(u64 phys, u64 size, u64 *done);

/* Undo either function above, once no TLB holds the translation */
void unpin_pages(u64 phys, u64 size);

/**
 * pin_block() - pin a whole block of the host for one more DMA mapping
 * @phys: start, aligned to a block of IOMMU_BLOCK_LEVEL that is all memory
 *
 * Return: true if it is pinned; false if the caller has to try page by page.
 */
bool pin_block(u64 phys);

/* As pin_block(), for a block that a guest can map. Context: pkvm_hyp_vm::lock held. */
bool pin_guest_block(u64 phys);

/* Undo either function above, once no TLB holds the translation */
void unpin_block(u64 phys);

/**
 * unpin_leaves() - unpin the memory that leaves of a table map
 * @ptep: first leaf; all are stale or unreachable for IOMMUs
 * @nr: number of leaves
 *
 * Each leaf says how its memory is pinned, see IOMMU_PTE_PIN.
 */
void unpin_leaves(const kvm_pte_t *ptep, unsigned int nr);

/**
 * page_revoke() - forbid the host to map pages for DMA, until page_grant()
 * @phys: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Return: 0; -EBUSY if a page, or the block with it, is pinned (also for a moment, by a
 * map that then fails), or if a page is revoked already. Nothing changed then.
 */
int page_revoke(u64 phys, u64 size);

/* Is the page mapped for DMA? */
bool page_is_pinned(u64 phys);

/* Give pages back to the host; pins of a guest stay counted */
void page_grant(u64 phys, u64 size);

/* Has page_revoke() taken the page from the host? */
bool page_is_revoked(u64 phys);

/* How often is the page pinned on its own? */
u32 page_pin_count(u64 phys);

/* How often is the block that contains the page pinned as a whole? */
u32 block_pin_count(u64 phys);

/* How many pages of the block with @phys are REVOKED (see above)? For tests only. */
u32 block_lost_pages(u64 phys);

/* Called at boot; @mem: pkvm_iommu_pin_table_pages() zeroed pages */
void pin_init(void *mem);

#endif /* __PKVM_IOMMU_PIN_H__ */
