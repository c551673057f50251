// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pkvm_dma_bench measures: to map and unmap pages that lie together or apart,
 * and calls of EL2 that do nothing.
 */
#include <linux/arm-smccc.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <linux/pkvm-iommu-guest.h>

#include <asm/kvm_asm.h>

#include "bench.h"

#define NO_SUCH_OP	0x1000

/* Not inline, and with these names, for the profiler */
noinline int bench_map_pages(struct bench *b);
noinline void bench_unmap_pages(struct bench *b);
noinline int bench_map_scatter(struct bench *b);
noinline void bench_unmap_scatter(struct bench *b);
noinline int bench_host_hvc(struct bench *b);
noinline int bench_guest_hvc(struct bench *b);

int bench_map_pages(struct bench *b)
{
	b->addr = dma_map_single(b->dev, b->pages, b->size, DMA_BIDIRECTIONAL);

	return dma_mapping_error(b->dev, b->addr);
}

void bench_unmap_pages(struct bench *b)
{
	dma_unmap_single(b->dev, b->addr, b->size, DMA_BIDIRECTIONAL);
}

int bench_map_scatter(struct bench *b)
{
	return dma_map_sg(b->dev, b->table.sgl, b->nr, DMA_BIDIRECTIONAL) ? 0 :
	       -EIO;
}

void bench_unmap_scatter(struct bench *b)
{
	dma_unmap_sg(b->dev, b->table.sgl, b->nr, DMA_BIDIRECTIONAL);
}

int bench_host_hvc(struct bench *b)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op), (u64)NO_SUCH_OP,
			  &res);

	return (long)res.a1 == -EOPNOTSUPP ? 0 : -ENODEV;
}

int bench_guest_hvc(struct bench *b)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(PVIOMMU_OP_FUNC_ID, (u64)NO_SUCH_OP, &res);

	return (int)res.a0 == SMCCC_RET_NOT_SUPPORTED ? 0 : -ENODEV;
}

static void no_unmap(struct bench *b) { }

static int no_map(struct bench *b)
{
	return 0;
}

/* Every second page of one block: none is next to another */
static int prepare_scatter(struct bench *b)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(&b->table, b->nr, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(&b->table, sg, i)
		sg_set_buf(sg, b->pages + 2 * i * PAGE_SIZE, PAGE_SIZE);
	b->map = bench_map_scatter;
	b->unmap = bench_unmap_scatter;

	return 0;
}

int bench_prepare(struct bench *b, const char *kind)
{
	b->size = b->nr * PAGE_SIZE;
	b->unmap = no_unmap;
	if (!strcmp(kind, "host-hvc")) {
		b->map = bench_host_hvc;
		return 0;
	}
	if (!strcmp(kind, "guest-hvc")) {
		b->map = bench_guest_hvc;
		return 0;
	}
	if (!strcmp(kind, "pages")) {
		b->map = bench_map_pages;
		b->unmap = bench_unmap_pages;
	} else if (!strcmp(kind, "scatter")) {
		b->size *= 2;
	} else {
		return -EINVAL;
	}

	/* Of its own size or more it is aligned to that; a guest has the pages then */
	b->pages = alloc_pages_exact(b->size, GFP_KERNEL);
	if (!b->pages)
		return -ENOMEM;
	memset(b->pages, 0x66, b->size);

	return strcmp(kind, "scatter") ? 0 : prepare_scatter(b);
}

void bench_prepare_nothing(struct bench *b)
{
	b->map = no_map;
	b->unmap = no_unmap;
}

void bench_finish(struct bench *b)
{
	sg_free_table(&b->table);
	if (b->pages)
		free_pages_exact(b->pages, b->size);
}
