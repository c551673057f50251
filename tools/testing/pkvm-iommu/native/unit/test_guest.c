// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes of guests, and what they learn from each.
 */
#include <nvhe/iommu.h>

#include <linux/pkvm-iommu-guest.h>

#include <core/domain.h>
#include <core/vm.h>

#include "../ghost/ghost.h"
#include "test.h"

#define INVALID		SMCCC_RET_INVALID_PARAMETER

TEST_EACH(guest, a_page_that_the_host_does_not_give_is_asked_for_a_few_times)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;
	unsigned int asked = 0;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	domain = guest_domain(vm);
	do {
		r = guest_op(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 5 * PAGE_SIZE, PAGE_SIZE, RW);
		if (r.wants_page) {
			asked++;
			ASSERT_EQ(r.fault_ipa, 5 * PAGE_SIZE);
		} else if (!r.handled) {
			ASSERT_EQ(host_vm_topup(vm->kvm.arch.pkvm.handle, 4), 0);
		}
		ASSERT(asked < 10);
	} while (!r.handled);
	ASSERT_EQ((int)r.x[0], INVALID);
	ASSERT_EQ(asked, 4);
}

/* How often the host is asked for memory before the call is refused; it gives none */
static unsigned int ask_for_memory(struct pkvm_hyp_vm *vm, unsigned int most)
{
	struct iommu_pool *pool = &vm->iommu->owner.pool;
	unsigned long nr = pool_pages(pool);
	struct guest_result r = {};
	unsigned int asked;

	for (asked = 0; asked < most; asked++) {
		r = guest_op(vm, PVIOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0);
		ASSERT_EQ(pool_pages(pool), nr);
		if (r.handled)
			break;
		ASSERT(!r.wants_page);
	}
	if (r.handled) {
		ASSERT_EQ((int)r.x[0], INVALID);
		ASSERT(!r.x[1] && !r.x[2] && !r.x[3]);
	}

	return asked;
}

TEST_EACH(guest, memory_that_the_host_does_not_give_is_asked_for_a_few_times)
{
	struct pkvm_hyp_vm *vm;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	ASSERT_EQ(ask_for_memory(vm, 10), 4);
	ASSERT_EQ(ask_for_memory(vm, 3), 3);
	/* What came was used up by another vCPU: that is no reason to give up */
	ASSERT_EQ(host_vm_topup(vm->kvm.arch.pkvm.handle, 1), 0);
	ASSERT(pool_alloc(&vm->iommu->owner.pool));
	ASSERT_EQ(ask_for_memory(vm, 10), 4);
	guest_domain(vm);
}

/* The host is told how much the call is about, so that it need not be asked for each page */
TEST(guest, all_that_is_missing_is_asked_for_at_once)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;
	long domain;
	u64 gfn;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	domain = guest_domain(vm);
	r = guest_op(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, PAGE_SIZE, 9 * PAGE_SIZE, RW);
	ASSERT(r.wants_page);
	ASSERT_EQ(r.fault_ipa, PAGE_SIZE);
	ASSERT_EQ(r.fault_size, 9 * PAGE_SIZE);
	for (gfn = 1; gfn < 10; gfn++)
		ASSERT_EQ(host_donate_guest(hyp_phys_to_pfn(host_page_get()), gfn, vm), 0);
	r = guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, PAGE_SIZE, 9 * PAGE_SIZE, RW);
	ASSERT_EQ(r.x[1], 9 * PAGE_SIZE);
	/* No more than one step can map; of a list, the piece that it has come to */
	r = guest_op(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 20 * PAGE_SIZE, 4 * GHOST_BLOCK, RW);
	ASSERT(r.wants_page);
	ASSERT_EQ(r.fault_size, GHOST_BLOCK);
	r = guest_op(vm, PVIOMMU_OP_MAP_LIST, domain, GHOST_BLOCK, RW | 2UL << 32,
		     20 * PAGE_SIZE | 2, 8 * PAGE_SIZE);
	ASSERT(r.wants_page);
	ASSERT_EQ(r.fault_ipa, 20 * PAGE_SIZE);
	ASSERT_EQ(r.fault_size, 3 * PAGE_SIZE);
	end_vm(vm);
}

