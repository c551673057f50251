// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the parts of the pvIOMMU driver that make no hypercall.
 */
#include <kunit/test.h>

#include "pviommu.h"

#define PAGES(n)	((unsigned long)(n) << PAGE_SHIFT)
#define BLOCK		PAGES(PKVM_IOVA_ENTRIES)
#define IOVA		(4 * BLOCK)
#define IPA		0x80000000ULL
#define BITS		(PAGE_SHIFT + 2 * PKVM_IOVA_BITS + 3)

static void test_prot(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pviommu_prot(0), 0);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_READ), PVIOMMU_PROT_READ);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_WRITE), PVIOMMU_PROT_WRITE);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_CACHE), PVIOMMU_PROT_CACHE);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_NOEXEC), PVIOMMU_PROT_NOEXEC);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_MMIO), PVIOMMU_PROT_MMIO);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_PRIV), PVIOMMU_PROT_PRIV);
	/* pviommu_prot() must drop all other bits, since EL2 refuses unknown ones */
	KUNIT_EXPECT_EQ(test, pviommu_prot(-1), GENMASK_ULL(5, 0));
}

static void init(struct kunit *test, struct pkvm_iova_map *map)
{
	KUNIT_ASSERT_EQ(test, pkvm_iova_map_init(map, BITS, PAGE_SIZE), 0);
}

static void add(struct kunit *test, struct pkvm_iova_map *map,
		unsigned long iova, phys_addr_t phys, size_t size)
{
	KUNIT_ASSERT_EQ(test,
			pkvm_iova_map_add(map, iova, phys, size, GFP_KERNEL),
			0);
}

static void test_lookup(struct kunit *test)
{
	unsigned long last = (1UL << BITS) - PAGE_SIZE;
	struct pkvm_iova_map map;

	init(test, &map);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, 0), 0);

	add(test, &map, IOVA, IPA, PAGES(16));
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA - 1), 0);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA), IPA);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + 0x1234),
			IPA + 0x1234);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + PAGES(16) - 1),
			IPA + PAGES(16) - 1);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + PAGES(16)), 0);

	/* The last page of the address space, and an address beyond it */
	add(test, &map, last, 2 * IPA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, last + 1), 2 * IPA + 1);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, ~0UL), 0);

	/* The page at address 0 is not special */
	add(test, &map, 0, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, 5), 5);
	pkvm_iova_map_free(&map);
}

/* A range recorded at once can be removed page by page */
static void test_remove(struct kunit *test)
{
	struct pkvm_iova_map map;
	unsigned long off;

	init(test, &map);
	add(test, &map, IOVA, IPA, PAGES(16));
	for (off = 0; off < PAGES(16); off += PAGE_SIZE) {
		KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + off),
				IPA + off);
		pkvm_iova_map_remove(&map, IOVA + off, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + off), 0);
	}
	pkvm_iova_map_free(&map);
}

/* A range that begins in the middle of a table, spans blocks, and ends in another table */
static void test_blocks(struct kunit *test)
{
	unsigned long start = IOVA - PAGES(3), size = 2 * BLOCK + PAGES(5);
	struct pkvm_iova_map map;
	unsigned long off;

	init(test, &map);
	add(test, &map, start, IPA, size);
	for (off = 0; off < size; off += PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, start + off),
				IPA + off);
	pkvm_iova_map_remove(&map, start, size);
	for (off = 0; off < size; off += PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, start + off), 0);

	/* A page where a block was recorded before, and then a block again */
	add(test, &map, IOVA, IPA, PAGE_SIZE);
	pkvm_iova_map_remove(&map, IOVA, PAGE_SIZE);
	add(test, &map, IOVA, 2 * IPA, BLOCK);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + BLOCK - 1),
			2 * IPA + BLOCK - 1);
	pkvm_iova_map_free(&map);
}

/* IOVAs in different level 1 tables, looked up in turn */
static void test_far(struct kunit *test)
{
	const unsigned long far = IOVA + BLOCK * PKVM_IOVA_ENTRIES;
	struct pkvm_iova_map map;

	init(test, &map);
	add(test, &map, IOVA, IPA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, far), 0);
	add(test, &map, far, 2 * IPA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA), IPA);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, far), 2 * IPA);
	pkvm_iova_map_remove(&map, IOVA, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA), 0);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, far), 2 * IPA);
	pkvm_iova_map_free(&map);
}

static void test_part_of_block(struct kunit *test)
{
	struct pkvm_iova_map map;

	init(test, &map);
	add(test, &map, IOVA, IPA, BLOCK);
	pkvm_iova_map_remove(&map, IOVA + PAGES(4), PAGES(2));
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA), IPA);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + PAGES(4) - 1),
			IPA + PAGES(4) - 1);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + PAGES(4)), 0);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + PAGES(6) - 1), 0);
	KUNIT_EXPECT_EQ(test, pkvm_iova_map_phys(&map, IOVA + PAGES(6)),
			IPA + PAGES(6));
	pkvm_iova_map_free(&map);
}

/* Collects the ranges that a flush unmaps, in order */
struct lazy_test {
	struct pkvm_lazy	lazy;
	unsigned int		calls, nr;
	unsigned long		range[PKVM_LAZY_MAX];
};

