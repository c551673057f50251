// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting the DMA mappings of a page.
 */
#include <linux/atomic.h>
#include <linux/errno.h>

#include <nvhe/mem_protect.h>
#include <nvhe/memory.h>

#include <page_use.h>

static int get_page_use(struct hyp_page *page, u16 forbidden)
{
	u16 old = READ_ONCE(page->dma_count), cur;

	for (;; old = cur) {
		if (old & forbidden)
			return -EPERM;
		if ((old & DMA_PAGE_COUNT_MAX) == DMA_PAGE_COUNT_MAX)
			return -EBUSY;
		cur = cmpxchg(&page->dma_count, old, old + 1);
		if (cur == old)
			return 0;
	}
}

static void put_page_use(struct hyp_page *page)
{
	u16 old = READ_ONCE(page->dma_count), cur;

	for (; old & DMA_PAGE_COUNT_MAX; old = cur) {
		cur = cmpxchg(&page->dma_count, old, old - 1);
		if (cur == old)
			return;
	}
}

int page_use_get(u64 phys, u64 size, u64 *done)
{
	for (*done = 0; *done < size; *done += PAGE_SIZE) {
		int ret = get_page_use(hyp_phys_to_page(phys + *done), DMA_PAGE_REVOKED);

		if (ret)
			return ret;
	}

	return 0;
}

int page_use_get_guest(u64 phys)
{
	return get_page_use(hyp_phys_to_page(phys), 0);
}

void page_use_put(u64 phys, u64 size)
{
	u64 end = phys + size;

	/* A leaf lies in memory or outside, never both, see map.c */
	if (!addr_is_memory(phys))
		return;
	for (; phys < end; phys += PAGE_SIZE)
		put_page_use(hyp_phys_to_page(phys));
}

int page_use_revoke(u64 phys, u64 size)
{
	u64 cur, end = phys + size;

	for (cur = phys; cur < end; cur += PAGE_SIZE) {
		if (cmpxchg(&hyp_phys_to_page(cur)->dma_count, 0, DMA_PAGE_REVOKED)) {
			page_use_grant(phys, cur - phys);
			return -EBUSY;
		}
	}

	return 0;
}

void page_use_grant(u64 phys, u64 size)
{
	u64 end = phys + size;

	for (; phys < end; phys += PAGE_SIZE) {
		struct hyp_page *page = hyp_phys_to_page(phys);
		u16 old = READ_ONCE(page->dma_count), cur;

		for (;; old = cur) {
			cur = cmpxchg(&page->dma_count, old, old & ~DMA_PAGE_REVOKED);
			if (cur == old)
				break;
		}
	}
}

bool page_use_busy(u64 phys)
{
	return READ_ONCE(hyp_phys_to_page(phys)->dma_count) & DMA_PAGE_COUNT_MAX;
}

bool page_use_revoked(u64 phys)
{
	return READ_ONCE(hyp_phys_to_page(phys)->dma_count) & DMA_PAGE_REVOKED;
}
