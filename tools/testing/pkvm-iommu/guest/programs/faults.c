// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults [TEST]...: in a VM, its device accesses what is not mapped. What the guest
 * driver makes of it; the streams are called as tests/vm_faults.sh of the host says.
 */
#include "domain_api.h"

#define FAR	0xdead0000ULL

static const uint32_t vsids[] = { 0x1d, 0xfffffffe };
static struct pkvm_test_engine engines[2];

static void find_engines(void)
{
	struct pkvm_test_engine e;
	size_t nr = 0;

	for (uint32_t i = 0; engine_get(i, &e); i++) {
		if (e.platform && nr < ARRAY_SIZE(engines))
			engines[nr++] = e;
	}
	if (nr != ARRAY_SIZE(engines))
		fatal("%zu engines", nr);
	engine = engines[0];
}

/* Each stream by its name, each direction, where and why */
static void test_in_log(void)
{
	char line[200];

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		for (int write = 0; write < 2; write++) {
			uint64_t addr = FAR + i * 0x10000 + write * 0x1000;
			int klog = klog_open();

			expect_eq(dma(engines[i].index, write, addr, 4), 0);
			snprintf(line, sizeof(line), ": %s of IOVA %#" PRIx64
				 ": F_TRANSLATION (not mapped)",
				 write ? "write" : "read", addr);
			expect(klog_wait(klog, line, ~0ULL, 15000), "no \"%s\"", line);
			close(klog);

			klog = klog_open();
			expect_eq(dma(engines[i].index, write, addr, 4), 0);
			snprintf(line, sizeof(line), "edu-pair: fault: vSID %#x of pvIOMMU",
				 vsids[i]);
			expect(klog_wait(klog, line, ~0ULL, 15000), "no \"%s\"", line);
			close(klog);
		}
	}
}

/* Whatever the streams are called */
static void test_told(void)
{
	int klog = klog_open();

	expect_eq(dma_read(engine.index, FAR, 4), 0);
	expect(klog_wait(klog, ": read of IOVA 0xdead0000: F_TRANSLATION (not mapped)",
			 ~0ULL, 15000), "not logged");
	close(klog);
}

/* A driver that takes care of it: nothing is logged */
static void test_handler(void)
{
	int fd = domain_open(), klog;

	expect_eq(domain_attach(fd), 0);
	klog = klog_open();
	expect_eq(dma_write(engine.index, FAR, 4), 0);
	expect(klog_wait(klog, "test handler: write of 0xdead0000", ~0ULL, 15000),
	       "not called");
	expect(!klog_wait(klog, "fault: vSID", ~0ULL, 1000), "logged too");
	close(klog);
	expect_eq(domain_detach(fd), 0);
	close(fd);
	/* The domain is gone, and its handler */
	klog = klog_open();
	expect_eq(dma_write(engine.index, FAR, 4), 0);
	expect(klog_wait(klog, "fault: vSID", ~0ULL, 15000), "not logged");
	close(klog);
}

static void test_flood(void)
{
	int klog = klog_open();

	for (int i = 0; i < 4; i++)
		expect_eq(dma_write(engine.index, FAR, PKVM_TEST_BUFFER / 8), 0);
	expect(klog_wait(klog, "faults were lost", ~0ULL, 15000), "none lost");
	close(klog);
}

static const struct test tests[] = {
	{ "fault_told", test_told },
	{ "fault_in_log", test_in_log },
	{ "fault_handler", test_handler },
	{ "fault_flood", test_flood },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	find_engines();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
