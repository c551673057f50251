// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting the DMA mappings of a page, or of a block.
 */
#include <linux/atomic.h>
#include <linux/errno.h>

#include <nvhe/mem_protect.h>
#include <nvhe/memory.h>

#include <page_use.h>
#include <pgtable.h>

#define BLOCK_SHIFT		kvm_granule_shift(IOMMU_BLOCK_LEVEL)
#define BLOCK_MAPS		GENMASK(14, 0)
#define BLOCK_LOST_ONE		((s32)BIT(16))
#define BLOCK_LOST		GENMASK(31, 16)

/* One for each block from the first to the last of memory, also where there is none */
static u32 *block_words;

static u64 first_block(void)
{
	return hyp_memory[0].base >> BLOCK_SHIFT;
}

size_t block_use_size(void)
{
	const struct memblock_region *last = &hyp_memory[hyp_memblock_nr - 1];

	if (!hyp_memblock_nr)
		return 0;

	return (((last->base + last->size - 1) >> BLOCK_SHIFT) - first_block() + 1) * sizeof(u32);
}

void block_use_init(void *words)
{
	block_words = words;
}

static u32 *block_word(u64 phys)
{
	return &block_words[(phys >> BLOCK_SHIFT) - first_block()];
}

u32 block_use_maps(u64 phys)
{
	/* Without an SMMU there is neither a word nor a mapping */
	return block_words ? READ_ONCE(*block_word(phys)) & BLOCK_MAPS : 0;
}

u32 block_use_lost(u64 phys)
{
	return block_words ? FIELD_GET(BLOCK_LOST, READ_ONCE(*block_word(phys))) : 0;
}

/* Add to the word of the block around @phys, unless one of @forbidden is set */
static bool block_update(u64 phys, u32 forbidden, s32 add)
{
	u32 *word = block_word(phys), old, cur;

	for (old = READ_ONCE(*word); ; old = cur) {
		if (old & forbidden || (add == 1 && (old & BLOCK_MAPS) == BLOCK_MAPS))
			return false;
		cur = cmpxchg(word, old, old + add);
		if (cur == old)
			return true;
	}
}

bool block_use_get(u64 phys)
{
	return block_update(phys, BLOCK_LOST, 1);
}

bool block_use_get_guest(u64 phys)
{
	return block_update(phys, 0, 1);
}

void block_use_put(u64 phys)
{
	block_update(phys, 0, -1);
}

/* Inline, as the next: what each page of a mapping costs is these */
static __always_inline int get_page_use(struct hyp_page *page, u32 forbidden)
{
	u32 old;

	/* Who asks for what is long known not to be his leaves no trace */
	if (forbidden & DMA_USE_REVOKED && atomic_read(&page->dma_use) & DMA_USE_REVOKED)
		return -EPERM;
	old = atomic_fetch_add(DMA_USE_ONE, &page->dma_use);
	if (likely(!(old & forbidden)))
		return 0;
	atomic_sub(DMA_USE_ONE, &page->dma_use);

	return old & forbidden & DMA_USE_REVOKED ? -EPERM : -EBUSY;
}

static __always_inline void put_page_use(struct hyp_page *page)
{
	atomic_fetch_sub_release(DMA_USE_ONE, &page->dma_use);
}

static __always_inline int get_page_uses(u64 phys, u64 size, u32 forbidden, u64 *done)
{
	struct hyp_page *first = hyp_phys_to_page(phys), *page = first;
	struct hyp_page *end = first + (size >> PAGE_SHIFT);
	int ret = 0;

	for (; page < end; page++) {
		ret = get_page_use(page, forbidden);
		if (ret)
			break;
	}
	*done = (u64)(page - first) << PAGE_SHIFT;

	return ret;
}

int page_use_get(u64 phys, u64 size, u64 *done)
{
	return get_page_uses(phys, size, DMA_USE_REVOKED | DMA_USE_FULL, done);
}

int page_use_get_guest(u64 phys, u64 size, u64 *done)
{
	return get_page_uses(phys, size, DMA_USE_FULL, done);
}

void page_use_put(u64 phys, u64 size)
{
	struct hyp_page *page = hyp_phys_to_page(phys), *end = page + (size >> PAGE_SHIFT);

	for (; page < end; page++)
		put_page_use(page);
}

void page_use_put_leaves(const kvm_pte_t *ptep, unsigned int nr)
{
	const kvm_pte_t *end = ptep + nr;

	for (; ptep < end; ptep++) {
		u64 phys = *ptep & KVM_PTE_ADDR_MASK;

		switch (FIELD_GET(IOMMU_PTE_PIN, *ptep)) {
		case IOMMU_PIN_PAGE:
			put_page_use(hyp_phys_to_page(phys));
			break;
		case IOMMU_PIN_BLOCK:
			block_use_put(phys);
			break;
		}
	}
}

static int revoke_page(u64 phys)
{
	atomic_t *use = &hyp_phys_to_page(phys)->dma_use;
	u32 old = atomic_read(use);

	if (!block_update(phys, BLOCK_MAPS, BLOCK_LOST_ONE))
		return -EBUSY;
	if (!(old & (DMA_USE_COUNT | DMA_USE_REVOKED)) &&
	    atomic_cmpxchg(use, old, old | DMA_USE_REVOKED) == old)
		return 0;
	block_update(phys, 0, -BLOCK_LOST_ONE);

	return -EBUSY;
}

int page_use_revoke(u64 phys, u64 size)
{
	u64 cur, end = phys + size;

	for (cur = phys; cur < end; cur += PAGE_SIZE) {
		int ret = revoke_page(cur);

		if (ret) {
			page_use_grant(phys, cur - phys);
			return ret;
		}
	}

	return 0;
}

void page_use_grant(u64 phys, u64 size)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		u32 old = atomic_fetch_andnot(DMA_USE_REVOKED, &hyp_phys_to_page(phys)->dma_use);

		if (old & DMA_USE_REVOKED)
			block_update(phys, 0, -BLOCK_LOST_ONE);
	}
}

u32 page_use_count(u64 phys)
{
	return FIELD_GET(DMA_USE_COUNT, atomic_read(&hyp_phys_to_page(phys)->dma_use));
}

bool page_use_busy(u64 phys)
{
	return block_use_maps(phys) || page_use_count(phys);
}

bool page_use_revoked(u64 phys)
{
	return atomic_read(&hyp_phys_to_page(phys)->dma_use) & DMA_USE_REVOKED;
}
