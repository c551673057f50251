/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages reserved at boot; hyp/boot_pool.c */
#ifndef NATIVE_NVHE_GFP_H
#define NATIVE_NVHE_GFP_H

#include <nvhe/memory.h>

struct hyp_pool {
	u64		next;
	u64		end;
};

int hyp_pool_init(struct hyp_pool *pool, u64 pfn, unsigned int nr_pages,
		  unsigned int reserved_pages);
void *hyp_alloc_pages(struct hyp_pool *pool, u8 order);

#endif /* NATIVE_NVHE_GFP_H */
