// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters at their limits: they neither wrap nor run into what lies beside them.
 */
#include <stdlib.h>

#include <linux/pkvm-iommu-guest.h>

#include <nvhe/mem_protect.h>

#include <core/domain.h>
#include <core/vm.h>
#include <memory/pin.h>

#include "../ghost/ghost.h"
#include "test.h"

#define BLOCK		(NATIVE_MEM_START + GHOST_BLOCK)

static void check_state(void)
{
	static struct ghost g;
	ghost_verdict v;

	ghost_read(&g);
	v = ghost_invariants(&g) ?: ghost_concrete();
	if (v)
		native_fail("%s", v);
}

static void poll_all(void)
{
	while (host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret & PKVM_IOMMU_POLL_VM_EVENT)
		;
}

TEST(limits, lost_faults_do_not_become_none)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;
	unsigned int i;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, guest_domain(vm),
				0).x[0], 0);
	for (i = 0; i <= IOMMU_EVENTS_MAX; i++) {
		expect_blocked(0, 0, i * PAGE_SIZE, true);
		poll_all();
	}
	ASSERT(vm->iommu->events.lost);
	vm->iommu->events.lost = U32_MAX - 1;
	for (i = 0; i < 4; i++) {
		expect_blocked(0, 0, i * PAGE_SIZE, true);
		poll_all();
	}
	r = guest_op(vm, PVIOMMU_OP_GET_EVENT, 0, 0, 0, 0, 0);
	ASSERT_EQ(FIELD_GET(PVIOMMU_EVENT_LOST, r.x[3]), U32_MAX);
	r = guest_op(vm, PVIOMMU_OP_GET_EVENT, 0, 0, 0, 0, 0);
	ASSERT_EQ(FIELD_GET(PVIOMMU_EVENT_LOST, r.x[3]), 0);
	check_state();
}

/* A page of the block comes and goes more often than its count can tell */
TEST(limits, a_page_that_comes_and_goes_leaves_its_block_whole)
{
	u64 list[PKVM_IOMMU_TOPUP_MAX], i, j, done;
	struct call_result r;
	long domain;

	machine_boot(m, seed);
	domain = new_domain();
	while (pool_pages(&iommu_host.pool))
		host_call(PKVM_IOMMU_OP_RECLAIM, PKVM_IOMMU_TOPUP_MAX, 0, 0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = BLOCK + i * PAGE_SIZE;
	for (i = 0; i < 1 + U16_MAX / ARRAY_SIZE(list); i++) {
		for (j = 0; j < ARRAY_SIZE(list); j++)
			outside_write64(list[j], list[j] + PAGE_SIZE);
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_TOPUP, BLOCK, ARRAY_SIZE(list), 0, 0, 0).ret, 0);
		ASSERT_EQ(block_lost_pages(BLOCK), ARRAY_SIZE(list));
		r = host_call(PKVM_IOMMU_OP_RECLAIM, ARRAY_SIZE(list), 0, 0, 0, 0);
		ASSERT_EQ(r.out[1], ARRAY_SIZE(list));
		ASSERT_EQ(block_lost_pages(BLOCK), 0);
	}
	ASSERT_EQ(map(domain, 0, BLOCK, GHOST_BLOCK, RW, &done), 0);
	ASSERT_EQ(block_pin_count(BLOCK), 1);
	check_state();
}

/* All pages of a block are lost, and come back */
TEST(limits, a_block_loses_all_its_pages)
{
	u64 pfn = hyp_phys_to_pfn(BLOCK), i;

	machine_boot(m, seed);
	for (i = 0; i < PTRS_PER_PTE; i++)
		ASSERT_EQ(page_revoke(BLOCK + i * PAGE_SIZE, PAGE_SIZE), 0);
	ASSERT_EQ(block_lost_pages(BLOCK), PTRS_PER_PTE);
	ASSERT_EQ(block_pin_count(BLOCK), 0);
	ASSERT(!pin_block(BLOCK));
	/* A failure in the middle takes nothing */
	ASSERT_EQ(page_revoke(BLOCK, GHOST_BLOCK), -EBUSY);
	ASSERT_EQ(block_lost_pages(BLOCK), PTRS_PER_PTE);
	page_grant(BLOCK + PAGE_SIZE, GHOST_BLOCK - PAGE_SIZE);
	ASSERT_EQ(block_lost_pages(BLOCK), 1);
	/* What the host has already does not come back once more */
	page_grant(BLOCK + PAGE_SIZE, GHOST_BLOCK - PAGE_SIZE);
	ASSERT_EQ(block_lost_pages(BLOCK), 1);
	page_grant(BLOCK, GHOST_BLOCK);
	ASSERT_EQ(block_lost_pages(BLOCK), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(pfn, 1), 0);
	check_state();
}

/* Mapped as a whole as often as that is counted, it is mapped by pages */
TEST(limits, a_block_is_mapped_so_often_as_one)
{
	u64 done, nr, i;
	long domain;

	machine_boot(m, seed);
	domain = new_domain();
	for (nr = 0; pin_block(BLOCK); nr++)
		;
	ASSERT_EQ(block_pin_count(BLOCK), nr);
	ASSERT_EQ(block_lost_pages(BLOCK), 0);
	ASSERT_EQ(map(domain, 0, BLOCK, GHOST_BLOCK, RW, &done), 0);
	ASSERT_EQ(block_pin_count(BLOCK), nr);
	ASSERT_EQ(page_pin_count(BLOCK + GHOST_BLOCK - PAGE_SIZE), 1);
	for (i = 0; i < nr; i++)
		unpin_block(BLOCK);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(BLOCK), 1), -EBUSY);
	ASSERT_EQ(unmap(domain, 0, GHOST_BLOCK, &done), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(BLOCK), 1), 0);
	check_state();
}