static void note_unmap(struct pkvm_lazy *lazy, unsigned long *range,
		       unsigned int nr)
{
	struct lazy_test *t = container_of(lazy, struct lazy_test, lazy);

	t->calls++;
	while (nr-- && t->nr < PKVM_LAZY_MAX)
		t->range[t->nr++] = *range++;
}

static struct lazy_test *lazy_test_new(struct kunit *test)
{
	struct lazy_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	pkvm_lazy_init(&t->lazy, PAGE_SHIFT, note_unmap);

	return t;
}

static void test_lazy(struct kunit *test)
{
	struct lazy_test *t = lazy_test_new(test);
	unsigned int i;

	for (i = 0; i < PKVM_LAZY_MAX; i++)
		KUNIT_EXPECT_TRUE(test, pkvm_lazy_add(&t->lazy, PAGES(2 * i),
						      PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, pkvm_lazy_add(&t->lazy, PAGES(2 * i),
					       PAGE_SIZE));
	pkvm_lazy_flush(&t->lazy);
	KUNIT_EXPECT_EQ(test, t->nr, PKVM_LAZY_MAX);
	KUNIT_EXPECT_EQ(test, t->calls,
			DIV_ROUND_UP(PKVM_LAZY_MAX, PKVM_LAZY_CALL_MAX));
	for (i = 0; i < PKVM_LAZY_MAX; i++)
		KUNIT_EXPECT_EQ(test, t->range[i], PAGES(2 * i));

	/* A flush unmaps each range once */
	KUNIT_EXPECT_TRUE(test, pkvm_lazy_add(&t->lazy, 0, PAGE_SIZE));
	pkvm_lazy_flush(&t->lazy);
	KUNIT_EXPECT_EQ(test, t->calls,
			DIV_ROUND_UP(PKVM_LAZY_MAX, PKVM_LAZY_CALL_MAX) + 1);
	pkvm_lazy_flush(&t->lazy);
	KUNIT_EXPECT_EQ(test, t->calls,
			DIV_ROUND_UP(PKVM_LAZY_MAX, PKVM_LAZY_CALL_MAX) + 1);
}

static void test_lazy_merge(struct kunit *test)
{
	struct lazy_test *t = lazy_test_new(test);
	size_t most = PAGES(PAGE_SIZE);

	pkvm_lazy_add(&t->lazy, IOVA, PAGES(4));
	pkvm_lazy_add(&t->lazy, IOVA - PAGES(2), PAGES(2));
	pkvm_lazy_add(&t->lazy, IOVA + PAGES(4), PAGES(1));
	/* A range apart, one that fills it to the maximum, and one page too many */
	pkvm_lazy_add(&t->lazy, IOVA + PAGES(6), PAGES(1));
	pkvm_lazy_add(&t->lazy, IOVA + PAGES(7), most - PAGES(1));
	pkvm_lazy_add(&t->lazy, IOVA + PAGES(6) + most, PAGES(1));
	KUNIT_EXPECT_FALSE(test, pkvm_lazy_add(&t->lazy, 0, most + PAGES(1)));
	pkvm_lazy_flush(&t->lazy);
	KUNIT_EXPECT_EQ(test, t->nr, 3);
	KUNIT_EXPECT_EQ(test, t->range[0], (IOVA - PAGES(2)) | 6);
	KUNIT_EXPECT_EQ(test, t->range[1], (IOVA + PAGES(6)) | (PAGE_SIZE - 1));
	KUNIT_EXPECT_EQ(test, t->range[2], IOVA + PAGES(6) + most);
}

static void test_lazy_done(struct kunit *test)
{
	unsigned long range[3] = { IOVA | 1, 2 * IOVA | 3, 3 * IOVA };
	struct lazy_test *t = lazy_test_new(test);

	KUNIT_EXPECT_EQ(test, pkvm_lazy_done(&t->lazy, range, 3, 0), 3);
	KUNIT_EXPECT_EQ(test, range[0], IOVA | 1);
	KUNIT_EXPECT_EQ(test, pkvm_lazy_done(&t->lazy, range, 3, PAGES(1)), 3);
	KUNIT_EXPECT_EQ(test, range[0], IOVA + PAGES(1));
	KUNIT_EXPECT_EQ(test, pkvm_lazy_done(&t->lazy, range, 3, PAGES(4)), 2);
	KUNIT_EXPECT_EQ(test, range[0], (2 * IOVA + PAGES(3)));
	KUNIT_EXPECT_EQ(test, range[1], 3 * IOVA);
	KUNIT_EXPECT_EQ(test, pkvm_lazy_done(&t->lazy, range, 2, PAGES(2)), 0);
}

static struct kunit_case pviommu_test_cases[] = {
	KUNIT_CASE(test_prot),
	KUNIT_CASE(test_lookup),
	KUNIT_CASE(test_remove),
	KUNIT_CASE(test_blocks),
	KUNIT_CASE(test_far),
	KUNIT_CASE(test_part_of_block),
	KUNIT_CASE(test_lazy),
	KUNIT_CASE(test_lazy_merge),
	KUNIT_CASE(test_lazy_done),
	{}
};

static struct kunit_suite pviommu_test_suite = {
	.name		= "pkvm-pviommu",
	.test_cases	= pviommu_test_cases,
};

kunit_test_suite(pviommu_test_suite);
