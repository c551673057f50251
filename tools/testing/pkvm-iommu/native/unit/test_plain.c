// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain VMs: the host lends them memory, and takes back what no device reaches.
 */
#include <linux/pkvm-iommu-guest.h>

#include <memory/pin.h>

#include "test.h"

#define INVALID		SMCCC_RET_INVALID_PARAMETER
#define READ		1

static struct guest_result map_at(struct pkvm_hyp_vm *vm, u64 domain, u64 gfn, u64 prot)
{
	return guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, gfn << PAGE_SHIFT, gfn << PAGE_SHIFT,
			PAGE_SIZE, prot);
}

static struct guest_result unmap_at(struct pkvm_hyp_vm *vm, u64 domain, u64 gfn)
{
	return guest_do(vm, PVIOMMU_OP_UNMAP_PAGES, domain, gfn << PAGE_SHIFT, PAGE_SIZE, 0, 0);
}

TEST_EACH(plain, a_device_reaches_what_was_lent)
{
	struct pkvm_hyp_vm *vm;
	long domain;
	u64 phys;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	domain = guest_domain(vm);
	phys = kvm_pte_to_phys(vm->pte[0]);
	ASSERT_EQ((int)map_at(vm, domain, 0, RW).x[0], 0);
	expect_blocked(0, 0, 0, true);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	expect_dma(0, 0, 0, true, phys);
	expect_blocked(0, 0, PAGE_SIZE, true);
	/* One that it has not touched */
	ASSERT_EQ((int)map_at(vm, domain, 1, RW).x[0], 0);
	expect_dma(0, 0, PAGE_SIZE, true, kvm_pte_to_phys(vm->pte[1]));
	ASSERT_EQ(unmap_at(vm, domain, 0).x[1], PAGE_SIZE);
	expect_blocked(0, 0, 0, false);
	end_vm(vm);
	expect_blocked(0, 0, PAGE_SIZE, false);
}

/* Nothing that it could not have been lent, and to write only what it may write */
TEST(plain, maps_only_what_it_was_lent)
{
	struct pkvm_hyp_vm *vm;
	kvm_pte_t pte;
	long domain;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	domain = guest_domain(vm);
	pte = vm->pte[0];
	vm->pte[0] = guest_pte(kvm_pte_to_phys(pte), PKVM_PAGE_OWNED);
	ASSERT_EQ((int)map_at(vm, domain, 0, RW).x[0], INVALID);
	vm->pte[0] = guest_pte(kvm_pte_to_phys(pte), PKVM_PAGE_SHARED_OWNED);
	ASSERT_EQ((int)map_at(vm, domain, 0, READ).x[0], INVALID);
	vm->pte[0] = lent_pte(m->smmus[0].base, true);
	ASSERT_EQ((int)map_at(vm, domain, 0, READ).x[0], INVALID);
	vm->pte[0] = GUEST_PTE_POISONED;
	ASSERT_EQ((int)map_at(vm, domain, 0, READ).x[0], INVALID);

	vm->pte[0] = pte;
	ASSERT_EQ(host_wrprotect_guest(0, 1, vm), 0);
	ASSERT_EQ((int)map_at(vm, domain, 0, RW).x[0], INVALID);
	ASSERT_EQ((int)map_at(vm, domain, 0, 2).x[0], INVALID);
	ASSERT_EQ((int)map_at(vm, domain, 0, READ).x[0], 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	expect_dma(0, 0, 0, false, kvm_pte_to_phys(pte));
	expect_blocked(0, 0, 0, true);
	end_vm(vm);
}

/* As stock pKVM: the zero page is lent as often as VMs read what they never wrote */
TEST(plain, a_page_is_lent_as_often_as_without_an_iommu)
{
	struct pkvm_hyp_vm *vm;
	struct hyp_page *page;
	unsigned int i;
	u64 phys;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	phys = kvm_pte_to_phys(vm->pte[0]);
	page = hyp_phys_to_page(phys);
	/* As if others had it so often */
	page->host_share_guest_count = 65535;
	for (i = 1; i < 3; i++)
		ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), i, vm, true), 0);
	ASSERT_EQ(page->host_share_guest_count, 65537);
	ASSERT_EQ(page_pin_count(phys), 0);
	ASSERT_EQ((int)map_at(vm, guest_domain(vm), 1, RW).x[0], 0);
	ASSERT_EQ(page->host_share_guest_count, 65537);
	ASSERT_EQ(page_pin_count(phys), 1);

	page->host_share_guest_count = U32_MAX;
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), 3, vm, false), -EBUSY);
	ASSERT_EQ(page_pin_count(phys), 1);
}

