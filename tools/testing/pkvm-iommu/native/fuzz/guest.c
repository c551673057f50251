// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: calls of a guest that has memory, two streams, and a host that does
 * what it is asked.
 */
#include "fuzz.h"

#define HANDLE		NATIVE_HANDLE_OFFSET
#define LENT(n)		(NATIVE_MEM_START + GHOST_BLOCK * 2 + (n) * PAGE_SIZE)

static void host(u64 op, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	const struct step step = {
		.kind = STEP_HOST, .op = op, .fault = NATIVE_NR_FAULTS,
		.arg = { a0, a1, a2, a3, a4 },
	};

	fuzz_do(&step);
}

static void memory(u64 op, u64 a0, u64 a1, u64 a2)
{
	const struct step step = {
		.kind = STEP_MEMORY, .op = op, .fault = NATIVE_NR_FAULTS, .arg = { a0, a1, a2 },
	};

	fuzz_do(&step);
}

static void start_vm(void)
{
	unsigned int i;

	host(PKVM_IOMMU_OP_TOPUP, LENT(0), 4, PAGE_SIZE, 0, 0);
	memory(MEM_VM_RESERVE, 0, 0, 0);
	host(PKVM_IOMMU_OP_VM_TOPUP, HANDLE, LENT(8), 40, PAGE_SIZE, 0);
	for (i = 0; i < 2; i++) {
		host(PKVM_IOMMU_OP_ATTACH, 0, machine_sids[i], PKVM_IOMMU_DOMAIN_IDENTITY, 0, 0);
		host(PKVM_IOMMU_OP_ATTACH, 0, machine_sids[i], PKVM_IOMMU_DOMAIN_BLOCKED, 0, 0);
		host(PKVM_IOMMU_OP_VM_ROUTE, HANDLE, 1, i, 0, machine_sids[i]);
	}
	memory(MEM_VM_INIT, HANDLE, 0, 0);
	for (i = 0; i < 8; i++)
		memory(MEM_DONATE_GUEST, (LENT(64) >> PAGE_SHIFT) + i, i, HANDLE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static bool started;
	struct step step;

	if (!started)
		fuzz_start();
	started = true;
	start_vm();
	while (fuzz_step(&in, STEP_GUEST, &step))
		fuzz_do(&step);
	fuzz_finish();

	return 0;
}
