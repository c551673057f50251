// SPDX-License-Identifier: GPL-2.0-only
/*
 * lazy [TEST]...: unmapping as a flush queue does it, through the kernel's IOMMU API:
 * what is true before the flush, and what after it.
 */
#include "domain_api.h"
#include "pvm.h"

#define IOVA		0x100000000ULL
#define RW		3		/* IOMMU_READ | IOMMU_WRITE */
#define TRACING_ON	"/sys/kernel/tracing/remotes/hypervisor/tracing_on"

/* What the engine has to write */
static uint8_t data[PKVM_TEST_BUFFER];

/* A domain that the engine is attached to; its buffer is filled through another */
static int begin(void)
{
	int fd = domain_open();

	fill_random(data, sizeof(data));
	expect_eq(buffer_set(engine.index, data), 0);
	expect_eq(domain_attach(fd), 0);
	return fd;
}

static void end(int fd)
{
	expect_eq(domain_detach(fd), 0);
	close(fd);
}

/* Does the engine write to this page, at this IOVA? */
static bool writes(uint64_t iova, uint64_t phys)
{
	uint8_t *mem = phys_map(phys, sizeof(data));
	bool arrived;

	memset(mem, 0, sizeof(data));
	dma_write(engine.index, iova, sizeof(data));
	arrived = !memcmp(mem, data, sizeof(data));
	munmap(mem, sizeof(data));
	return arrived;
}

/* After the flush nothing gets through, and the IOVA can be used again */
static void test_flush(void)
{
	uint64_t a = pages_alloc(page_size), b = pages_alloc(page_size);
	int fd = begin();

	for (int round = 0; round < 3; round++) {
		expect_eq(domain_map(fd, IOVA, a, page_size, RW), 0);
		expect(writes(IOVA, a), "mapped, round %d", round);
		expect_eq(domain_unmap_lazy(fd, IOVA, page_size), page_size);
		expect_eq(domain_phys(fd, IOVA), 0);
		expect_eq(domain_flush(fd), 0);
		expect(!writes(IOVA, a), "unmapped and flushed, round %d", round);
		expect_eq(domain_map(fd, IOVA, b, page_size, RW), 0);
		expect(writes(IOVA, b), "mapped again, round %d", round);
		expect(!writes(IOVA, a), "the page from before, round %d", round);
		expect_eq(domain_unmap(fd, IOVA, page_size), page_size);
	}
	end(fd);
	pages_free(a);
	pages_free(b);
}

/* More ranges than find room, blocks among them, and all of it is gone */
static void test_many(void)
{
	uint64_t mem = pages_alloc(SZ_2M), step = 3 * page_size, nr = 600;
	int fd = begin();

	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < nr; i++)
			expect_eq(domain_map(fd, IOVA + i * step, mem, page_size, RW), 0);
		for (uint64_t i = 1; i <= 40; i++)
			expect_eq(domain_map(fd, IOVA + i * SZ_1G, mem, SZ_2M, RW), 0);
		for (uint64_t i = 0; i < nr; i++)
			expect_eq(domain_unmap_lazy(fd, IOVA + i * step, page_size), page_size);
		for (uint64_t i = 1; i <= 40; i++)
			expect_eq(domain_unmap_lazy(fd, IOVA + i * SZ_1G, SZ_2M), SZ_2M);
		expect_eq(domain_flush(fd), 0);
		for (uint64_t i = 0; i < nr; i += 50)
			expect(!writes(IOVA + i * step, mem), "range %" PRIu64, i);
		expect(!writes(IOVA + SZ_1G, mem), "block");
		expect(!writes(IOVA + 40ULL * SZ_1G, mem), "last block");
	}
	end(fd);
	pages_free(mem);
}

/* Ranges that touch become one, whichever comes first */
static void test_neighbours(void)
{
	uint64_t mem = pages_alloc(SZ_2M), nr = 64;
	int fd = begin();

	expect_eq(domain_map(fd, IOVA, mem, nr * page_size, RW), 0);
	for (uint64_t i = 0; i < nr / 2; i++)
		expect_eq(domain_unmap_lazy(fd, IOVA + (nr / 2 - 1 - i) * page_size, page_size),
			  page_size);
	for (uint64_t i = nr / 2; i < nr - 1; i++)
		expect_eq(domain_unmap_lazy(fd, IOVA + i * page_size, page_size), page_size);
	expect_eq(domain_flush(fd), 0);
	for (uint64_t i = 0; i < nr - 1; i += 9)
		expect(!writes(IOVA + i * page_size, mem + i * page_size), "page %" PRIu64, i);
	/* And no more than that */
	expect(writes(IOVA + (nr - 1) * page_size, mem + (nr - 1) * page_size), "the last one");
	expect_eq(domain_unmap(fd, IOVA + (nr - 1) * page_size, page_size), page_size);
	end(fd);
	pages_free(mem);
}

