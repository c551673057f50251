// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that are mapped for DMA stay where they are (I5).
 */
#include <memory/pin.h>

#include "../ghost/ghost.h"
#include "test.h"

/* Where EL2 counts: the only word of what it reserved at boot that has this value */
static u32 *find_count(u32 value)
{
	u32 *word = hyp_phys_to_virt(NATIVE_MEM_START), *found = NULL;
	u32 *end = hyp_phys_to_virt(NATIVE_MEM_START + (pkvm_iommu_reserve_nr << PAGE_SHIFT));

	for (; word < end; word++) {
		if (*word != value)
			continue;
		ASSERT(!found);
		found = word;
	}
	ASSERT(found);

	return found;
}

static long map_once(long domain, u64 nr, u64 phys)
{
	return host_do(PKVM_IOMMU_OP_MAP, domain, nr << PAGE_SHIFT, phys, PAGE_SIZE, RW).ret;
}

/* The zero page is mapped as often as buffers are written that nobody has touched */
TEST(pins, a_page_is_mapped_as_often_as_a_host_may_want)
{
	u64 phys, i, nr = 70000;
	long domain;
	u32 *count;

	machine_boot(m, seed);
	phys = host_page_get();
	domain = new_domain();
	for (i = 0; i < nr; i++)
		ASSERT_EQ(map_once(domain, i, phys), 0);
	ASSERT_EQ(page_pin_count(phys), nr);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EBUSY);

	/* As if it were mapped so often: the count neither wraps nor sticks */
	count = find_count(nr);
	*count = PIN_COUNT_MAX - 1;
	ASSERT_EQ(map_once(domain, nr, phys), 0);
	for (i = 1; i < 1000; i++)
		ASSERT_EQ(map_once(domain, nr + i, phys), -EBUSY);
	ASSERT_EQ(*count, PIN_COUNT_MAX);
	ASSERT(!page_is_revoked(phys));
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EBUSY);

	*count = nr + 1;
	for (i = 0; i <= nr; i++)
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_UNMAP, domain, i << PAGE_SHIFT, PAGE_SIZE, 0,
				    0).ret, 0);
	ASSERT_EQ(*count, 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
}

/* Each page counts for itself, also where two pieces of memory lie in one block */
TEST(pins, pages_of_different_pieces_count_apart)
{
	struct machine odd = *m;
	u64 phys[6], done;
	unsigned int i, j;
	long domain;

	odd.mem[1].base = odd.mem[0].base + odd.mem[0].size + GHOST_BLOCK / 4;
	machine_boot(&odd, seed);
	domain = new_domain();
	phys[0] = host_page_get();
	phys[1] = phys[0] + GHOST_BLOCK;
	phys[2] = phys[1] + PAGE_SIZE;
	phys[3] = odd.mem[1].base - GHOST_BLOCK / 4 - PAGE_SIZE;
	phys[4] = odd.mem[1].base;
	phys[5] = odd.mem[1].base + odd.mem[1].size - PAGE_SIZE;
	for (i = 0; i < ARRAY_SIZE(phys); i++) {
		ASSERT_EQ(map(domain, i * PAGE_SIZE, phys[i], PAGE_SIZE, RW, &done), 0);
		for (j = 0; j < ARRAY_SIZE(phys); j++)
			ASSERT_EQ(page_pin_count(phys[j]), j <= i);
	}
	for (i = 0; i < ARRAY_SIZE(phys); i++) {
		ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys[i]), 1), -EBUSY);
		ASSERT_EQ(unmap(domain, i * PAGE_SIZE, PAGE_SIZE, &done), 0);
		ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys[i]), 1), 0);
		for (j = 0; j < ARRAY_SIZE(phys); j++)
			ASSERT_EQ(page_is_revoked(phys[j]), j <= i);
	}
}

