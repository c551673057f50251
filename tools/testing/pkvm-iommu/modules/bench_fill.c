// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings that only have to be there, for pkvm_dma_bench: of pages one by one, as a
 * block would need no table, and of the same memory again and again, as a mapping
 * does not care what else maps its memory.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "bench.h"

/* The memory, which is mapped again and again */
#define FILL_SIZE	SZ_2M
#define FILL_PIECE	SZ_256K

struct bench_fill {
	struct device	*dev;
	void		*memory;
	unsigned long	nr;
	dma_addr_t	addr[];
};

static int fill_one(struct bench_fill *f)
{
	void *piece = f->memory + f->nr * FILL_PIECE % FILL_SIZE;
	dma_addr_t addr = dma_map_single(f->dev, piece, FILL_PIECE, DMA_BIDIRECTIONAL);

	if (dma_mapping_error(f->dev, addr))
		return -ENOMEM;
	f->addr[f->nr++] = addr;

	return 0;
}

struct bench_fill *bench_fill(struct device *dev, unsigned int mib)
{
	unsigned long nr = (u64)mib * SZ_1M / FILL_PIECE;
	struct bench_fill *f;
	int ret = 0;

	f = kvzalloc(struct_size(f, addr, nr), GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->dev = dev;
	f->memory = alloc_pages_exact(FILL_SIZE, GFP_KERNEL);
	if (!f->memory)
		ret = -ENOMEM;
	while (!ret && f->nr < nr)
		ret = fill_one(f);
	if (!ret)
		return f;
	bench_empty(f);

	return ERR_PTR(ret);
}

void bench_empty(struct bench_fill *f)
{
	while (f->nr--)
		dma_unmap_single(f->dev, f->addr[f->nr], FILL_PIECE, DMA_BIDIRECTIONAL);
	if (f->memory)
		free_pages_exact(f->memory, FILL_SIZE);
	kvfree(f);
}