TEST_EACH(plain, what_is_mapped_is_not_taken_back)
{
	struct pkvm_hyp_vm *vm;
	long domain;
	u64 phys;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 2);
	domain = guest_domain(vm);
	phys = kvm_pte_to_phys(vm->pte[0]);
	ASSERT_EQ((int)map_at(vm, domain, 0, RW).x[0], 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), -EBUSY);
	ASSERT_EQ(host_wrprotect_guest(0, 1, vm), -EBUSY);
	/* Two pages are neither one nor a block */
	ASSERT_EQ(host_wrprotect_guest(0, 2, vm), -EINVAL);
	ASSERT(vm->pte[0] & GUEST_PTE_WRITE && vm->pte[1] & GUEST_PTE_WRITE);
	expect_dma(0, 0, 0, true, phys);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EPERM);
	/* The other page is not mapped */
	ASSERT_EQ(host_wrprotect_guest(1, 1, vm), 0);
	ASSERT_EQ(host_unshare_guest(1, 1, vm), 0);

	ASSERT_EQ(unmap_at(vm, domain, 0).x[1], PAGE_SIZE);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), 0);
	expect_blocked(0, 0, 0, false);
	/* Now it may become somebody else's */
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	end_vm(vm);
}

/* One page of a block is reason enough for all of it */
TEST(plain, nothing_of_a_block_is_taken_back)
{
	struct pkvm_hyp_vm *vm;
	u64 phys, i;
	long domain;

	machine_boot(m, seed);
	vm = new_block_vm(0, &phys);
	domain = guest_domain(vm);
	ASSERT_EQ((int)map_at(vm, domain, 5, RW).x[0], 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	expect_dma(0, 0, 5 * PAGE_SIZE, true, phys + 5 * PAGE_SIZE);
	ASSERT_EQ(host_unshare_guest(0, PTRS_PER_PTE, vm), -EBUSY);
	ASSERT_EQ(host_wrprotect_guest(0, PTRS_PER_PTE, vm), -EBUSY);
	/* Even where only another part of it is named */
	ASSERT_EQ(host_wrprotect_guest(7, 1, vm), -EBUSY);
	/* And beyond the end of its addresses there is nothing */
	ASSERT_EQ(host_wrprotect_guest(BIT(vm->pgt.ia_bits) >> PAGE_SHIFT, 1, vm), -ERANGE);
	ASSERT(vm->pte[0] & GUEST_PTE_WRITE);
	for (i = 0; i < PTRS_PER_PTE; i++)
		ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys) + i, 1), -EPERM);
	ASSERT_EQ(unmap_at(vm, domain, 5).x[1], PAGE_SIZE);
	ASSERT_EQ(host_unshare_guest(0, PTRS_PER_PTE, vm), 0);
	end_vm(vm);
}

