// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of a guest: donated page by page, mapped and pinned as one (I1, I5).
 */
#include <linux/pkvm-iommu-guest.h>

#include <memory/pin.h>

#include "../ghost/ghost.h"
#include "test.h"

/* A VM that owns a block at 0, and where it is */
static struct pkvm_hyp_vm *vm_with_block(const struct machine *m, u64 seed, u64 *phys)
{
	struct pkvm_hyp_vm *vm;
	unsigned int gfn;

	machine_boot(m, seed);
	*phys = host_pages_get(PTRS_PER_PTE);
	ASSERT(*phys);
	vm = new_vm(0, 0);
	for (gfn = 0; gfn < PTRS_PER_PTE; gfn++)
		ASSERT_EQ(host_donate_guest(hyp_phys_to_pfn(*phys) + gfn, gfn, vm), 0);

	return vm;
}

static struct guest_result map_block(struct pkvm_hyp_vm *vm, u64 domain, u64 iova, u64 prot)
{
	return guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, iova, 0, GHOST_BLOCK, prot);
}

static struct guest_result unmap_at(struct pkvm_hyp_vm *vm, u64 domain, u64 iova, u64 size)
{
	return guest_do(vm, PVIOMMU_OP_UNMAP_PAGES, domain, iova, size, 0, 0);
}

