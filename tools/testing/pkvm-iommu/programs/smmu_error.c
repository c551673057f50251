// SPDX-License-Identifier: GPL-2.0-only
/*
 * smmu_error [TEST]...: what a kernel, that of the host or that of a VM, sees of an
 * SMMU that EL2 switched off: its devices reach nothing, and no call hangs or breaks
 * anything.
 */
#include "domain_api.h"

/* Out of memory and in again; 0: nothing arrives */
static bool copies(const struct pkvm_test_engine *e)
{
	uint8_t out[PKVM_TEST_BUFFER], in[PKVM_TEST_BUFFER];

	fill_random(out, sizeof(out));
	memset(in, 0, sizeof(in));
	expect_eq(buffer_set(e->index, out), 0);
	expect_eq(buffer_get(e->index, in), 0);
	return !memcmp(in, out, sizeof(in));
}

static void test_works(void)
{
	struct pkvm_test_engine e;

	for (uint32_t i = 0; engine_get(i, &e); i++)
		expect(copies(&e), "engine %u of %s", i, e.name);
}

static void test_aborts(void)
{
	struct pkvm_test_engine e;
	uint64_t start = now_ms();

	for (uint32_t i = 0; engine_get(i, &e); i++)
		expect(!copies(&e), "engine %u of %s still reaches memory", i, e.name);
	expect(now_ms() - start < 20000, "it took %" PRIu64 " ms", now_ms() - start);
}

/* A domain can be made, filled and taken down */
static void use_domain(int attached)
{
	uint64_t phys = pages_alloc(page_size);
	int fd = domain_open();

	expect_eq(domain_map(fd, 0x100000, phys, page_size, 3), 0);
	expect_eq(domain_attach(fd), attached);
	expect_eq(domain_unmap(fd, 0x100000, page_size), page_size);
	if (!attached)
		expect_eq(domain_detach(fd), 0);
	close(fd);
	pages_free(phys);
}

/* In a VM: its streams cannot be attached any more, and it is told so */
static void test_refused(void)
{
	use_domain(-ENODEV);
}

static const struct test tests[] = {
	{ "host_dma_works", test_works },
	{ "dma_works", test_works },
	{ "host_dma_aborts", test_aborts },
	{ "dma_aborts", test_aborts },
	{ "attach_refused", test_refused },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	for (uint32_t i = 0; engine_get(i, &engine) && !engine.platform; i++)
		;
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