TEST_EACH(pins, a_donation_that_fails_takes_nothing)
{
	u64 phys, done, i;
	long domain;

	machine_boot(m, seed);
	phys = host_pages_get(4);
	domain = new_domain();
	attach(0, 0, domain);
	attach(0, 1, PKVM_IOMMU_DOMAIN_IDENTITY);
	ASSERT_EQ(map(domain, 0, phys + 3 * PAGE_SIZE, PAGE_SIZE, RW, &done), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 4), -EBUSY);
	for (i = 0; i < 4; i++) {
		expect_dma(0, 1, phys + i * PAGE_SIZE, true, phys + i * PAGE_SIZE);
		ASSERT(!page_is_revoked(phys + i * PAGE_SIZE));
	}
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 4), 0);
	for (i = 0; i < 4; i++)
		expect_blocked(0, 1, phys + i * PAGE_SIZE, true);
}

TEST_EACH(pins, a_guests_mapped_page_is_not_taken_by_force)
{
	struct pkvm_hyp_vm *vm;
	long domain;
	u64 phys;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	phys = kvm_pte_to_phys(vm->pte[0]);
	domain = guest_domain(vm);
	ASSERT_EQ(guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], 0);
	ASSERT_EQ(host_force_reclaim(phys), -EBUSY);
	ASSERT_EQ(guest_do(vm, 5, domain, 0, PAGE_SIZE, 0, 0).x[0], 0);
	ASSERT_EQ(host_force_reclaim(phys), 0);
	/* And what is gone is not mapped again */
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], -3);
}

TEST_EACH(pins, a_page_shared_with_the_host_and_mapped_by_it_stays_shared)
{
	struct pkvm_hyp_vm *vm;
	u64 phys, done;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	phys = kvm_pte_to_phys(vm->pte[0]);
	domain = new_domain();
	attach(0, 1, domain);
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), -EPERM);
	ASSERT_EQ(guest_share_host(vm, 0), 0);
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 1, 0, true, phys);
	ASSERT_EQ(guest_unshare_host(vm, 0), -EBUSY);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(guest_unshare_host(vm, 0), 0);
	expect_blocked(0, 1, 0, true);
}

/* Once, not once for each page, but each of them stays */
TEST_EACH(pins, a_block_counts_once_and_holds_all_its_pages)
{
	u64 block = NATIVE_MEM_START + GHOST_BLOCK, page = block + 5 * PAGE_SIZE, done;
	long domain;

	machine_boot(m, seed);
	domain = new_domain();
	attach(0, 0, domain);
	ASSERT_EQ(map(domain, 0, block, GHOST_BLOCK, RW, &done), 0);
	ASSERT_EQ(block_pin_count(page), 1);
	ASSERT_EQ(page_pin_count(page), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(page), 1), -EBUSY);
	ASSERT_EQ(map(domain, GHOST_BLOCK, page, PAGE_SIZE, RW, &done), 0);
	ASSERT_EQ(unmap(domain, 0, GHOST_BLOCK, &done), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(page), 1), -EBUSY);
	ASSERT_EQ(unmap(domain, GHOST_BLOCK, PAGE_SIZE, &done), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(page), 1), 0);
	/* Not a block of the host's any more: what it still has of it, page by page */
	ASSERT_EQ(map(domain, 0, block, GHOST_BLOCK, RW, &done), -EPERM);
	ASSERT_EQ(done, page - block);
	ASSERT_EQ(block_pin_count(block), 0);
	expect_blocked(0, 0, page - block, true);
}