TEST_EACH(guest, a_handle_of_another_means_nothing)
{
	struct pkvm_hyp_vm *a, *b;
	long host, other;

	machine_boot(m, seed);
	host = new_domain();
	a = new_vm(0, 2);
	b = new_vm(1, 2);
	other = guest_domain(b);
	/* The same number may name a domain of the caller's own: none is there yet */
	ASSERT_EQ((int)guest_do(a, 3, other, 0, 0, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_do(a, 3, host, 0, 0, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_do(a, 4, other, 0, 0, PAGE_SIZE, RW).x[0], INVALID);
	ASSERT_EQ((int)guest_do(a, 0, PVIOMMU, VSID, 0, other, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_do(a, 1, PVIOMMU, VSID, 0, other, 0).x[0], INVALID);
	/* The owner may: the control */
	ASSERT_EQ((int)guest_do(b, 0, PVIOMMU, VSID, 0, other, 0).x[0], 0);
	ASSERT_EQ((int)guest_do(b, 3, other, 0, 0, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_do(b, 1, PVIOMMU, VSID, 0, other, 0).x[0], 0);
	ASSERT_EQ((int)guest_do(b, 3, other, 0, 0, 0, 0).x[0], 0);
	end_vm(a);
	end_vm(b);
}

TEST(guest, no_more_bits_of_pasid_than_there_are)
{
	struct pkvm_hyp_vm *vm;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	domain = guest_domain(vm);
	ASSERT_EQ((int)guest_do(vm, 0, PVIOMMU, VSID, 0, domain, 21).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, 0, PVIOMMU, VSID, 0, domain, 63).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, 0, PVIOMMU, VSID, 1, domain, 20).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, 0, PVIOMMU, VSID, 0, domain, 20).x[0], 0);
}

TEST(guest, the_token_names_the_stream)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;

	machine_boot(m, seed);
	vm = new_vm(2, 1);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_DMA_FUNC_ID, PVIOMMU, VSID });
	ASSERT_EQ(r.x[0], SMCCC_RET_SUCCESS);
	ASSERT_EQ(r.x[1], m->smmus[0].base);
	ASSERT_EQ(r.x[2], 2);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_DMA_FUNC_ID, PVIOMMU, VSID + 1 });
	ASSERT_EQ((int)r.x[0], INVALID);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_DMA_FUNC_ID, 1ULL << 32 | PVIOMMU, VSID });
	ASSERT_EQ((int)r.x[0], INVALID);
	/* It owns no device with its registers */
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, 0 });
	ASSERT_EQ((int)r.x[0], INVALID);
}

/* Neither a block nor memory that only borders on the guest's own is its own */
TEST(guest, maps_only_pages_of_its_stage_2)
{
	struct pkvm_hyp_vm *vm;
	kvm_pte_t pte;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	domain = guest_domain(vm);
	pte = vm->pte[0];
	vm_use_blocks(vm, true);
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], INVALID);
	vm_use_blocks(vm, false);
	vm->pte[0] = lent_pte(kvm_pte_to_phys(pte), true);
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], INVALID);
	vm->pte[0] = guest_pte(m->smmus[0].base, PKVM_PAGE_OWNED);
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], INVALID);
	/* Nor are registers of whatever else */
	vm->pte[0] = guest_pte(m->smmus[0].base - PAGE_SIZE, PKVM_PAGE_OWNED);
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], INVALID);
	vm->pte[0] = pte;
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 1ULL << 40, PAGE_SIZE, RW).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, 4, domain, 0, 0, PAGE_SIZE, RW).x[0], 0);
}