/* What the host may want back is not for devices, however it lies beside what is */
TEST(plain, maps_only_what_is_pinned)
{
	struct pkvm_hyp_vm *vm;
	u64 phys, i;
	long domain;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 0);
	domain = guest_domain(vm);
	phys = host_pages_get(3);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys) + i, i, vm, i != 1), 0);
	ASSERT_EQ((int)map_at(vm, domain, 1, READ).x[0], INVALID);
	/* It ends the run that begins before it */
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 0, 3 * PAGE_SIZE, RW).x[1],
		  PAGE_SIZE);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	expect_dma(0, 0, 0, true, phys);
	expect_blocked(0, 0, PAGE_SIZE, false);
	/* The host pins it, and lends it anew */
	ASSERT_EQ(host_unshare_guest(1, 1, vm), 0);
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys) + 1, 1, vm, true), 0);
	ASSERT_EQ((int)map_at(vm, domain, 1, RW).x[0], 0);
	expect_dma(0, 0, PAGE_SIZE, true, phys + PAGE_SIZE);
	end_vm(vm);
}

/* The host's own DMA is no reason against what only the host can have begun */
TEST(plain, what_is_not_pinned_goes_back_at_once)
{
	struct pkvm_hyp_vm *vm;
	u64 phys, done;
	long host;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 0);
	host = new_domain();
	phys = host_page_get();
	ASSERT_EQ(map(host, 0, phys, PAGE_SIZE, RW, &done), 0);
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), 0, vm, false), 0);
	ASSERT_EQ(host_wrprotect_guest(0, 1, vm), 0);
	ASSERT(!(vm->pte[0] & GUEST_PTE_WRITE));
	ASSERT_EQ(host_unshare_guest(0, 1, vm), 0);
	ASSERT(!vm->pte[0]);
	/* But EL2 does not know whose the DMA is to what is pinned */
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), 0, vm, true), 0);
	ASSERT_EQ(host_wrprotect_guest(0, 1, vm), -EBUSY);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), -EBUSY);
	ASSERT_EQ(unmap(host, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), 0);
	end_vm(vm);
}

/* The same page twice: what counts is where its devices have it from */
TEST(plain, a_page_pinned_in_one_place)
{
	struct pkvm_hyp_vm *vm;
	long domain;
	u64 phys;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	domain = guest_domain(vm);
	phys = kvm_pte_to_phys(vm->pte[0]);
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), 1, vm, false), 0);
	ASSERT_EQ((int)map_at(vm, domain, 0, RW).x[0], 0);
	ASSERT_EQ((int)map_at(vm, domain, 1, RW).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	ASSERT_EQ(host_unshare_guest(1, 1, vm), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), -EBUSY);
	expect_dma(0, 0, 0, true, phys);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EPERM);
	end_vm(vm);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
}

TEST_EACH(plain, after_the_drain_all_goes_back)
{
	pkvm_handle_t handle;
	struct pkvm_hyp_vm *vm;
	long domain, other;
	u64 phys, done;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	handle = vm->kvm.arch.pkvm.handle;
	domain = guest_domain(vm);
	phys = kvm_pte_to_phys(vm->pte[0]);
	ASSERT_EQ((int)map_at(vm, domain, 0, RW).x[0], 0);
	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), -EBUSY);
	ASSERT_EQ(host_drain(handle), 0);
	/* What the host itself does with its page is no reason any more */
	other = new_domain();
	ASSERT_EQ(map(other, 0, phys, PAGE_SIZE, RW, &done), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, vm), 0);
	ASSERT_EQ(unmap(other, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(vm_finalize_teardown(handle), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
}

/* Two VMs may have the same page: both keep it while one of them maps it */
TEST(plain, a_page_of_two_vms)
{
	struct pkvm_hyp_vm *a, *b;
	long domain;
	u64 phys;

	machine_boot(m, seed);
	a = new_plain_vm(0, 1);
	b = new_plain_vm(1, 0);
	phys = kvm_pte_to_phys(a->pte[0]);
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), 0, b, true), 0);
	domain = guest_domain(a);
	ASSERT_EQ((int)map_at(a, domain, 0, RW).x[0], 0);
	ASSERT_EQ(host_unshare_guest(0, 1, b), -EBUSY);
	/* The end of the other has to wait for nobody */
	ASSERT_EQ(vm_start_teardown(b->kvm.arch.pkvm.handle), 0);
	ASSERT_EQ(host_drain(b->kvm.arch.pkvm.handle), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, b), 0);
	ASSERT_EQ(vm_finalize_teardown(b->kvm.arch.pkvm.handle), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, a), -EBUSY);
	end_vm(a);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
}

