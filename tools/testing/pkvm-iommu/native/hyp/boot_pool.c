// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the host reserves before EL2 starts. It is never given back, so
 * a pointer that moves on will do.
 */
#include <nvhe/early_alloc.h>
#include <nvhe/gfp.h>

#include "hyp.h"

static u64 next_page, end_page;

void boot_pool_init(u64 phys, unsigned int nr_pages)
{
	next_page = phys;
	end_page = phys + nr_pages * PAGE_SIZE;
	for (; phys < end_page; phys += PAGE_SIZE) {
		page_set_owner(phys, OWNER_HYP, 0, 0);
		set_host_state(hyp_phys_to_page(phys), PKVM_NOPAGE);
		set_hyp_state(hyp_phys_to_page(phys), PKVM_PAGE_OWNED);
	}
}

void *hyp_early_alloc_contig(unsigned int nr_pages)
{
	u64 phys = next_page;

	if (!nr_pages || nr_pages > (end_page - next_page) >> PAGE_SHIFT)
		return NULL;
	next_page += nr_pages * PAGE_SIZE;

	return memset(hyp_phys_to_virt(phys), 0, nr_pages * PAGE_SIZE);
}

int hyp_pool_init(struct hyp_pool *pool, u64 pfn, unsigned int nr_pages,
		  unsigned int reserved_pages)
{
	pool->next = hyp_pfn_to_phys(pfn);
	pool->end = pool->next + nr_pages * PAGE_SIZE;

	return 0;
}

void *hyp_alloc_pages(struct hyp_pool *pool, u8 order)
{
	u64 size = PAGE_SIZE << order, phys = ALIGN(pool->next, size);

	if (fault_hits(FAULT_ALLOC) || phys + size > pool->end)
		return NULL;
	pool->next = phys + size;

	return memset(hyp_phys_to_virt(phys), 0, size);
}
