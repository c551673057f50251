// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_android [TEST]...: what the guest driver of Android 16 does, call by call.
 * It knows operations 0 to 5 and nothing else, so these must do. It takes the granule
 * from HYP_MEMINFO, in plain VMs as well: GUEST_PLAIN=1.
 */
#include "guest_dma.h"

/* More than a call maps or unmaps, which is a table of it */
#define SIZE		(page_size / 8 * 5 / 2 * page_size)

static struct vfio_dev pair;

/* Its first call; it maps nothing if the answer is no page size */
static bool android_open(struct guest *g, size_t nr_pages)
{
	if (!guest_open(g, &pair, nr_pages, 2))
		return false;
	if (expect_eq(hvc(g, HYP_MEMINFO, 0, 0, 0, 0, 0, 0).x0, page_size))
		return true;
	guest_close(g);
	return false;
}

/*
 * Its loop: SUCCESS with fewer bytes than asked means to call again with the
 * rest. Returns the number of calls, 0 if one was refused or made no progress.
 */
static unsigned int map_loop(struct guest *g, uint64_t domain, uint64_t iova,
			     uint64_t ipa, uint64_t size)
{
	unsigned int calls = 0;

	while (size) {
		struct answer a = op(g, MAP_PAGES, domain, iova, ipa, size, RW);

		if (!expect(!a.x0 && a.x1 && a.x1 <= size && !(a.x1 % page_size),
			    "%lld %#llx", (long long)a.x0, (long long)a.x1))
			return 0;
		iova += a.x1;
		ipa += a.x1;
		size -= a.x1;
		calls++;
	}
	return calls;
}

static unsigned int unmap_loop(struct guest *g, uint64_t domain, uint64_t iova,
			       uint64_t size)
{
	unsigned int calls = 0;

	while (size) {
		struct answer a = op(g, UNMAP_PAGES, domain, iova, size, 0, 0);

		if (!expect(!a.x0 && a.x1 && a.x1 <= size && !(a.x1 % page_size),
			    "%lld %#llx", (long long)a.x0, (long long)a.x1))
			return 0;
		iova += a.x1;
		size -= a.x1;
		calls++;
	}
	return calls;
}

/*
 * Its IOVAs come from the top of the device's mask, since it sets no aperture. What
 * the pvIOMMU does not translate is refused, so the VMM limits the mask: dma-ranges.
 */
static void test_from_the_top(void)
{
	static const unsigned int masks[] = { 32, 39, 48, 64 };
	unsigned int bits = input_bits();
	uint64_t domain;
	struct guest g;

	if (!guest_open(&g, &pair, 2, 2))
		return;
	domain = alloc_domain(&g);
	expect_eq(attach(&g, 0, domain), SUCCESS);
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		uint64_t top = (~0ULL >> (64 - masks[i])) - page_size + 1;
		struct answer a;

		if (masks[i] > bits) {
			a = op(&g, MAP_PAGES, domain, top, page_ipa(0), page_size, RW);
			expect_eq(a.x0, REFUSED);
			expect_eq(a.x1, 0);
			top = (1ULL << bits) - page_size;
		}
		expect_eq(map_loop(&g, domain, top, page_ipa(0), page_size), 1);
		expect_eq(map_loop(&g, domain, top - page_size, page_ipa(1), page_size), 1);
		expect(dma_copies(&g, 0, top, 0, top - page_size, 1), "%u bits", masks[i]);
		expect_eq(unmap_loop(&g, domain, top - page_size, 2 * page_size), 1);
	}
	expect_eq(detach(&g, 0, domain), SUCCESS);
	expect_eq(free_domain(&g, domain), SUCCESS);
	guest_close(&g);
	expect_all_returned();
}

/* A device with two streams comes and goes */
static void test_sequence(void)
{
	const size_t last = SIZE / page_size - 1;
	struct guest g;
	uint64_t domain;

	if (!android_open(&g, SIZE / page_size))
		return;
	domain = alloc_domain(&g);
	expect_eq(attach(&g, 0, domain), SUCCESS);
	expect_eq(attach(&g, 1, domain), SUCCESS);
	/* A buffer that no single call maps, not aligned to anything, half untouched */
	touch(&g, 0, last / 2);
	expect(map_loop(&g, domain, IOVA + page_size, page_ipa(0), SIZE) > 1, "at once");
	for (unsigned int engine = 0; engine < 2; engine++) {
		expect(dma_copies(&g, engine, IOVA + page_size, 0, IOVA + SIZE, last),
		       "engine %u", engine);
		expect(dma_copies(&g, engine, IOVA + SIZE, last, IOVA + page_size, 0),
		       "engine %u", engine);
	}
	expect(unmap_loop(&g, domain, IOVA + page_size, SIZE) > 1, "at once");
	dma_faults(&g, 0, IOVA + page_size);
	dma_faults(&g, 1, IOVA + SIZE);
	expect_eq(detach(&g, 0, domain), SUCCESS);
	expect_eq(detach(&g, 1, domain), SUCCESS);
	expect_eq(free_domain(&g, domain), SUCCESS);
	guest_close(&g);
	expect_all_returned();
}