/* What is true of one page is not of the next, nor is one table that of all addresses */
TEST(guest, maps_each_page_for_what_it_is)
{
	struct pkvm_hyp_vm *vm;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, 2);
	domain = guest_domain(vm);
	vm->pte[1] = lent_pte(host_page_get(), true);
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 0, 2 * PAGE_SIZE, RW).x[1],
		  PAGE_SIZE);
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_LIST, domain, PAGE_SIZE, RW | 2UL << 32, 0,
			   BIT(vm->pgt.ia_bits)).x[1], PAGE_SIZE);
}

/* A call may be large; one step of it is not, and it goes on where it stopped */
TEST(guest, a_large_domain_goes_in_steps)
{
	unsigned int pages = 32, i;
	struct pkvm_hyp_vm *vm;
	struct guest_result r;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, pages);
	ASSERT_EQ(host_vm_topup(vm->kvm.arch.pkvm.handle, 60), 0);
	domain = guest_domain(vm);
	/* Many tables: a page in each */
	for (i = 0; i < 40; i++)
		ASSERT_EQ(guest_do(vm, 4, domain, i * PAGE_SIZE * PTRS_PER_PTE, 0, PAGE_SIZE,
				   RW).x[0], 0);
	r = guest_op(vm, PVIOMMU_OP_FREE_DOMAIN, domain, 0, 0, 0, 0);
	ASSERT(r.handled && r.replay);
	/* Nothing but freeing it is possible now */
	ASSERT_EQ((int)guest_op(vm, 5, domain, 0, PAGE_SIZE, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_FREE_DOMAIN, domain, 0, 0, 0, 0).x[0], 0);
	end_vm(vm);
}

/* In steps that are as long as one may be, and what is not zero is refused */
TEST(guest, a_list_of_ranges_is_unmapped)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(0, 4);
	domain = guest_domain(vm);
	ASSERT_EQ(guest_do(vm, 4, domain, 0, 0, 4 * PAGE_SIZE, RW).x[0], 0);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 2, 1, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 0, 0, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 14, 0, 0, 0).x[0], INVALID);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain + 1, 1, 0, 0, 0).x[0], INVALID);
	r = guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 2, 0, 0, 2 * PAGE_SIZE);
	ASSERT_EQ(r.x[0], 0);
	ASSERT_EQ(r.x[1], 2 * PAGE_SIZE);
	/* What follows is not mapped: so far, and no error */
	r = guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 3, 0, PAGE_SIZE, PAGE_SIZE);
	ASSERT_EQ(r.x[0], 0);
	ASSERT_EQ(r.x[1], PAGE_SIZE);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 2, 0, 2 * PAGE_SIZE,
				PAGE_SIZE).x[0], INVALID);
	r = guest_op(vm, PVIOMMU_OP_UNMAP_LIST, domain, 1, 0, 3 * PAGE_SIZE, 0);
	ASSERT_EQ(r.x[1], PAGE_SIZE);
	end_vm(vm);
}

/* I7: the host is asked so often to let go of a page, and then the guest gets an error */
TEST(guest, a_page_that_stays_in_use_is_not_waited_for)
{
	struct pkvm_hyp_vm *vm;
	unsigned int i;
	u64 page;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	for (page = 0; page < 2; page++) {
		for (i = 0; i < 4; i++)
			ASSERT(pkvm_pviommu_wait_unshare(&vm->vcpu, page * PAGE_SIZE, -EBUSY));
		ASSERT(!pkvm_pviommu_wait_unshare(&vm->vcpu, page * PAGE_SIZE, -EBUSY));
	}
	/* Each time anew, however often it was of use before */
	for (i = 0; i < 10; i++) {
		ASSERT(pkvm_pviommu_wait_unshare(&vm->vcpu, 0, -EBUSY));
		ASSERT(!pkvm_pviommu_wait_unshare(&vm->vcpu, 0, 0));
	}
}