/* Pieces of a list go one after the other, as far as they can */
TEST_EACH(pins, a_list_stops_at_the_page_that_is_not_the_hosts)
{
	u64 phys, info = RW | 4UL << 32;
	struct call_result r;
	long domain;

	machine_boot(m, seed);
	phys = host_pages_get(8);
	domain = new_domain();
	attach(0, 0, domain);
	/* Of two pages each, the third of them not the host's */
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys) + 5, 1), 0);
	r = host_do(PKVM_IOMMU_OP_MAP_LIST, domain, 0, info, phys | 1, 2 * PAGE_SIZE);
	if (!r.ret) {
		ASSERT_EQ(r.out[0], 5 * PAGE_SIZE);
		r = host_do(PKVM_IOMMU_OP_MAP, domain, 5 * PAGE_SIZE, phys + 5 * PAGE_SIZE,
			    PAGE_SIZE, RW);
	}
	ASSERT_EQ(r.ret, -EPERM);
	expect_dma(0, 0, 4 * PAGE_SIZE, true, phys + 4 * PAGE_SIZE);
	expect_blocked(0, 0, 5 * PAGE_SIZE, true);
	/* Nor is it the host's what follows memory in a list, but not in space */
	r = host_do(PKVM_IOMMU_OP_MAP_LIST, domain, 2 * GHOST_BLOCK, RW | 2UL << 32, phys,
		    m->smmus[0].base - phys);
	ASSERT_EQ(r.ret, -EPERM);
	ASSERT_EQ(r.out[0], PAGE_SIZE);
	r = host_do(PKVM_IOMMU_OP_MAP_LIST, domain, 3 * GHOST_BLOCK, RW | 2UL << 32, phys,
		    0x80000000 - phys);
	ASSERT_EQ(r.ret, 0);
	ASSERT_EQ(r.out[0], 2 * PAGE_SIZE);
	/* No piece, too many, permissions that do not exist */
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_MAP_LIST, domain, GHOST_BLOCK, RW, phys, 0).ret, -EINVAL);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_MAP_LIST, domain, GHOST_BLOCK, RW | 14UL << 32, phys,
			  0).ret, -EINVAL);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_MAP_LIST, domain, GHOST_BLOCK, 1UL << 31 | RW | 1UL << 32,
			  phys, 0).ret, -EINVAL);
}

/* I7: as much as one large mapping, however it is cut up */
TEST_EACH(pins, a_list_is_no_longer_than_one_mapping)
{
	u64 block = NATIVE_MEM_START + GHOST_BLOCK;
	struct call_result r;
	long domain;

	machine_boot(m, seed);
	domain = new_domain();
	r = host_do(PKVM_IOMMU_OP_MAP_LIST, domain, 0, RW | 2UL << 32, block | (PTRS_PER_PTE - 1),
		    0);
	ASSERT_EQ(r.ret, 0);
	ASSERT_EQ(r.out[0], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(block), 1);
}

static struct call_result unmap_list(u64 domain, u64 nr, u64 first, u64 stride)
{
	return host_call(PKVM_IOMMU_OP_UNMAP_LIST, domain, nr, 0, first, stride);
}

/* Many ranges, pages and blocks, and one invalidation */
TEST_EACH(pins, a_list_is_unmapped_by_one_invalidation)
{
	u64 block = NATIVE_MEM_START + GHOST_BLOCK, phys, done, syncs;
	struct call_result r;
	unsigned int i;
	long domain;

	machine_boot(m, seed);
	phys = host_page_get();
	domain = new_domain();
	attach(0, 0, domain);
	for (i = 0; i < 13; i++) {
		ASSERT_EQ(map(domain, 2 * i * PAGE_SIZE, phys, PAGE_SIZE, RW, &done), 0);
		ASSERT_EQ(map(domain, (i + 1) * GHOST_BLOCK, block, GHOST_BLOCK, RW, &done), 0);
	}
	expect_dma(0, 0, 24 * PAGE_SIZE, true, phys);
	expect_dma(0, 0, GHOST_BLOCK, true, block);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EBUSY);
	syncs = sim_smmus[0]->nr_syncs;
	r = unmap_list(domain, 13, 0, 2 * PAGE_SIZE);
	ASSERT_EQ(r.ret, 0);
	ASSERT_EQ(r.out[0], 13 * PAGE_SIZE);
	ASSERT_EQ(sim_smmus[0]->nr_syncs, syncs + 1);
	for (i = 0; i < 13; i++)
		expect_blocked(0, 0, 2 * i * PAGE_SIZE, true);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	ASSERT_EQ(block_pin_count(block), 13);
	r = unmap_list(domain, 13, GHOST_BLOCK | (PTRS_PER_PTE - 1), GHOST_BLOCK);
	ASSERT_EQ(r.ret, 0);
	ASSERT_EQ(r.out[0], 13 * GHOST_BLOCK);
	ASSERT_EQ(sim_smmus[0]->nr_syncs, syncs + 2);
	expect_blocked(0, 0, GHOST_BLOCK, true);
	ASSERT_EQ(block_pin_count(block), 0);
}

