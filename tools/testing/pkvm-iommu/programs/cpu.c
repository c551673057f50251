// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpu [TEST]...: the host's CPUs reach for what is EL2's, instead of a device.
 */
#include <glob.h>

#include "dt.h"
#include "hidden.h"

static bool has_smmu_of_el2(void)
{
	char state[16] = "";
	FILE *f = fopen("/sys/kernel/debug/pkvm-smmu/isolation", "r");

	if (f && !fgets(state, sizeof(state), f))
		state[0] = 0;
	if (f)
		fclose(f);
	return !strncmp(state, "isolated ", 9);
}

static void expect_hidden(const struct dt_regs *smmu)
{
	uint8_t *regs = phys_map(smmu->base, smmu->size);
	uint32_t value;

	for (uint64_t off = 0; off < smmu->size; off += 0x1000) {
		expect_eq(try_read32(regs + off, &value), SIGSEGV);
		expect_eq(try_write32(regs + off + 0x20, 0), SIGSEGV);
	}
	/* the last word of all, too */
	expect_eq(try_read32(regs + smmu->size - 4, &value), SIGSEGV);
	munmap(regs, smmu->size);
}

static void expect_registers_hidden(void)
{
	expect(nr_smmus(), "no SMMU in the device tree");
	for (unsigned int n = 0; n < nr_smmus(); n++)
		expect_hidden(&smmus[n]);
}

static void test_smmu_registers(void)
{
	expect(has_smmu_of_el2(), "no SMMU at EL2");
	expect_registers_hidden();
}

/* The neighbours of the registers are the host's still */
static void test_other_registers(void)
{
	uint8_t *regs = phys_map(dt_regs("arm,pl011").base, page_size);
	uint32_t id;

	expect_eq(try_read32(regs + 0xfe0, &id), 0);
	expect_eq(id & 0xff, 0x11);
	munmap(regs, page_size);
}

/*
 * Touch so many places that EL2 runs out of tables for the host's MMIO and
 * forgets all of it, as host_stage2_unmap_dev_all() does; what was refused
 * before must not be populated from scratch then.
 */
static void test_smmu_registers_after_recycling(void)
{
	uint64_t stride = page_size / 8 * (page_size / 8) * page_size;
	uint64_t limit = 1ULL << 47, touched = 0;
	uint32_t value;

	for (uint64_t addr = stride; addr < limit && touched < 3000; addr += stride) {
		uint8_t *p = phys_map(addr, page_size);

		try_read32(p, &value);
		munmap(p, page_size);
		if (!(++touched % 200))
			expect_registers_hidden();
	}
	ktap_line("# touched %" PRIu64 " places", touched);
	expect_registers_hidden();
	test_other_registers();
}

/*
 * EL2's code is not tried: pKVM lets the host read it, and a host that writes to
 * it faults until it is stopped.
 */
static void test_el2_memory(void)
{
	uint8_t *p = phys_map(hyp_mem_base(), page_size);
	uint32_t value;

	expect_eq(try_read32(p, &value), SIGSEGV);
	expect_eq(try_write32(p, 0), SIGSEGV);
	munmap(p, page_size);
}

/* "reg" of a node below the root, 64-bit cells */
static uint64_t node_base(const char *pattern)
{
	uint64_t base = 0;
	glob_t nodes;
	FILE *f;

	if (glob(pattern, 0, NULL, &nodes))
		fatal("no node %s", pattern);
	f = fopen(nodes.gl_pathv[0], "r");
	if (!f || fread(&base, sizeof(base), 1, f) != 1)
		fatal("cannot read %s", nodes.gl_pathv[0]);
	fclose(f);
	globfree(&nodes);
	return __builtin_bswap64(base);
}

static bool has_device(const char *pattern)
{
	glob_t found;
	bool has = !glob(pattern, 0, NULL, &found);

	if (has)
		globfree(&found);
	return has;
}

/* Counters of an SMMU can write messages anywhere: neither a driver nor anybody else */
static void test_counters(void)
{
	uint64_t base = node_base("/proc/device-tree/counters@*/reg");
	uint8_t *regs = phys_map(base, 0x20000);
	uint32_t value;

	expect(has_device("/sys/bus/platform/devices/*.smmuv3"), "no device of the SMMU");
	expect(!has_device("/sys/bus/platform/devices/*.counters"), "a device has counters");
	expect(!has_device("/sys/bus/platform/devices/*.inner-counters"),
	       "a device has counters in the SMMU's registers");
	expect_eq(try_read32(regs, &value), SIGSEGV);
	expect_eq(try_write32(regs + 0xffc, 0), SIGSEGV);
	/* What is beside them is the host's */
	expect_eq(try_read32(regs + 0x10000, &value), 0);
	munmap(regs, 0x20000);
}

#define POWER_DOWN	(1 << 16)
#define LEVEL(n)	((n) << 24)
#define PSCI_DENIED	-3

static int32_t cpu_suspend(uint64_t state)
{
	struct pkvm_test_hvc hvc = {
		.func = PKVM_TEST_SMC_CPU_SUSPEND, .regs = { state },
	};

	if (ioctl(test_fd, PKVM_TEST_HVC, &hvc))
		fatal("CPU_SUSPEND");
	return hvc.regs[0];
}

/* A state that may power down an SMMU is EL2's to refuse; firmware would not know it */
static void test_deep_states(void)
{
	expect_eq(cpu_suspend(0), 0);
	expect_eq(cpu_suspend(POWER_DOWN | LEVEL(2)), PSCI_DENIED);
	expect_eq(cpu_suspend(POWER_DOWN | LEVEL(3)), PSCI_DENIED);
	/* That of a cluster is forwarded: QEMU's firmware has none */
	expect_eq(cpu_suspend(POWER_DOWN | LEVEL(1)), -2);
}

static const struct test tests[] = {
	{ "cpu_smmu_registers", test_smmu_registers },
	{ "cpu_other_registers", test_other_registers },
	{ "cpu_smmu_registers_after_recycling", test_smmu_registers_after_recycling },
	{ "cpu_el2_memory", test_el2_memory },
	{ "cpu_counters", test_counters },
	{ "cpu_deep_states", test_deep_states },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	access_init();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