/* The domain goes before the flush: nothing stays behind */
static void test_free(void)
{
	uint64_t mem = pages_alloc(page_size);
	int fd = begin();

	expect_eq(domain_map(fd, IOVA, mem, page_size, RW), 0);
	expect_eq(domain_unmap_lazy(fd, IOVA, page_size), page_size);
	end(fd);
	expect(!writes(IOVA, mem), "without the domain");
	pages_free(mem);
}

/*
 * I5: until the flush the page stays the host's. A VM that needs it has it flushed, and
 * gets it; while it is mapped, the control, it does not.
 */
static void test_donate(void)
{
	struct pvm pvm;
	int fd = begin();

	if (!expect(!pvm_create(&pvm, 4, true), "errno %d", errno))
		return;
	expect_eq(domain_map(fd, IOVA, pvm.phys[2], page_size, RW), 0);
	expect_eq(pvm_call(&pvm, PVM_FILL, 2, 1, 1), -1);
	expect_eq(domain_unmap(fd, IOVA, page_size), page_size);
	pvm_destroy(&pvm);

	if (!expect(!pvm_create(&pvm, 4, true), "errno %d", errno))
		return;
	expect_eq(domain_map(fd, IOVA, pvm.phys[2], page_size, RW), 0);
	expect_eq(domain_unmap_lazy(fd, IOVA, page_size), page_size);
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, 4, 1), 0);
	/* Not flushed by anyone but KVM, and yet nothing gets through */
	dma_write(engine.index, IOVA, PKVM_TEST_BUFFER);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, 4, 1), 0);
	pvm_destroy(&pvm);
	end(fd);
}

/* The tables of a VM are made of such pages, too: each step of the guest needs one more */
static void test_tables(void)
{
	uint64_t step = page_size / 8, steps = 8;
	struct pvm pvm;
	int fd;

	if (!expect(!pvm_create(&pvm, steps * step, true), "errno %d", errno))
		return;
	for (uint64_t i = 0; i < steps / 2; i++)
		expect_eq(pvm_call(&pvm, PVM_FILL, i * step, 1, 1), 0);
	fd = domain_leave_lazy();
	for (uint64_t i = steps / 2; i < steps; i++)
		expect_eq(pvm_call(&pvm, PVM_FILL, i * step, 1, 1), 0);
	for (uint64_t i = 0; i < steps; i++)
		expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, i * step, 1, 1), 0);
	pvm_destroy(&pvm);
	close(fd);
}

/*
 * A VM takes a page back that it has shared: likewise. While the host's device has it
 * mapped, the control, the VM gets an error.
 */
static void test_unshare(void)
{
	uint64_t page = PVM_IPA + 2 * page_size;
	struct pvm pvm;
	int fd = begin();

	if (!expect(!pvm_create(&pvm, 4, true), "errno %d", errno))
		return;
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, 4, 1), 0);
	for (int round = 0; round < 10; round++) {
		expect_eq(pvm_hvc(&pvm, MEM_SHARE, page), 0);
		expect_eq(domain_map(fd, IOVA, pvm.phys[2], page_size, RW), 0);
		if (!round)
			expect_eq(pvm_hvc(&pvm, MEM_UNSHARE, page), -3);
		expect_eq(domain_unmap_lazy(fd, IOVA, page_size), page_size);
		expect_eq(pvm_hvc(&pvm, MEM_UNSHARE, page), 0);
	}
	dma_write(engine.index, IOVA, PKVM_TEST_BUFFER);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, 4, 1), 0);
	pvm_destroy(&pvm);
	end(fd);
}

/* And what EL2 traces to */
static void test_trace_buffer(void)
{
	int fd = domain_leave_lazy(), on = open(TRACING_ON, O_WRONLY | O_CLOEXEC);

	expect(on >= 0 && write(on, "1", 1) == 1, "errno %d", errno);
	close(on);
	close(fd);
}

static const struct test tests[] = {
	{ "lazy_flush", test_flush },
	{ "lazy_many", test_many },
	{ "lazy_neighbours", test_neighbours },
	{ "lazy_free", test_free },
	{ "lazy_donate", test_donate },
	{ "lazy_tables", test_tables },
	{ "lazy_unshare", test_unshare },
	{ "lazy_trace_buffer", test_trace_buffer },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_domain_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
