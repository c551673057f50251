// SPDX-License-Identifier: GPL-2.0-only
/*
 * platform [TEST]...: the platform device whose two engines have a stream ID
 * each. Both belong to one device, one group and one domain.
 */
#include "test.h"

static struct pkvm_test_engine streams[2];

static bool find_streams(void)
{
	struct pkvm_test_engine e;
	size_t nr = 0;

	for (uint32_t i = 0; engine_get(i, &e); i++) {
		if (e.platform && nr < ARRAY_SIZE(streams))
			streams[nr++] = e;
	}
	return expect_eq(nr, ARRAY_SIZE(streams));
}

static void test_two_streams(void)
{
	if (!find_streams())
		return;
	expect(streams[0].sid != streams[1].sid, "both are %#x", streams[0].sid);
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		expect(streams[i].mapped, "stream %#x has no IOMMU", streams[i].sid);
		expect(!strcmp(streams[i].name, streams[0].name), "%s, %s",
		       streams[i].name, streams[0].name);
	}
}

/* Through the first engine, back to memory, through the second, and back */
static void test_ram_to_ram(void)
{
	uint8_t data[PKVM_TEST_BUFFER], via[PKVM_TEST_BUFFER];

	if (!find_streams())
		return;
	for (int round = 0; round < 3; round++) {
		fill_random(data, sizeof(data));
		memcpy(via, data, sizeof(via));
		for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
			expect_eq(buffer_set(streams[i].index, via), 0);
			memset(via, 0, sizeof(via));
			expect_eq(buffer_get(streams[i].index, via), 0);
			expect(!memcmp(via, data, sizeof(via)),
			       "stream %#x, round %d", streams[i].sid, round);
		}
	}
}

/* Neither stream may be forgotten when the other is secured */
static void test_each_stream_blocked(void)
{
	uint8_t before[PKVM_TEST_BUFFER], after[PKVM_TEST_BUFFER];
	uint64_t target = hyp_mem_base();

	if (!find_streams() || !expect(target, "where is EL2's memory?"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		long faults = stream_faults(streams[i].sid);
		int klog = klog_open();

		fill_random(before, sizeof(before));
		expect_eq(buffer_set(streams[i].index, before), 0);
		expect_eq(dma_read(streams[i].index, target, 4), 0);
		expect(klog_wait(klog, streams[i].name, target, 10000),
		       "no fault logged for stream %#x", streams[i].sid);
		expect(stream_faults(streams[i].sid) > faults,
		       "no fault counted for stream %#x", streams[i].sid);
		expect_eq(buffer_get(streams[i].index, after), 0);
		expect(!memcmp(after + 4, before + 4, sizeof(after) - 4) &&
		       (!memcmp(after, before, 4) || !memcmp(after, "\0\0\0", 4) ||
			!memcmp(after, "\xff\xff\xff\xff", 4)),
		       "stream %#x leaked", streams[i].sid);
		close(klog);
	}
}

static const struct test tests[] = {
	{ "platform_two_streams", test_two_streams },
	{ "platform_ram_to_ram", test_ram_to_ram },
	{ "platform_each_stream_blocked", test_each_stream_blocked },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	access_init();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
