// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the parts of the pvIOMMU driver that make no hypercall.
 */
#include <kunit/test.h>

#include <linux/sizes.h>
#include <linux/slab.h>

#include "pkvm-pviommu.h"

#define IOVA	0x10000000UL
#define IPA	0x80000000ULL

static void test_prot(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pviommu_prot(0), 0);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_READ), PVIOMMU_PROT_READ);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_WRITE), PVIOMMU_PROT_WRITE);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_CACHE), PVIOMMU_PROT_CACHE);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_NOEXEC), PVIOMMU_PROT_NOEXEC);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_MMIO), PVIOMMU_PROT_MMIO);
	KUNIT_EXPECT_EQ(test, pviommu_prot(IOMMU_PRIV), PVIOMMU_PROT_PRIV);
	/* EL2 refuses bits that it does not know */
	KUNIT_EXPECT_EQ(test, pviommu_prot(-1), GENMASK_ULL(5, 0));
}

static void add(struct kunit *test, struct pviommu_mappings *maps,
		unsigned long iova, phys_addr_t paddr, size_t size)
{
	struct pviommu_mapping *map = pviommu_mapping_alloc(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, map);
	pviommu_mappings_add(maps, map, iova, paddr, size);
}

/* As unmap_pages does; returns whether the spare was used */
static bool cut(struct kunit *test, struct pviommu_mappings *maps,
		unsigned long iova, size_t size)
{
	struct pviommu_mapping *spare = NULL;
	bool used;

	if (pviommu_mappings_split(maps, iova)) {
		spare = pviommu_mapping_alloc(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, spare);
	}
	used = pviommu_mappings_cut(maps, iova, size, spare);
	if (!used)
		kfree(spare);

	return used;
}

static void test_lookup(struct kunit *test)
{
	struct pviommu_mappings maps;

	pviommu_mappings_init(&maps);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, 0), 0);

	add(test, &maps, IOVA, IPA, SZ_64K);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA - 1), 0);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA), IPA);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + 0x1234),
			IPA + 0x1234);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_64K - 1),
			IPA + SZ_64K - 1);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_64K), 0);

	/* up to the end of the address space */
	add(test, &maps, -(unsigned long)SZ_64K, IPA, SZ_64K);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, -1UL),
			IPA + SZ_64K - 1);
	KUNIT_EXPECT_FALSE(test, cut(test, &maps, -(unsigned long)SZ_64K,
				     SZ_64K));
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, -1UL), 0);

	pviommu_mappings_clear(&maps);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA), 0);
}

/* In steps from the start, as the core does: never needs memory */
static void test_cut_front(struct kunit *test)
{
	struct pviommu_mappings maps;
	unsigned long off;

	pviommu_mappings_init(&maps);
	add(test, &maps, IOVA, IPA, SZ_64K);
	for (off = 0; off < SZ_64K; off += SZ_4K) {
		KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + off),
				IPA + off);
		KUNIT_EXPECT_FALSE(test,
				   pviommu_mappings_split(&maps, IOVA + off));
		KUNIT_EXPECT_FALSE(test, cut(test, &maps, IOVA + off, SZ_4K));
		KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + off),
				0);
	}
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&maps.tree.rb_root));
}

static void test_cut_back(struct kunit *test)
{
	struct pviommu_mappings maps;

	pviommu_mappings_init(&maps);
	add(test, &maps, IOVA, IPA, SZ_64K);
	KUNIT_EXPECT_FALSE(test, cut(test, &maps, IOVA + SZ_32K, SZ_32K));
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_32K - 1),
			IPA + SZ_32K - 1);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_32K), 0);
	pviommu_mappings_clear(&maps);
}

static void test_cut_middle(struct kunit *test)
{
	struct pviommu_mappings maps;

	pviommu_mappings_init(&maps);
	add(test, &maps, IOVA, IPA, SZ_64K);
	KUNIT_EXPECT_TRUE(test, cut(test, &maps, IOVA + SZ_16K, SZ_16K));
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA), IPA);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_16K - 1),
			IPA + SZ_16K - 1);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_32K - 1),
			0);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_32K),
			IPA + SZ_32K);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_64K - 1),
			IPA + SZ_64K - 1);
	pviommu_mappings_clear(&maps);
}

/* One cut from the middle of one mapping, over another, into a third */
static void test_cut_several(struct kunit *test)
{
	struct pviommu_mappings maps;

	pviommu_mappings_init(&maps);
	add(test, &maps, IOVA, IPA, SZ_64K);
	add(test, &maps, IOVA + SZ_64K, 2 * IPA, SZ_64K);
	add(test, &maps, IOVA + SZ_128K, 3 * IPA, SZ_64K);
	KUNIT_EXPECT_FALSE(test, cut(test, &maps, IOVA + SZ_32K, SZ_128K));
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_32K - 1),
			IPA + SZ_32K - 1);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_32K), 0);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, pviommu_mappings_phys(&maps, IOVA + SZ_128K), 0);
	KUNIT_EXPECT_EQ(test,
			pviommu_mappings_phys(&maps, IOVA + SZ_128K + SZ_32K),
			3 * IPA + SZ_32K);
	pviommu_mappings_clear(&maps);
}

static struct kunit_case pviommu_test_cases[] = {
	KUNIT_CASE(test_prot),
	KUNIT_CASE(test_lookup),
	KUNIT_CASE(test_cut_front),
	KUNIT_CASE(test_cut_back),
	KUNIT_CASE(test_cut_middle),
	KUNIT_CASE(test_cut_several),
	{}
};

static struct kunit_suite pviommu_test_suite = {
	.name		= "pkvm-pviommu",
	.test_cases	= pviommu_test_cases,
};

kunit_test_suite(pviommu_test_suite);
