// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: calls of the host.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct step reserve = {
		.kind = STEP_MEMORY, .op = MEM_VM_RESERVE, .fault = NATIVE_NR_FAULTS,
	};
	struct fuzz_input in = { data, size };
	static bool started;
	struct step step;

	if (!started)
		fuzz_start();
	started = true;
	fuzz_do(&reserve);
	while (fuzz_step(&in, STEP_HOST, &step))
		fuzz_do(&step);
	fuzz_finish();

	return 0;
}