/* From one domain to another, as when a driver lets VFIO have the device */
static void test_switch_domain(void)
{
	uint64_t first, second;
	struct guest g;

	if (!android_open(&g, 8))
		return;
	first = alloc_domain(&g);
	second = alloc_domain(&g);
	map_loop(&g, first, IOVA, page_ipa(0), 2 * page_size);
	map_loop(&g, second, IOVA + 4 * page_size, page_ipa(4), 2 * page_size);
	for (int round = 0; round < 2; round++) {
		for (unsigned int engine = 0; engine < 2; engine++)
			expect_eq(attach(&g, engine, first), SUCCESS);
		expect(dma_copies(&g, 1, IOVA, 0, IOVA + page_size, 1), "first domain");
		dma_faults(&g, 0, IOVA + 4 * page_size);
		for (unsigned int engine = 0; engine < 2; engine++) {
			expect_eq(detach(&g, engine, first), SUCCESS);
			expect_eq(attach(&g, engine, second), SUCCESS);
		}
		expect(dma_copies(&g, 0, IOVA + 4 * page_size, 4, IOVA + 5 * page_size, 5),
		       "second domain");
		/* No TLB has kept the first one */
		dma_faults(&g, 1, IOVA);
		for (unsigned int engine = 0; engine < 2; engine++)
			expect_eq(detach(&g, engine, second), SUCCESS);
	}
	/* It frees a domain with what is left in it */
	expect_eq(free_domain(&g, first), SUCCESS);
	expect_eq(free_domain(&g, second), SUCCESS);
	guest_close(&g);
	expect_all_returned();
}

/* Read-only and write-only, as dma_map_* directions become */
static void test_directions(void)
{
	uint64_t domain, ro = IOVA, wo = IOVA + page_size, rw = IOVA + 2 * page_size;
	struct guest g;

	if (!android_open(&g, 4))
		return;
	domain = alloc_domain(&g);
	expect_eq(attach(&g, 0, domain), SUCCESS);
	expect_eq(op(&g, MAP_PAGES, domain, ro, page_ipa(0), page_size,
		     PROT_DMA_READ | PROT_CACHE).x1, page_size);
	expect_eq(op(&g, MAP_PAGES, domain, wo, page_ipa(1), page_size,
		     PROT_DMA_WRITE | PROT_CACHE).x1, page_size);
	expect_eq(op(&g, MAP_PAGES, domain, rw, page_ipa(2), page_size, RW).x1, page_size);
	expect(dma_copies(&g, 0, ro, 0, wo, 1), "right directions");
	expect(!dma_copies(&g, 0, rw, 2, ro, 0), "written through a read-only mapping");
	expect(!dma_copies(&g, 0, wo, 1, rw, 2), "read through a write-only mapping");
	expect_eq(detach(&g, 0, domain), SUCCESS);
	expect_eq(free_domain(&g, domain), SUCCESS);
	guest_close(&g);
	expect_all_returned();
}

/* The VM dies with everything attached and mapped */
static void test_dies_attached(void)
{
	struct guest g;

	for (int round = 0; round < 3; round++) {
		uint64_t domain;

		if (!android_open(&g, SIZE / page_size))
			return;
		touch(&g, 0, SIZE / page_size);
		domain = alloc_domain(&g);
		expect_eq(attach(&g, 0, domain), SUCCESS);
		expect_eq(attach(&g, 1, domain), SUCCESS);
		map_loop(&g, domain, IOVA, page_ipa(0), SIZE);
		guest_close(&g);
		expect_all_returned();
	}
}

static const struct test tests[] = {
	{ "guest_android_16_sequence", test_sequence },
	{ "guest_android_16_from_the_top", test_from_the_top },
	{ "guest_android_16_switch_domain", test_switch_domain },
	{ "guest_android_16_directions", test_directions },
	{ "guest_android_16_dies_attached", test_dies_attached },
};

int main(int argc, char **argv)
{
	(void)argc;
	open_pair(&pair);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
