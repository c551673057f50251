// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking SMMUs over, and what a machine can do then.
 */
#include "test.h"

TEST_EACH(boot, devices_abort_until_they_are_attached)
{
	unsigned int i, j;
	u64 phys;

	machine_boot(m, seed);
	for (i = 0; i < m->nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++)
			expect_blocked(i, machine_sids[j], host_page_get(), true);
	}
	/* What an SMMU remembers of a stream that did not exist ends with the attach */
	phys = host_page_get();
	attach(0, machine_sids[0], PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_dma(0, machine_sids[0], phys, true, phys);
}

TEST_EACH(boot, an_identity_domain_reaches_what_the_host_owns)
{
	u64 phys;

	machine_boot(m, seed);
	phys = host_page_get();
	attach(0, machine_sids[0], PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_dma(0, machine_sids[0], phys, true, phys);
	expect_blocked(0, machine_sids[0], NATIVE_MEM_START, false);
	expect_blocked(0, machine_sids[0], m->smmus[0].base, false);
	expect_blocked(0, machine_sids[1], phys, false);
}

TEST_EACH(boot, a_paging_domain_maps_and_unmaps)
{
	u64 phys, done;
	long domain;

	machine_boot(m, seed);
	phys = host_page_get();
	domain = new_domain();
	attach(0, machine_sids[0], domain);
	expect_blocked(0, machine_sids[0], 0x10000, false);
	ASSERT_EQ(map(domain, 0x10000, phys, PAGE_SIZE, RW, &done), 0);
	expect_dma(0, machine_sids[0], 0x10000, true, phys);
	ASSERT_EQ(unmap(domain, 0x10000, PAGE_SIZE, &done), 0);
	expect_blocked(0, machine_sids[0], 0x10000, false);
}

TEST_EACH(boot, a_guest_maps_its_memory)
{
	struct pkvm_hyp_vm *vm;
	long domain;
	unsigned int left;

	machine_boot(m, seed);
	ASSERT_EQ(host_topup(2), 0);
	attach(0, machine_sids[0], PKVM_IOMMU_DOMAIN_IDENTITY);
	left = host_pages_left();
	vm = new_vm(machine_sids[0], 2);
	domain = guest_domain(vm);
	ASSERT_EQ(guest_do(vm, 0, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	ASSERT_EQ(guest_do(vm, 4, domain, 0x10000, PAGE_SIZE, PAGE_SIZE, RW).x[0], 0);
	expect_dma(0, machine_sids[0], 0x10000, true, kvm_pte_to_phys(vm->pte[1]));
	end_vm(vm);
	expect_blocked(0, machine_sids[0], 0x10000, false);
	ASSERT_EQ(host_pages_left(), left);
}
