// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map or an unmap may wait for (I9): locks are taken here by nobody who would
 * ever release them.
 */
#include <linux/pkvm-iommu-guest.h>

#include <nvhe/mem_protect.h>

#include <core/domain.h>
#include <core/vm.h>
#include <smmu_v3/smmu.h>

#include "../ghost/ghost.h"
#include "test.h"

static hyp_spinlock_t *lost[16];
static unsigned int nr_lost;

static void lose(hyp_spinlock_t *lock)
{
	ASSERT(nr_lost < ARRAY_SIZE(lost));
	ASSERT_EQ(lock->held, 0);
	lock->held = 1;
	lost[nr_lost++] = lock;
}

/* All that map and unmap have no business with, and those of a domain of the host */
static void lose_locks(u64 domain)
{
	struct hyp_iommu *smmu;

	lose(&vm_table_lock);
	lose(&host_mmu.lock);
	lose(&host_idmap->lock);
	lose(&iommu_host.handles.lock);
	lose(&iommu_host.pool.lock);
	for_each_iommu(smmu) {
		lose(&smmu->lock);
		lose(&to_smmu(smmu)->evtq_lock);
	}
	lose(&domain_handle_get(&iommu_host.handles, domain)->lock);
}

static void find_locks(void)
{
	while (nr_lost)
		lost[--nr_lost]->held = 0;
}

static long map_page(u64 domain, u64 phys)
{
	return host_call(PKVM_IOMMU_OP_MAP, domain, 0, phys, PAGE_SIZE, RW).ret;
}

/* Two domains share the command queue of an SMMU that both use, and nothing else */
TEST_EACH(locks, host_domains_share_none)
{
	long mine, other;
	u64 phys, done;

	machine_boot(m, seed);
	phys = host_page_get();
	mine = new_domain();
	other = new_domain();
	attach(0, 0, mine);
	/* There is a table from now on: memory of all domains is in one pool */
	ASSERT_EQ(map(mine, PAGE_SIZE, phys, PAGE_SIZE, RW, &done), 0);
	lose_locks(other);
	ASSERT_EQ(map_page(mine, phys), 0);
	expect_dma(0, 0, 0, true, phys);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_UNMAP, mine, 0, PAGE_SIZE, 0, 0).ret, 0);
	expect_blocked(0, 0, 0, true);

	/* No device, no command */
	find_locks();
	ASSERT_EQ(map(other, PAGE_SIZE, phys, PAGE_SIZE, RW, &done), 0);
	lose_locks(mine);
	lose(&to_smmu(hyp_iommus[0])->cmdq_lock);
	ASSERT_EQ(map_page(other, phys), 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_UNMAP, other, 0, PAGE_SIZE, 0, 0).ret, 0);
	find_locks();
}

/* Nor those of VMs, with the host's or another VM's. A VM's own share its stage 2. */
TEST_EACH(locks, vm_domains_share_none)
{
	struct pkvm_hyp_vm *vm, *vm2;
	long host, domain, domain2;

	machine_boot(m, seed);
	host = new_domain();
	vm = new_vm(0, 2);
	vm2 = new_vm(1, 2);
	domain = guest_domain(vm);
	domain2 = guest_domain(vm2);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, PAGE_SIZE, PAGE_SIZE,
				PAGE_SIZE, RW).x[0], 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	lose_locks(host);
	lose(&vm2->lock);
	lose(&domain_handle_get(&vm2->iommu->owner.handles, domain2)->lock);
	lose(&vm2->iommu->owner.pool.lock);
	lose(&vm->iommu->owner.pool.lock);
	lose(&vm->iommu->owner.handles.lock);
	lose(&vm->iommu->events.lock);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 0, PAGE_SIZE, RW).x[0], 0);
	expect_dma(0, 0, 0, true, kvm_pte_to_phys(vm->pte[0]));
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_UNMAP_PAGES, domain, 0, PAGE_SIZE, 0, 0).x[0], 0);
	expect_blocked(0, 0, 0, true);
	find_locks();
}
