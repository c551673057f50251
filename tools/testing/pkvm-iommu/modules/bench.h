/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What DMA mappings cost: the parts of the module pkvm_dma_bench.
 *
 *	bench.c		measures, and says what it found
 *	bench_maps.c	what is measured
 *	bench_fill.c	mappings that only have to be there meanwhile
 */
#ifndef PKVM_DMA_BENCH_H
#define PKVM_DMA_BENCH_H

#include <linux/device.h>
#include <linux/scatterlist.h>

/**
 * struct bench - one thing to measure
 * @dev: whose mappings
 * @nr: pages of a mapping
 * @pages: memory that is mapped
 * @size: of @pages, in bytes
 * @table: its pieces, of a mapping with more than one
 * @addr: where it is mapped
 * @map: maps it, or does what else is to be measured
 * @unmap: undoes it
 */
struct bench {
	struct device		*dev;
	unsigned int		nr;
	void			*pages;
	size_t			size;
	struct sg_table		table;
	dma_addr_t		addr;
	int			(*map)(struct bench *b);
	void			(*unmap)(struct bench *b);
};

/* Set @b up for what @kind names: everything but @b->dev and @b->nr */
int bench_prepare(struct bench *b, const char *kind);
void bench_finish(struct bench *b);

/* The same for nothing at all, which only shows what measuring costs */
void bench_prepare_nothing(struct bench *b);

struct bench_fill;

/* Map @mib MiB for @dev, in pieces, until bench_empty() */
struct bench_fill *bench_fill(struct device *dev, unsigned int mib);
void bench_empty(struct bench_fill *f);

#endif
