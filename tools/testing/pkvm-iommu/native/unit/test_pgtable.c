// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: geometry, entries, blocks.
 */
#include <linux/iommu.h>

#include <memory/pgtable.h>

#include "../ghost/ghost.h"
#include "test.h"

#define BLOCK	GHOST_BLOCK

/* One table, or up to 16 in a row at stage 2, at the level where the input size starts */
TEST(pgtable, geometry)
{
	static const struct {
		u8	stage, ias;
		s8	level[3];	/* 4K, 16K, 64K */
		u8	roots[3];
	} cases[] = {
		{ 1, 48, { 0, 0, 1 }, { 1, 1, 1 } },
		{ 1, 47, { 0, 1, 1 }, { 1, 1, 1 } },
		{ 2, 48, { 0, 1, 1 }, { 1, 2, 1 } },
		{ 2, 44, { 0, 1, 2 }, { 1, 1, 4 } },
		{ 2, 42, { 1, 1, 2 }, { 8, 1, 1 } },
		{ 2, 40, { 1, 2, 2 }, { 2, 16, 1 } },
	};
	unsigned int i, page = (PAGE_SHIFT - 12) / 2;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(iommu_pgtable_start_level(cases[i].stage, cases[i].ias),
			  cases[i].level[page]);
		ASSERT_EQ(iommu_pgtable_root_pages(cases[i].stage, cases[i].ias),
			  cases[i].roots[page]);
	}
}

/* I5: what an SMMU has cached of a walk ends before the table does */
TEST_EACH(pgtable, a_table_that_gives_way_to_a_block_is_in_no_cached_walk)
{
	u64 page, done, block = NATIVE_MEM_START + BLOCK;
	long domain = boot_and_attach(m, seed);

	page = host_page_get();
	ASSERT_EQ(map(domain, BLOCK, page, PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 0, BLOCK, true, page);
	ASSERT_EQ(unmap(domain, BLOCK, PAGE_SIZE, &done), 0);
	ASSERT_EQ(map(domain, BLOCK, block, BLOCK, RW, &done), 0);
	expect_dma(0, 0, BLOCK, true, block);
	expect_dma(0, 0, 2 * BLOCK - PAGE_SIZE, true, block + BLOCK - PAGE_SIZE);
	/* A part of it cannot go, all of it can */
	ASSERT_EQ(unmap(domain, BLOCK, BLOCK - PAGE_SIZE, &done), -EINVAL);
	ASSERT_EQ(unmap(domain, BLOCK + PAGE_SIZE, BLOCK, &done), -EINVAL);
	ASSERT_EQ(unmap(domain, BLOCK, BLOCK, &done), 0);
	expect_blocked(0, 0, BLOCK, true);
}

/* As many single invalidations as there are pages, through any queue */
TEST_EACH(pgtable, a_large_range_is_invalidated_whole)
{
	u64 nr, i, done, phys = NATIVE_MEM_START + BLOCK;
	long domain = boot_and_attach(m, seed);

	for (nr = 1; nr < 70; nr += nr < 4 ? 1 : 11) {
		ASSERT_EQ(map(domain, PAGE_SIZE, phys, nr * PAGE_SIZE, RW, &done), 0);
		for (i = 0; i < nr; i++)
			expect_dma(0, 0, (i + 1) * PAGE_SIZE, true, phys + i * PAGE_SIZE);
		ASSERT_EQ(unmap(domain, PAGE_SIZE, nr * PAGE_SIZE, &done), 0);
		for (i = 0; i < nr; i++)
			expect_blocked(0, 0, (i + 1) * PAGE_SIZE, true);
	}
}

/* Registers are not pinned: what is too short for a block is seen here alone */
TEST(pgtable, a_page_less_than_a_block_is_pages)
{
	u64 regs = 0x80000000, end = 2 * BLOCK - PAGE_SIZE, done;
	long domain = boot_and_attach(m, seed);

	ASSERT_EQ(map(domain, BLOCK, regs, BLOCK - PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 0, end - PAGE_SIZE, true, regs + BLOCK - 2 * PAGE_SIZE);
	expect_blocked(0, 0, end, true);
}

TEST_EACH(pgtable, permissions_are_kept)
{
	long domain = boot_and_attach(m, seed);
	u64 phys = host_page_get(), done;

	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, IOMMU_READ, &done), 0);
	expect_dma(0, 0, 0, false, phys);
	expect_blocked(0, 0, 0, true);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, IOMMU_WRITE, &done), 0);
	expect_dma(0, 0, 0, true, phys);
}

/* Registers need no pin, and so their size alone would allow a block */
TEST(pgtable, a_block_of_registers_is_aligned_on_both_sides)
{
	const u64 phys = 0x10000000 + PAGE_SIZE, iova = 2 * BLOCK;
	u64 done, at;
	long domain;

	domain = boot_and_attach(m, seed);
	for (at = 0; at < BLOCK; at += done)
		ASSERT_EQ(map(domain, iova + at, phys + at, BLOCK - at, RW, &done), 0);
	expect_dma(0, 0, iova, true, phys);
	expect_dma(0, 0, iova + PAGE_SIZE, true, phys + PAGE_SIZE);
	expect_dma(0, 0, iova + BLOCK - 8, true, phys + BLOCK - 8);
	ASSERT_EQ(unmap(domain, iova, BLOCK, &done), 0);
}
