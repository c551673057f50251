// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tests of whole machines say often.
 */
#include <linux/pkvm-iommu-guest.h>

#include "../ghost/ghost.h"
#include "test.h"

long new_domain(void)
{
	long handle = host_do(PKVM_IOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0).ret;

	ASSERT(handle > PKVM_IOMMU_DOMAIN_IDENTITY);

	return handle;
}

void attach(unsigned int smmu, u32 sid, u64 domain)
{
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, smmu, sid, domain, 0, 0).ret, 0);
}

long boot_and_attach(const struct machine *m, u64 seed)
{
	long domain;

	machine_boot(m, seed);
	ghost_watch_devices();
	domain = new_domain();
	attach(0, 0, domain);

	return domain;
}

long map(u64 domain, u64 iova, u64 phys, u64 size, u64 prot, u64 *done)
{
	struct call_result r;

	*done = 0;
	do {
		r = host_do(PKVM_IOMMU_OP_MAP, domain, iova + *done, phys + *done, size - *done,
			    prot);
		*done += r.out[0];
	} while (!r.ret && *done < size);

	return r.ret;
}

long unmap(u64 domain, u64 iova, u64 size, u64 *done)
{
	struct call_result r;

	*done = 0;
	do {
		r = host_call(PKVM_IOMMU_OP_UNMAP, domain, iova + *done, size - *done, 0, 0);
		*done += r.out[0];
	} while (!r.ret && *done < size);

	return r.ret;
}

void expect_dma(unsigned int smmu, u32 sid, u64 iova, bool write, u64 pa)
{
	struct sim_dma dma = sim_dma(sim_smmus[smmu], sid, iova, write);

	if (!dma.ok || dma.fault || !dma.same || dma.pa != pa)
		native_fail("stream 0x%x at 0x%lx: %u outcomes reach 0x%lx, %u fault; want 0x%lx",
			    sid, iova, dma.ok, dma.pa, dma.fault, pa);
}

void expect_blocked(unsigned int smmu, u32 sid, u64 iova, bool write)
{
	struct sim_dma dma = sim_dma(sim_smmus[smmu], sid, iova, write);

	if (dma.ok)
		native_fail("stream 0x%x at 0x%lx reaches 0x%lx", sid, iova, dma.pa);
}

/* A page of the host, as a VM of this kind gets it */
static int give_page(struct pkvm_hyp_vm *vm, u64 gfn)
{
	u64 pfn = hyp_phys_to_pfn(host_page_get());

	return pkvm_hyp_vm_is_protected(vm) ? host_donate_guest(pfn, gfn, vm) :
					      host_share_guest(pfn, gfn, vm, true);
}

static struct pkvm_hyp_vm *start_vm(u32 sid, unsigned int pages, bool protected)
{
	int handle = vm_reserve();
	struct pkvm_hyp_vm *vm;
	unsigned int gfn;

	ASSERT(handle > 0);
	attach(0, sid, PKVM_IOMMU_DOMAIN_BLOCKED);
	attach(0, sid, PKVM_IOMMU_DOMAIN_IDENTITY);
	attach(0, sid, PKVM_IOMMU_DOMAIN_BLOCKED);
	ASSERT_EQ(host_vm_topup(handle, 1), 0);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_VM_ROUTE, handle, PVIOMMU, VSID, 0, sid).ret, 0);
	ASSERT_EQ(protected ? vm_init(handle) : vm_init_plain(handle), 0);
	vm = vm_of(handle);
	for (gfn = 0; gfn < pages; gfn++)
		ASSERT_EQ(give_page(vm, gfn), 0);

	return vm;
}

struct pkvm_hyp_vm *new_vm(u32 sid, unsigned int pages)
{
	return start_vm(sid, pages, true);
}

struct pkvm_hyp_vm *new_plain_vm(u32 sid, unsigned int pages)
{
	return start_vm(sid, pages, false);
}

struct pkvm_hyp_vm *new_block_vm(u32 sid, u64 *phys)
{
	struct pkvm_hyp_vm *vm = new_plain_vm(sid, 0);

	vm_use_blocks(vm, true);
	*phys = host_pages_get(PTRS_PER_PTE);
	ASSERT(*phys);
	ASSERT_EQ(host_share_guest(hyp_phys_to_pfn(*phys), 0, vm, true), 0);

	return vm;
}

struct guest_result guest_op(struct pkvm_hyp_vm *vm, u64 op, u64 x2, u64 x3, u64 x4, u64 x5,
			     u64 x6)
{
	return guest_call(vm, (u64[7]) { PVIOMMU_OP_FUNC_ID, op, x2, x3, x4, x5, x6 });
}

/* As a host does that supplies what is missing */
struct guest_result guest_do(struct pkvm_hyp_vm *vm, u64 op, u64 x2, u64 x3, u64 x4, u64 x5,
			     u64 x6)
{
	struct guest_result r;
	unsigned int tries;

	for (tries = 0; tries < 64; tries++) {
		r = guest_op(vm, op, x2, x3, x4, x5, x6);
		if (r.handled && !r.replay)
			break;
		if (!r.handled && !r.wants_page)
			ASSERT_EQ(host_vm_topup(vm->kvm.arch.pkvm.handle, 4), 0);
		else if (!r.handled)
			ASSERT_EQ(give_page(vm, r.fault_ipa >> PAGE_SHIFT), 0);
	}

	return r;
}

long guest_domain(struct pkvm_hyp_vm *vm)
{
	struct guest_result r = guest_do(vm, PVIOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0);

	ASSERT_EQ(r.x[0], SMCCC_RET_SUCCESS);

	return r.x[1];
}

void end_vm(struct pkvm_hyp_vm *vm)
{
	pkvm_handle_t handle = vm->kvm.arch.pkvm.handle;
	unsigned int gfn;

	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(host_drain(handle), 0);
	for (gfn = 0; gfn < ARRAY_SIZE(vm->pte); gfn++) {
		u64 phys = kvm_pte_valid(vm->pte[gfn]) ? kvm_pte_to_phys(vm->pte[gfn]) : 0;

		if (!phys)
			continue;
		if (pkvm_hyp_vm_is_protected(vm))
			ASSERT_EQ(vm_reclaim_page(handle, gfn), 0);
		else
			ASSERT_EQ(host_unshare_guest(gfn, 1, vm), 0);
		host_page_put(phys);
	}
	ASSERT_EQ(vm_finalize_teardown(handle), 0);
}
