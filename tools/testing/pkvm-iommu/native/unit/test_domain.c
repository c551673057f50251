// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains come and go; what they took comes back.
 */
#include <memory/pin.h>

#include "../ghost/ghost.h"
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

/* I7: a call that frees does a bounded part of the work, wherever that ends */
TEST(domain, a_large_one_is_freed_in_steps)
{
	u64 block = NATIVE_MEM_START + GHOST_BLOCK, phys, done, nr, i;
	unsigned int calls;
	long domain, ret;

	machine_boot(m, seed);
	for (nr = 30; nr < 36; nr++) {
		phys = host_page_get();
		domain = new_domain();
		for (i = 0; i < nr; i++)
			ASSERT_EQ(map(domain, i * GHOST_BLOCK, block, GHOST_BLOCK, RW, &done), 0);
		for (i = nr; i < 2 * nr; i++)
			ASSERT_EQ(map(domain, i * GHOST_BLOCK, phys, PAGE_SIZE, RW, &done), 0);
		for (calls = 1; ; calls++) {
			ret = host_call(PKVM_IOMMU_OP_FREE_DOMAIN, domain, 0, 0, 0, 0).ret;
			if (ret != -EAGAIN)
				break;
			/* Nobody else uses what is half gone */
			ASSERT_EQ(host_call(PKVM_IOMMU_OP_UNMAP, domain, 0, GHOST_BLOCK, 0, 0).ret,
				  -ENOENT);
		}
		ASSERT_EQ(ret, 0);
		ASSERT(calls > 1);
		ASSERT_EQ(block_pin_count(block), 0);
		ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	}
}
