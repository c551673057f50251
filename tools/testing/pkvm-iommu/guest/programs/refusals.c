// SPDX-License-Identifier: GPL-2.0-only
/*
 * refusals [TEST]...: what the guest driver says of maps that EL2 refuses, or that
 * it knows EL2 would refuse. The reason must be in the log, and nothing mapped.
 */
#include "domain_api.h"

#define IOVA		0x100000000ULL
#define RW		3		/* IOMMU_READ | IOMMU_WRITE */
#define MMIO		16		/* IOMMU_MMIO */
#define NO_MEMORY	0x20000000ULL	/* an IPA at which a VM of pkvm-vmm has nothing */

/* A map that fails for a reason */
static void expect_reason(int fd, uint64_t iova, uint64_t phys, uint64_t size, int prot,
			  const char *reason)
{
	int klog = klog_open();

	expect(domain_map(fd, iova, phys, size, prot) < 0, "mapped: %s", reason);
	expect(klog_wait(klog, reason, ~0ULL, 5000), "log does not say: %s", reason);
	close(klog);
}

static void test_reasons(void)
{
	uint64_t page = pages_alloc(page_size);
	int fd = domain_open();

	expect_eq(domain_map(fd, IOVA, page, page_size, RW), 0);
	expect_reason(fd, IOVA, page, page_size, RW, "the IOVA is mapped");
	expect_reason(fd, IOVA + page_size, page, page_size, 0, "neither read nor write");
	expect_reason(fd, 1ULL << 50, page, page_size, RW, "IOVA out of range");
	expect_reason(fd, IOVA + page_size, NO_MEMORY, page_size, RW, "no memory at that IPA");
	expect_reason(fd, IOVA + page_size, NO_MEMORY, page_size, RW | MMIO, "map of MMIO");
	expect_eq(domain_phys(fd, IOVA + page_size), 0);
	expect_eq(domain_phys(fd, IOVA), page);
	expect_eq(domain_unmap(fd, IOVA, page_size), page_size);
	close(fd);
	pages_free(page);
}

/* What was mapped before EL2 refused the rest is unmapped again by the core */
static void test_partly(void)
{
	uint64_t mem = pages_alloc(4 * page_size);
	int fd = domain_open();

	expect_eq(domain_map(fd, IOVA + 2 * page_size, mem, page_size, RW), 0);
	expect_reason(fd, IOVA, mem, 4 * page_size, RW, "the IOVA is mapped");
	for (int i = 0; i < 4; i++)
		expect_eq(domain_phys(fd, IOVA + i * page_size), i == 2 ? mem : 0);
	expect_eq(domain_unmap(fd, IOVA + 2 * page_size, page_size), page_size);
	expect_eq(domain_map(fd, IOVA, mem, 4 * page_size, RW), 0);
	expect_eq(domain_unmap(fd, IOVA, 4 * page_size), 4 * page_size);
	close(fd);
	pages_free(mem);
}

static const struct test tests[] = {
	{ "refused_with_reason", test_reasons },
	{ "refused_partly", test_partly },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_domain_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