/* I7: however long a range is, one call takes out about as many pages as UNMAP does */
TEST_EACH(pins, a_list_of_ranges_takes_a_bounded_step)
{
	u64 phys = NATIVE_MEM_START + GHOST_BLOCK + PAGE_SIZE, done, i;
	struct call_result r;
	long domain;

	machine_boot(m, seed);
	domain = new_domain();
	for (i = 0; i < 4; i++)
		ASSERT_EQ(map(domain, i * GHOST_BLOCK, phys, GHOST_BLOCK - PAGE_SIZE, RW,
			      &done), 0);
	r = unmap_list(domain, 4, PTRS_PER_PTE - 2, GHOST_BLOCK);
	ASSERT_EQ(r.ret, 0);
	ASSERT_EQ(r.out[0], 2 * (GHOST_BLOCK - PAGE_SIZE));
	r = unmap_list(domain, 2, (2 * GHOST_BLOCK) | (PTRS_PER_PTE - 2), GHOST_BLOCK);
	ASSERT_EQ(r.ret, 0);
	ASSERT_EQ(r.out[0], 2 * (GHOST_BLOCK - PAGE_SIZE));
}

/* It stops where it must, says where, and what is before that has gone */
TEST_EACH(pins, a_list_of_ranges_stops_at_the_first_that_is_wrong)
{
	u64 block = NATIVE_MEM_START + GHOST_BLOCK, phys, done, end;
	struct call_result r;
	long domain;

	machine_boot(m, seed);
	phys = host_pages_get(4);
	domain = new_domain();
	attach(0, 0, domain);
	end = BIT_ULL(ghost_ias());

	ASSERT_EQ(map(domain, 0, phys, 2 * PAGE_SIZE, RW, &done), 0);
	r = unmap_list(domain, 13, 0, PAGE_SIZE);
	ASSERT_EQ(r.ret, -ENXIO);
	ASSERT_EQ(r.out[0], 2 * PAGE_SIZE);
	/* The same page once more */
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	r = unmap_list(domain, 2, 0, 0);
	ASSERT_EQ(r.ret, -EIO);
	ASSERT_EQ(r.out[0], PAGE_SIZE);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	/* Part of a block */
	ASSERT_EQ(map(domain, GHOST_BLOCK, block, GHOST_BLOCK, RW, &done), 0);
	r = unmap_list(domain, 1, GHOST_BLOCK, 0);
	ASSERT_EQ(r.ret, -EINVAL);
	ASSERT_EQ(r.out[0], 0);
	expect_dma(0, 0, GHOST_BLOCK, true, block);
	/* Out of the address space */
	ASSERT_EQ(map(domain, end - PAGE_SIZE, phys + PAGE_SIZE, PAGE_SIZE, RW, &done), 0);
	r = unmap_list(domain, 2, end - PAGE_SIZE, PAGE_SIZE);
	ASSERT_EQ(r.ret, -ERANGE);
	ASSERT_EQ(r.out[0], PAGE_SIZE);
	r = unmap_list(domain, 1, (end - PAGE_SIZE) | 1, 0);
	ASSERT_EQ(r.ret, -ERANGE);
	ASSERT_EQ(r.out[0], 0);

	ASSERT_EQ(unmap_list(domain, 0, 0, 0).ret, -EINVAL);
	ASSERT_EQ(unmap_list(domain, 14, 0, 0).ret, -EINVAL);
	ASSERT_EQ(unmap_list(domain, 1ULL << 32 | 1, 0, 0).ret, -EINVAL);
	ASSERT_EQ(unmap_list(domain + 1, 1, 0, 0).ret, -ENOENT);
}