#define MAX_USERS	1023

static struct hyp_iommu_domain *crowded;

/* If there is no room for one more, another CPU ends its call, after a while */
static void end_a_call(void)
{
	static unsigned int full;
	u64 users = *crowded->slot & (SZ_4K - 1);

	/* With the flags that lie beside the count */
	ASSERT(users <= MAX_USERS);
	if (users == MAX_USERS && full++)
		--*crowded->slot;
}

/* More CPUs than a slot counts: they wait for each other, and nobody is refused */
TEST(limits, a_domain_has_so_many_users)
{
	struct iommu_handles *handles = &iommu_host.handles;
	u64 phys, done;
	unsigned int i;
	long handle;

	machine_boot(m, seed);
	phys = host_page_get();
	handle = new_domain();
	for (i = 0; i < MAX_USERS; i++)
		crowded = domain_handle_get(handles, handle);
	ASSERT(crowded);
	ASSERT_EQ(*crowded->slot & (SZ_4K - 1), MAX_USERS);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, -EBUSY);
	native_hooks.other_cpus = end_a_call;
	ASSERT_EQ(map(handle, 0, phys, PAGE_SIZE, RW, &done), 0);
	native_hooks.other_cpus = NULL;
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, -EBUSY);
	while (*crowded->slot & (SZ_4K - 1))
		domain_handle_put(crowded);
	check_state();
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, 0);
}

/* An SMMU has no VMID or ASID left: the stream stays where it is */
TEST(limits, an_smmu_has_so_many_tags)
{
	unsigned long *ids, words, *saved;
	u64 phys, done;
	long domain, other;

	domain = boot_and_attach(m, seed);
	other = new_domain();
	phys = host_page_get();
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	ids = hyp_iommus[0]->ids;
	words = BITS_TO_LONGS(hyp_iommus[0]->nr_ids) * sizeof(*ids);
	saved = malloc(words);
	memcpy(saved, ids, words);
	memset(ids, 0xff, words);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 0, 0, other, 0, 0).ret, -ENOSPC);
	expect_dma(0, 0, 0, true, phys);
	memcpy(ids, saved, words);
	check_state();
	attach(0, 0, other);
	expect_blocked(0, 0, 0, true);
	check_state();
	free(saved);
}

/* A domain on more SMMUs than its page has room for */
TEST(limits, a_domain_has_so_many_tags)
{
	struct hyp_iommu_domain *domain;
	struct machine two = *m;
	unsigned int i;
	long handle;

	for (i = 0; two.nr_smmus < 2; i++)
		two = machine_get(i);
	machine_boot(&two, seed);
	handle = new_domain();
	domain = domain_handle_get(&iommu_host.handles, handle);
	domain_handle_put(domain);
	domain->nr_bindings = 1;
	attach(0, 0, handle);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 1, 0, handle, 0, 0).ret, -ENOSPC);
	expect_blocked(1, 0, 0, true);
	check_state();
	attach(0, 0, PKVM_IOMMU_DOMAIN_BLOCKED);
	attach(1, 0, handle);
	check_state();
}

/* The table of handles is full but for one slot of its last page */
TEST(limits, an_owner_has_so_many_domains)
{
	u64 *saved[PAGE_SIZE / sizeof(u64)], **root, *full, *last;
	const u64 slots = PAGE_SIZE / sizeof(u64);
	long first, handle;

	machine_boot(m, seed);
	first = new_domain();
	root = iommu_host.handles.root;
	memcpy(saved, root, sizeof(saved));
	full = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	last = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	/* The first slot of a page counts the others */
	memset(full, 0, PAGE_SIZE);
	full[0] = slots - 1;
	memcpy(last, full, PAGE_SIZE);
	memset(last + 1, 0xff, PAGE_SIZE - 2 * sizeof(u64));
	last[0] = slots - 2;
	for (u64 i = 0; i < slots; i++)
		root[i] = i < slots - 1 ? full : last;
	ASSERT_EQ(host_topup(4), 0);
	handle = host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret;
	ASSERT_EQ(handle, PKVM_IOMMU_DOMAIN_IDENTITY + slots * slots - 1);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret, -ENOSPC);
	/* There is no handle after it, and no domain before it that nobody made */
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle + 1, 0, 0, 0, 0).ret, -ENOENT);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret, handle);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0).ret, 0);
	memcpy(root, saved, sizeof(saved));
	free(last);
	free(full);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, first, 0, 0, 0, 0).ret, 0);
	check_state();
}

/* The page of SMMUs is full: what EL2 cannot have the host keeps */
TEST(limits, el2_has_so_many_smmus)
{
	const unsigned int nr = PAGE_SIZE / sizeof(struct hyp_iommu *);
	struct machine two = *m;
	unsigned int i;

	for (i = 0; two.nr_smmus < 2; i++)
		two = machine_get(i);
	machine_prepare(&two, seed);
	ASSERT_EQ(machine_register(&two, 0), 0);
	for (i = 1; i < nr; i++)
		hyp_iommus[i] = hyp_iommus[0];
	hyp_nr_iommus = nr;
	ASSERT_EQ(machine_register(&two, 1), -ENOSPC);
	hyp_nr_iommus = nr - 1;
	ASSERT_EQ(machine_register(&two, 1), nr - 1);
	ASSERT_EQ(hyp_nr_iommus, nr);
	hyp_iommus[1] = hyp_iommus[nr - 1];
	two.nr_smmus = 2;
	hyp_nr_iommus = 2;
	machine_register_devices(&two);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret, 0);
	check_state();
}
