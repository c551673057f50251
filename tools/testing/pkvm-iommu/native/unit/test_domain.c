// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains come and go; what they took comes back.
 */
#include "test.h"

/* More than the lent pages, or a page of handles with the smallest pages, hold */
#define MANY	1500

TEST(domain, handles_and_memory_are_used_again)
{
	unsigned int i;
	long handle;

	machine_boot(m, seed);
	/* A domain, and the table of handles */
	ASSERT_EQ(host_topup(4), 0);
	for (i = 0; i < MANY; i++) {
		handle = host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret;
		ASSERT_EQ(handle, 2);
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, 0);
	}
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, -ENOENT);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_MAP, handle, 0, host_page_get(), PAGE_SIZE, RW).ret,
		  -ENOENT);
}
