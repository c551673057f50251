// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count the DMA mappings of pages and blocks, see pin.h.
 */
#include <linux/atomic.h>
#include <linux/errno.h>

#include <asm/pkvm-iommu-host.h>

#include <nvhe/mem_protect.h>
#include <nvhe/memory.h>

#include <memory/pgtable.h>
#include <memory/pin.h>

#define BLOCK_SHIFT		kvm_granule_shift(IOMMU_BLOCK_LEVEL)
#define BLOCK_MAPS		GENMASK(14, 0)
#define BLOCK_LOST_ONE		((s32)BIT(16))
#define BLOCK_LOST		GENMASK(31, 16)

/**
 * struct block_pins - pins of a block of memory
 * @word: word of the block, see pin.h
 * @pages: words of its pages, the first for the page at the start of the block; NULL if
 *	the block holds no memory
 */
struct block_pins {
	u32		word;
	atomic_t	*pages;
};

static_assert(sizeof(struct block_pins) == PKVM_IOMMU_BLOCK_PINS_SIZE);

/* Where the entry for address 0 would be; entries cover the first to the last memory */
static u64 all_block_pins;

static __always_inline struct block_pins *block_pins_of(u64 phys)
{
	return (struct block_pins *)all_block_pins + (phys >> BLOCK_SHIFT);
}

/* The word of a page; contiguous pages of memory have contiguous words */
static __always_inline atomic_t *page_word(u64 phys)
{
	return block_pins_of(phys)->pages + (phys >> PAGE_SHIFT) % PTRS_PER_PTE;
}

void pin_init(void *mem)
{
	u64 block = BIT_ULL(BLOCK_SHIFT), cur, end = 0;
	unsigned long nr_used;
	atomic_t *words = mem + pkvm_iommu_nr_blocks(&nr_used) * sizeof(struct block_pins);
	unsigned int i;

	all_block_pins = (u64)mem -
			 (hyp_memory[0].base >> BLOCK_SHIFT) * sizeof(struct block_pins);
	for (i = 0; i < hyp_memblock_nr; i++) {
		const struct memblock_region *reg = &hyp_memory[i];

		cur = max(ALIGN_DOWN(reg->base, block), end);
		end = ALIGN(reg->base + reg->size, block);
		for (; cur < end; cur += block, words += PTRS_PER_PTE)
			block_pins_of(cur)->pages = words;
	}
}

u32 block_pin_count(u64 phys)
{
	/* Without an IOMMU there are neither words nor DMA mappings */
	return all_block_pins ? READ_ONCE(block_pins_of(phys)->word) & BLOCK_MAPS : 0;
}

u32 block_lost_pages(u64 phys)
{
	return all_block_pins ? FIELD_GET(BLOCK_LOST, READ_ONCE(block_pins_of(phys)->word)) : 0;
}

/* Add to the word of a block, unless a bit of @forbidden is set or the count is full */
static bool block_update(u64 phys, u32 forbidden, s32 add)
{
	u32 *word = &block_pins_of(phys)->word, old, cur;

	for (old = READ_ONCE(*word); ; old = cur) {
		if (old & forbidden || (add == 1 && (old & BLOCK_MAPS) == BLOCK_MAPS))
			return false;
		cur = cmpxchg(word, old, old + add);
		if (cur == old)
			return true;
	}
}

bool pin_block(u64 phys)
{
	return block_update(phys, BLOCK_LOST, 1);
}

bool pin_guest_block(u64 phys)
{
	return block_update(phys, 0, 1);
}

void unpin_block(u64 phys)
{
	block_update(phys, 0, -1);
}

/* Inlined, as is unpin_word(): one of them runs for each page of a mapping */
static __always_inline int pin_word(atomic_t *word, u32 forbidden)
{
	u32 old;

	/* Fail early if the page is already revoked; do not touch the count */
	if (forbidden & PIN_REVOKED && atomic_read(word) & PIN_REVOKED)
		return -EPERM;
	old = atomic_fetch_add(1, word);
	if (likely(!(old & forbidden)))
		return 0;
	atomic_sub(1, word);

	return old & forbidden & PIN_REVOKED ? -EPERM : -EBUSY;
}

static __always_inline void unpin_word(atomic_t *word)
{
	atomic_fetch_sub_release(1, word);
}

static __always_inline int pin_words(u64 phys, u64 size, u32 forbidden, u64 *done)
{
	atomic_t *first = page_word(phys), *word = first, *end = first + (size >> PAGE_SHIFT);
	int ret = 0;

	for (; word < end; word++) {
		ret = pin_word(word, forbidden);
		if (ret)
			break;
	}
	*done = (u64)(word - first) << PAGE_SHIFT;

	return ret;
}

int pin_pages(u64 phys, u64 size, u64 *done)
{
	return pin_words(phys, size, PIN_REVOKED | PIN_FULL, done);
}

int pin_guest_pages(u64 phys, u64 size, u64 *done)
{
	return pin_words(phys, size, PIN_FULL, done);
}

void unpin_pages(u64 phys, u64 size)
{
	atomic_t *word = page_word(phys), *end = word + (size >> PAGE_SHIFT);

	for (; word < end; word++)
		unpin_word(word);
}

void unpin_leaves(const kvm_pte_t *ptep, unsigned int nr)
{
	const kvm_pte_t *end = ptep + nr;

	for (; ptep < end; ptep++) {
		u64 phys = *ptep & KVM_PTE_ADDR_MASK;

		switch (FIELD_GET(IOMMU_PTE_PIN, *ptep)) {
		case IOMMU_PIN_PAGE:
			unpin_word(page_word(phys));
			break;
		case IOMMU_PIN_BLOCK:
			unpin_block(phys);
			break;
		}
	}
}

static int revoke_page(u64 phys)
{
	atomic_t *word = page_word(phys);
	u32 old = atomic_read(word);

	if (!block_update(phys, BLOCK_MAPS, BLOCK_LOST_ONE))
		return -EBUSY;
	if (!(old & (PIN_COUNT | PIN_REVOKED)) &&
	    atomic_cmpxchg(word, old, old | PIN_REVOKED) == old)
		return 0;
	block_update(phys, 0, -BLOCK_LOST_ONE);

	return -EBUSY;
}

int page_revoke(u64 phys, u64 size)
{
	u64 cur, end = phys + size;

	for (cur = phys; cur < end; cur += PAGE_SIZE) {
		int ret = revoke_page(cur);

		if (ret) {
			page_grant(phys, cur - phys);
			return ret;
		}
	}

	return 0;
}

void page_grant(u64 phys, u64 size)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		u32 old = atomic_fetch_andnot(PIN_REVOKED, page_word(phys));

		if (old & PIN_REVOKED)
			block_update(phys, 0, -BLOCK_LOST_ONE);
	}
}

u32 page_pin_count(u64 phys)
{
	return all_block_pins ? atomic_read(page_word(phys)) & PIN_COUNT : 0;
}

bool page_is_pinned(u64 phys)
{
	return block_pin_count(phys) || page_pin_count(phys);
}

bool page_is_revoked(u64 phys)
{
	return atomic_read(page_word(phys)) & PIN_REVOKED;
}