TEST(guest_block, counts_once_and_holds_all_its_pages)
{
	u64 phys, page, gfn = 77;
	struct pkvm_hyp_vm *vm = vm_with_block(m, seed, &phys);
	long domain;

	page = phys + gfn * PAGE_SIZE;
	domain = guest_domain(vm);
	ASSERT_EQ(map_block(vm, domain, GHOST_BLOCK, RW).x[1], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(page), 1);
	ASSERT_EQ(page_pin_count(page), 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	expect_dma(0, 0, GHOST_BLOCK + gfn * PAGE_SIZE, true, page);

	/* No page of it goes, neither back to the host nor out of its sight */
	ASSERT_EQ(host_force_reclaim(page), -EBUSY);
	ASSERT_EQ(guest_share_host(vm, gfn), 0);
	ASSERT_EQ(guest_unshare_host(vm, gfn), -EBUSY);
	expect_dma(0, 0, GHOST_BLOCK + gfn * PAGE_SIZE, true, page);

	ASSERT_EQ((int)unmap_at(vm, domain, GHOST_BLOCK, PAGE_SIZE).x[0],
		  SMCCC_RET_INVALID_PARAMETER);
	ASSERT_EQ(unmap_at(vm, domain, GHOST_BLOCK, GHOST_BLOCK).x[1], GHOST_BLOCK);
	expect_blocked(0, 0, GHOST_BLOCK + gfn * PAGE_SIZE, true);
	ASSERT_EQ(block_pin_count(page), 0);
	ASSERT_EQ(guest_unshare_host(vm, gfn), 0);
	ASSERT_EQ(host_force_reclaim(page), 0);
}

/* What the VM shares, the host may map as well, but never the block as one */
TEST(guest_block, is_the_hosts_in_no_part_that_it_did_not_share)
{
	u64 phys, done;
	struct pkvm_hyp_vm *vm = vm_with_block(m, seed, &phys);
	long domain, host;

	domain = guest_domain(vm);
	host = new_domain();
	ASSERT_EQ(guest_share_host(vm, 0), 0);
	ASSERT_EQ(map(host, 0, phys, GHOST_BLOCK, RW, &done), -EPERM);
	ASSERT_EQ(done, PAGE_SIZE);
	/* A page that is shared is another entry: all are pinned by themselves */
	ASSERT_EQ(map_block(vm, domain, 0, RW).x[1], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(phys), 0);
	ASSERT_EQ(page_pin_count(phys), 2);
	ASSERT_EQ(unmap_at(vm, domain, 0, GHOST_BLOCK).x[1], GHOST_BLOCK);
	ASSERT_EQ(page_pin_count(phys), 1);
	ASSERT_EQ(unmap(host, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(guest_unshare_host(vm, 0), 0);
	ASSERT_EQ(map_block(vm, domain, 0, RW).x[1], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(phys), 1);
	ASSERT_EQ(map(host, 0, phys, GHOST_BLOCK, RW, &done), -EPERM);
	ASSERT_EQ(done, 0);
	end_vm(vm);
}

/* The last page is as much a part of it as the first */
TEST(guest_block, with_one_page_of_another_is_none)
{
	u64 phys, other;
	struct pkvm_hyp_vm *vm = vm_with_block(m, seed, &phys);
	kvm_pte_t *last = &vm->pte[PTRS_PER_PTE - 1], pte = *last;
	long domain;

	other = host_page_get();
	domain = guest_domain(vm);
	*last = guest_pte(other, PKVM_PAGE_OWNED);
	ASSERT_EQ(map_block(vm, domain, 0, RW).x[1], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(phys), 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	expect_dma(0, 0, GHOST_BLOCK - PAGE_SIZE, true, other);
	ASSERT_EQ(unmap_at(vm, domain, 0, GHOST_BLOCK).x[1], GHOST_BLOCK);
	*last = 0;
	/* It ends before a page that is not there, and the rest waits for it */
	ASSERT_EQ(map_block(vm, domain, 0, RW).x[1], GHOST_BLOCK - PAGE_SIZE);
	*last = pte;
}

/* It is an entry of its own there, or a part of one */
TEST(guest_block, of_a_plain_vm_is_lent_and_counts_once)
{
	struct pkvm_hyp_vm *vm;
	u64 phys, done;
	long domain;

	machine_boot(m, seed);
	vm = new_block_vm(0, &phys);
	domain = guest_domain(vm);
	ASSERT_EQ(map_block(vm, domain, GHOST_BLOCK, RW).x[1], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(phys), 1);
	/* The host lends, it does not give: it may map it, too */
	ASSERT_EQ(map(new_domain(), 0, phys, GHOST_BLOCK, RW, &done), 0);
	ASSERT_EQ(block_pin_count(phys), 2);
	ASSERT_EQ(host_unshare_guest(0, PTRS_PER_PTE, vm), -EBUSY);
	ASSERT_EQ(unmap_at(vm, domain, GHOST_BLOCK, GHOST_BLOCK).x[1], GHOST_BLOCK);
	/* Parts of it, from the beginning and from the middle on */
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, GHOST_BLOCK, 0,
			   GHOST_BLOCK - PAGE_SIZE, RW).x[1], GHOST_BLOCK - PAGE_SIZE);
	ASSERT_EQ(block_pin_count(phys), 1);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 9 * PAGE_SIZE, 99 * PAGE_SIZE,
			   RW).x[1], 99 * PAGE_SIZE);
	expect_dma(0, 0, 98 * PAGE_SIZE, true, phys + 107 * PAGE_SIZE);
	expect_blocked(0, 0, 99 * PAGE_SIZE, true);
}

/* I7: a list maps no more than one call of MAP_PAGES */
TEST(guest_block, ends_a_list)
{
	u64 phys;
	struct pkvm_hyp_vm *vm = vm_with_block(m, seed, &phys);
	struct guest_result r;
	long domain;

	domain = guest_domain(vm);
	r = guest_do(vm, PVIOMMU_OP_MAP_LIST, domain, GHOST_BLOCK, RW | 2UL << 32,
		     PTRS_PER_PTE - 1, 0);
	ASSERT_EQ((int)r.x[0], 0);
	ASSERT_EQ(r.x[1], GHOST_BLOCK);
	ASSERT_EQ(block_pin_count(phys), 1);
	/* Where no block fits there are pages */
	ASSERT_EQ(map_block(vm, domain, 3 * PAGE_SIZE, RW).x[1], GHOST_BLOCK - 3 * PAGE_SIZE);
	ASSERT_EQ(block_pin_count(phys), 1);
	ASSERT_EQ(unmap_at(vm, domain, 3 * PAGE_SIZE, PAGE_SIZE).x[1], PAGE_SIZE);
	ASSERT_EQ(block_pin_count(phys), 1);
	end_vm(vm);
}
