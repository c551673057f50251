// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hyp/mem_protect.c returns is what the model says; programs/ownership.c compares
 * the real EL2 with the same one.
 */
#include <stdio.h>

#include "../../programs/ownership.h"

#include "test.h"

#define STEPS		20000

static struct {
	u64			mem, domain;
	struct pkvm_hyp_vm	*vm;
} own;

static u64 addr_of(const struct own_call *c)
{
	return c->odd ? OWN_NOWHERE : own.mem + c->page * PAGE_SIZE;
}

static struct own_answer topup(const struct own_call *c)
{
	struct call_result r;
	unsigned int i;

	for (i = 0; i < c->writable; i++)
		outside_write64(own.mem + (c->page + i) * PAGE_SIZE,
				own.mem + (c->page + i + 1) * PAGE_SIZE);
	r = host_call(PKVM_IOMMU_OP_TOPUP, addr_of(c), c->nr, 0, 0, 0);

	return (struct own_answer) { .ret = r.ret, .done = c->nr - r.out[1] };
}

static struct own_answer reclaim(const struct own_call *c)
{
	struct call_result r = host_call(PKVM_IOMMU_OP_RECLAIM, c->nr, 0, 0, 0, 0);
	struct own_answer a = { .ret = r.ret, .done = r.out[1] };
	u64 phys = r.out[0], left;

	for (left = r.out[1]; left; left--, phys = outside_read64(phys)) {
		ASSERT(phys - own.mem < OWN_PAGES * PAGE_SIZE);
		a.pages |= BIT((phys - own.mem) >> PAGE_SHIFT);
	}

	return a;
}

static struct own_answer iommu_op(const struct own_call *c)
{
	u64 iova = OWN_IOVA + (1 + c->slot) * PAGE_SIZE, size = c->nr * PAGE_SIZE;
	struct call_result r;

	if (c->op == OWN_MAP)
		r = host_call(PKVM_IOMMU_OP_MAP, own.domain, iova,
			      own.mem + c->page * PAGE_SIZE + c->odd, size, RW);
	else
		r = host_call(PKVM_IOMMU_OP_UNMAP, own.domain, iova + c->odd, size, 0, 0);

	return (struct own_answer) { .ret = r.ret, .done = r.out[0] >> PAGE_SHIFT };
}

static struct own_answer call(const struct own_call *c)
{
	u64 pfn = hyp_phys_to_pfn(addr_of(c)), gfn = c->odd ? OWN_FAR >> PAGE_SHIFT : c->page;

	switch (c->op) {
	case OWN_SHARE_HYP:
		return own_ret(host_share_hyp(pfn));
	case OWN_UNSHARE_HYP:
		return own_ret(host_unshare_hyp(pfn));
	case OWN_TOPUP:
		return topup(c);
	case OWN_RECLAIM:
		return reclaim(c);
	case OWN_LEND:
		/* A guest faults only where it has nothing */
		return own_ret(own.vm->pte[gfn] ? 0 : host_share_guest(pfn, gfn, own.vm, false));
	case OWN_TAKE_BACK:
		return own_ret(host_unshare_guest(gfn, c->nr, own.vm));
	case OWN_WRPROTECT:
		return own_ret(host_wrprotect_guest(gfn, c->nr, own.vm));
	case OWN_FORCE_RECLAIM:
		return own_ret(host_force_reclaim(addr_of(c)));
	default:
		return iommu_op(c);
	}
}

static void say(const char *line)
{
	printf("%s\n", line);
}

TEST(ownership, agrees_with_the_model)
{
	const struct own_backend backend = { call, say };
	struct call_result r;
	long handle;
	u64 done;

	machine_boot(m, seed);
	handle = vm_reserve();
	ASSERT_EQ(vm_init_plain(handle), 0);
	own.vm = vm_of(handle);
	own.mem = host_pages_get(OWN_PAGES);
	own.domain = new_domain();
	/* So that the table is there, and stays */
	ASSERT_EQ(map(own.domain, OWN_IOVA, host_page_get(), PAGE_SIZE, RW, &done), 0);
	do {
		r = host_call(PKVM_IOMMU_OP_RECLAIM, PKVM_IOMMU_TOPUP_MAX, 0, 0, 0, 0);
		host_list_put(r.out[0], r.out[1]);
	} while (r.out[1]);
	ASSERT(ownership_run(&backend, seed, STEPS));
	end_vm(own.vm);
}