/* What EL2 does not know is the host's to handle, as ever */
TEST(plain, other_calls_are_for_the_host)
{
	static const u64 others[] = { 0, PVIOMMU_DEV_REQ_DMA_FUNC_ID - 1,
				      PVIOMMU_DEV_REQ_MMIO_FUNC_ID + 1, 0x84000000 };
	struct pkvm_hyp_vm *vm, *none;
	u64 phys, done;
	long host;
	int i;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	for (i = 0; i < (int)ARRAY_SIZE(others); i++)
		ASSERT(guest_call(vm, (u64[7]) { others[i] }).for_host);

	i = vm_reserve();
	ASSERT_EQ(vm_init_plain(i), 0);
	none = vm_of(i);
	ASSERT(guest_call(none, (u64[7]) { PVIOMMU_OP_FUNC_ID, PVIOMMU_OP_FEATURES }).for_host);
	ASSERT(guest_call(none, (u64[7]) { PVIOMMU_DEV_REQ_DMA_FUNC_ID }).for_host);
	ASSERT(guest_call(none, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID }).for_host);
	/* Nor does anything of its memory concern EL2's IOMMU code */
	phys = host_page_get();
	host = new_domain();
	ASSERT_EQ(map(host, 0, phys, PAGE_SIZE, RW, &done), 0);
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(phys), 0, none, false), 0);
	ASSERT_EQ(host_wrprotect_guest(0, 1, none), 0);
	ASSERT_EQ(host_unshare_guest(0, 1, none), 0);
	end_vm(none);
	end_vm(vm);
}

/* The page size comes from EL2, as for protected VMs; a VM without a pvIOMMU is as ever */
TEST(plain, asks_for_the_page_size)
{
	const u64 meminfo = ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID;
	struct pkvm_hyp_vm *vm, *none;
	struct guest_result r;
	unsigned int i;
	long handle;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	r = guest_call(vm, (u64[7]) { meminfo });
	ASSERT(r.handled && !r.replay);
	ASSERT_EQ(r.x[0], PAGE_SIZE);
	for (i = 1; i <= 3; i++) {
		u64 x[7] = { meminfo };

		ASSERT_EQ(r.x[i], 0);
		x[i] = 1ULL << 32;
		ASSERT_EQ((int)guest_call(vm, x).x[0], INVALID);
	}
	/* What it has in registers that are no arguments does not matter */
	r = guest_call(vm, (u64[7]) { meminfo, 0, 0, 0, 5, 6, 7 });
	ASSERT_EQ(r.x[0], PAGE_SIZE);

	handle = vm_reserve();
	ASSERT_EQ(vm_init_plain(handle), 0);
	none = vm_of(handle);
	ASSERT(guest_call(none, (u64[7]) { meminfo }).for_host);
	end_vm(none);
	end_vm(vm);
}

/* Registers are mapped for it by the host: no word of EL2 about them */
TEST(plain, no_token_for_registers)
{
	struct pkvm_hyp_vm *vm;
	struct guest_result r;

	machine_boot(m, seed);
	vm = new_plain_vm(0x1f, 1);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, 0 });
	ASSERT_EQ((int)r.x[0], INVALID);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, 1ULL << 30 });
	ASSERT_EQ((int)r.x[0], INVALID);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_DMA_FUNC_ID, PVIOMMU, VSID });
	ASSERT_EQ(r.x[0], SMCCC_RET_SUCCESS);
	ASSERT_EQ(r.x[2], 0x1f);
	end_vm(vm);
}
