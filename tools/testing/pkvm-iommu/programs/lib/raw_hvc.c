// SPDX-License-Identifier: GPL-2.0-only
#include "raw_hvc.h"

int64_t raw(enum pkvm_test_hvc_func func, uint64_t a1, uint64_t a2, uint64_t a3,
	    uint64_t a4)
{
	struct pkvm_test_hvc hvc = { .func = func, .regs = { a1, a2, a3, a4 } };

	if (ioctl(test_fd, PKVM_TEST_HVC, &hvc))
		fatal("hypercall");
	expect_eq(hvc.regs[0], 0);
	return hvc.regs[1];
}

/* To whichever VM: only ours is a plain one that has something there */
int64_t raw_any(enum pkvm_test_hvc_func func, uint64_t ipa, uint64_t nr)
{
	int64_t ret, found = -ENOENT;

	for (uint64_t handle = HANDLES; handle < HANDLES + NR_HANDLES; handle++) {
		ret = raw(func, handle, ipa / page_size, nr, 0);
		if (ret != -EINVAL)
			found = ret;
	}
	return found;
}
