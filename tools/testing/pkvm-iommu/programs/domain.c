// SPDX-License-Identifier: GPL-2.0-only
/*
 * domain [TEST]...: paging domains through the kernel's own IOMMU API, as a
 * driver would use them, and DMA through them. Knows nothing of EL2: the stock
 * SMMUv3 driver must pass as well.
 */
#include "domain_api.h"

#define IOVA		0x100000000ULL
#define RW		3		/* IOMMU_READ | IOMMU_WRITE */

/* From one place to the other, by the engine and the two IOVAs */
static bool copies(uint64_t from_iova, uint64_t from, uint64_t to_iova, uint64_t to)
{
	uint32_t *src = phys_map(from, PKVM_TEST_BUFFER);
	uint32_t *dst = phys_map(to, PKVM_TEST_BUFFER);
	bool same;

	fill_random(src, PKVM_TEST_BUFFER);
	memset(dst, 0, PKVM_TEST_BUFFER);
	expect_eq(dma_read(engine.index, from_iova, PKVM_TEST_BUFFER), 0);
	expect_eq(dma_write(engine.index, to_iova, PKVM_TEST_BUFFER), 0);
	same = !memcmp(src, dst, PKVM_TEST_BUFFER);
	munmap(src, PKVM_TEST_BUFFER);
	munmap(dst, PKVM_TEST_BUFFER);
	return same;
}

static void test_map_sizes(void)
{
	int fd = domain_open();

	expect_eq(domain_attach(fd), 0);
	for (uint64_t size = 2 * page_size; size <= SZ_1G; size *= 8) {
		uint64_t mem = pages_alloc(size), last = size - page_size;

		if (!mem) {
			ktap_line("# no memory of %#" PRIx64, size);
			break;
		}
		expect_eq(domain_map(fd, IOVA, mem, size, RW), 0);
		expect_eq(domain_phys(fd, IOVA), mem);
		expect_eq(domain_phys(fd, IOVA + size - 1), mem + size - 1);
		expect(copies(IOVA, mem, IOVA + last, mem + last),
		       "size %#" PRIx64, size);
		expect_eq(domain_unmap(fd, IOVA, size), size);
		expect_eq(domain_phys(fd, IOVA), 0);
		pages_free(mem);
	}
	expect_eq(domain_detach(fd), 0);
	close(fd);
}

/* Pages here and there, mapped as one range, come out in order */
static void test_scattered_pages(void)
{
	uint64_t mem[64], nr = ARRAY_SIZE(mem);
	int fd = domain_open();

	expect_eq(domain_attach(fd), 0);
	for (uint64_t i = 0; i < nr; i++) {
		mem[i] = pages_alloc(page_size);
		expect_eq(domain_map(fd, IOVA + i * page_size, mem[i], page_size, RW), 0);
	}
	for (uint64_t i = 0; i < nr; i += 13)
		expect(copies(IOVA + i * page_size, mem[i],
			      IOVA + (nr - 1 - i) * page_size, mem[nr - 1 - i]),
		       "page %" PRIu64, i);
	expect_eq(domain_unmap(fd, IOVA, nr * page_size), nr * page_size);
	for (uint64_t i = 0; i < nr; i++)
		pages_free(mem[i]);
	expect_eq(domain_detach(fd), 0);
	close(fd);
}

static void test_map_twice(void)
{
	uint64_t a = pages_alloc(page_size), b = pages_alloc(page_size);
	int fd = domain_open();

	expect_eq(domain_map(fd, IOVA, a, page_size, RW), 0);
	expect(domain_map(fd, IOVA, b, page_size, RW), "mapped over a mapping");
	expect_eq(domain_phys(fd, IOVA), a);
	expect_eq(domain_unmap(fd, IOVA, page_size), page_size);
	expect_eq(domain_unmap(fd, IOVA, page_size), 0);
	close(fd);
	pages_free(a);
	pages_free(b);
}

/* The domain goes with its mappings: the pages are free for anything again */
static void test_free_with_mappings(void)
{
	uint64_t mem;
	int fd;

	if (cmdline_has("iommu.debug_pagealloc=1")) {
		test_skipped = "this kernel takes such pages for mapped ones, for ever";
		return;
	}
	mem = pages_alloc(SZ_2M);
	fd = domain_open();
	expect_eq(domain_map(fd, IOVA, mem, SZ_2M, RW), 0);
	expect_eq(domain_map(fd, IOVA + SZ_1G + page_size, mem, page_size, RW), 0);
	expect_eq(domain_attach(fd), 0);
	close(fd);
	pages_free(mem);
}

/* Attach, replace and detach, with DMA in each state */
static void test_replace(void)
{
	uint64_t a = pages_alloc(page_size), b = pages_alloc(page_size);
	uint8_t data[PKVM_TEST_BUFFER], back[PKVM_TEST_BUFFER];
	int one = domain_open(), two = domain_open();

	expect_eq(domain_map(one, IOVA, a, page_size, RW), 0);
	expect_eq(domain_map(two, IOVA, b, page_size, RW), 0);
	for (int round = 0; round < 3; round++) {
		fill_random(data, sizeof(data));
		expect_eq(buffer_set(engine.index, data), 0);
		expect_eq(domain_attach(one), 0);
		expect_eq(dma_write(engine.index, IOVA, sizeof(data)), 0);
		expect_eq(domain_detach(one), 0);
		expect_eq(domain_attach(two), 0);
		expect_eq(dma_write(engine.index, IOVA, sizeof(data)), 0);
		expect_eq(domain_detach(two), 0);
		expect_eq(buffer_get(engine.index, back), 0);
		expect(!memcmp(data, back, sizeof(data)), "after detach");
		expect(!memcmp(data, phys_map(a, sizeof(data)), sizeof(data)), "one");
		expect(!memcmp(data, phys_map(b, sizeof(data)), sizeof(data)), "two");
	}
	expect_eq(domain_unmap(one, IOVA, page_size), page_size);
	expect_eq(domain_unmap(two, IOVA, page_size), page_size);
	close(one);
	close(two);
	pages_free(a);
	pages_free(b);
}

static const struct test tests[] = {
	{ "api_map_sizes", test_map_sizes },
	{ "api_scattered_pages", test_scattered_pages },
	{ "api_map_twice", test_map_twice },
	{ "api_free_with_mappings", test_free_with_mappings },
	{ "api_replace", test_replace },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_domain_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
