// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a pool: a call that fails for want of pages takes none, not even for a
 * moment. Others would find fewer than there are, and be refused for no reason of
 * their own.
 */
#include <linux/pkvm-iommu-guest.h>

#include <nvhe/mem_protect.h>

#include <core/domain.h>
#include <core/vm.h>

#include "test.h"

static struct iommu_pool *watched;
static unsigned long want;

/* What another CPU sees between any two steps of a call */
static void look_at_pool(void)
{
	ASSERT_EQ(pool_pages(watched), want);
}

static void watch(struct iommu_pool *pool, unsigned long nr)
{
	ASSERT_EQ(pool_pages(pool), nr);
	watched = pool;
	want = nr;
	native_hooks.at_lock = look_at_pool;
}

static void stop_watching(void)
{
	look_at_pool();
	native_hooks.at_lock = NULL;
}

TEST(pool, keeps_what_is_not_enough_for_the_host)
{
	struct call_result r;
	unsigned long nr;

	machine_boot(m, seed);
	/* A first domain takes two pages, and two for the table of handles */
	for (nr = 0; nr < 4; nr++) {
		watch(&iommu_host.pool, nr);
		r = host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0);
		stop_watching();
		ASSERT_EQ(r.ret, -ENOMEM);
		ASSERT_EQ(r.out[0], 4);
		ASSERT_EQ(host_topup(1), 0);
	}
	ASSERT(host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret > 0);
	ASSERT_EQ(pool_pages(&iommu_host.pool), 0);
	/* The next one finds the table */
	ASSERT_EQ(host_topup(1), 0);
	watch(&iommu_host.pool, 1);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret, -ENOMEM);
	stop_watching();
	ASSERT_EQ(host_topup(1), 0);
	ASSERT(host_call(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret > 0);
	ASSERT_EQ(pool_pages(&iommu_host.pool), 0);
}

/* STEs, and what EL2 keeps beside them */
TEST(pool, keeps_what_is_not_enough_for_a_stream)
{
	unsigned long nr;

	machine_boot(m, seed);
	for (nr = 0; nr < 2; nr++) {
		watch(&iommu_host.pool, nr);
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_IDENTITY, 0,
				    0).ret, -ENOMEM);
		stop_watching();
		ASSERT_EQ(host_topup(1), 0);
	}
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_IDENTITY, 0, 0).ret, 0);
	ASSERT_EQ(pool_pages(&iommu_host.pool), 0);
}

TEST(pool, keeps_what_is_not_enough_for_a_guest)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;
	struct iommu_pool *pool;
	unsigned long nr;

	machine_boot(m, seed);
	vm = new_vm(0, 1);
	pool = &vm->iommu->owner.pool;
	while (pool_pages(pool))
		ASSERT(pool_alloc(pool));
	for (nr = 0; nr < 4; nr++) {
		watch(pool, nr);
		r = guest_op(vm, PVIOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0);
		stop_watching();
		ASSERT(!r.handled && !r.wants_page);
		ASSERT_EQ(host_vm_topup(vm->kvm.arch.pkvm.handle, 1), 0);
	}
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).x[0], 0);
}

static pkvm_handle_t handle;
static unsigned int points;
static u64 changed;

static void end_reservation(void)
{
	if (!points-- && !vm_table_lock.held) {
		native_hooks.at_lock = NULL;
		vm_unreserve(handle);
	}
}

static void note_owner(u64 phys, enum page_owner owner, pkvm_handle_t vm)
{
	changed = phys;
}

/*
 * A VM's reservation ends while the VM gets its first page, at any moment: the page is
 * EL2's to stay, or stays with the host.
 */
TEST(pool, takes_no_page_for_a_vm_that_is_gone)
{
	unsigned int i, refused = 0, taken = 0;
	u64 phys;
	long ret;

	machine_boot(m, seed);
	phys = host_page_get();
	for (i = 0; i < 40; i++) {
		handle = vm_reserve();
		ASSERT(handle > 0);
		outside_write64(phys, 0);
		points = i;
		changed = 0;
		native_hooks.owner = note_owner;
		native_hooks.at_lock = end_reservation;
		ret = host_call(PKVM_IOMMU_OP_VM_TOPUP, handle, phys, 1, 0, 0).ret;
		native_hooks.owner = NULL;
		native_hooks.at_lock = NULL;
		if (ret) {
			ASSERT_EQ(ret, -ENOENT);
			ASSERT_EQ(changed, 0);
			refused++;
		} else {
			ASSERT_EQ(changed, phys);
			taken++;
			ASSERT_EQ(host_call(PKVM_IOMMU_OP_VM_DRAIN, handle, 0, 0, 0, 0).ret, 0);
			vm_unreserve(handle);
		}
	}
	ASSERT(refused && taken);
}
