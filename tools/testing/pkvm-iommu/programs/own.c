// SPDX-License-Identifier: GPL-2.0-only
/*
 * own [TEST]...: random calls about the ownership of pages. The real EL2 returns what a
 * model says, of which the native tests have the same source, see ownership.h.
 */
#include "hcall.h"
#include "ownership.h"
#include "pvm_access.h"
#include "raw_hvc.h"

#define STEPS		3000
#define SLOT_IPA	0x20000000ULL

/* The VM has the arena's pages from where it is mapped twice, and KVM looks at one */
static struct {
	uint64_t mem, anchor, domain, vm;
	uint8_t *window, *slot;
	struct pvm pvm;
} own;

static uint64_t addr_of(const struct own_call *c)
{
	return c->odd ? OWN_NOWHERE : own.mem + c->page * page_size;
}

static struct own_answer topup(const struct own_call *c)
{
	struct answer a;

	for (unsigned int page = c->page; page < c->page + c->writable; page++)
		*(volatile uint64_t *)(own.window + page * page_size) =
			own.mem + (page + 1) * page_size;
	a = hcall(OP_TOPUP, addr_of(c), c->nr, 0, 0, 0);
	return (struct own_answer) { .ret = a.ret, .done = c->nr - a.x3 };
}

static struct own_answer reclaim(const struct own_call *c)
{
	struct answer r = hcall(OP_RECLAIM, c->nr, 0, 0, 0, 0);
	struct own_answer a = { .ret = r.ret, .done = r.x3 };

	for (uint64_t phys = r.x2; r.x3; r.x3--, phys = page_list_next(phys)) {
		uint64_t page = (phys - own.mem) / page_size;

		if (expect(page < OWN_PAGES, "%#" PRIx64 " is not ours", phys))
			a.pages |= 1U << page;
	}
	return a;
}

static struct own_answer iommu_op(const struct own_call *c)
{
	uint64_t iova = OWN_IOVA + (1 + c->slot) * page_size, size = c->nr * page_size;
	struct answer a;

	if (c->op == OWN_MAP)
		a = hcall(OP_MAP, own.domain, iova, own.mem + c->page * page_size + c->odd,
			  size, PROT_RW);
	else
		a = hcall(OP_UNMAP, own.domain, iova + c->odd, size, 0, 0);
	return (struct own_answer) { .ret = a.ret, .done = a.x2 / page_size };
}

static uint64_t ipa_of(const struct own_call *c)
{
	return c->odd ? OWN_FAR : SLOT_IPA + c->page * page_size;
}

/* KVM lends what the guest touches. If that fails, the guest shall not try it for ever. */
static struct own_answer lend(const struct own_call *c)
{
	struct kvm_one_reg pc = {
		.id = PVM_REG(regs.pc), .addr = (uintptr_t)&own.pvm.code_ipa,
	};
	int err;

	mprotect(own.slot + c->page * page_size, page_size, PROT_READ | PROT_WRITE);
	if (pvm_load32(&own.pvm, ipa_of(c)) != -1)
		return own_ret(0);
	err = errno;
	if (ioctl(own.pvm.vcpu, KVM_SET_ONE_REG, &pc))
		fatal("pc");
	return own_ret(-err);
}

/* KVM takes back what it lent, and would miss what others take: afterwards nothing is there */
static struct own_answer take_back(const struct own_call *c)
{
	bool by_kvm = c->lent && !c->odd && c->nr == 1;
	int64_t ret;

	if (by_kvm)
		mprotect(own.slot + c->page * page_size, page_size, PROT_NONE);
	ret = raw(PKVM_TEST_HVC_UNSHARE_GUEST, own.vm, ipa_of(c) / page_size, c->nr, 0);
	if (!by_kvm)
		return own_ret(ret);
	return own_ret(ret == -ENOENT ? 0 : ret ?: -EEXIST);
}

static struct own_answer call(const struct own_call *c)
{
	uint64_t pfn = addr_of(c) / page_size;

	switch (c->op) {
	case OWN_SHARE_HYP:
		return own_ret(raw(PKVM_TEST_HVC_SHARE_HYP, pfn, 0, 0, 0));
	case OWN_UNSHARE_HYP:
		return own_ret(raw(PKVM_TEST_HVC_UNSHARE_HYP, pfn, 0, 0, 0));
	case OWN_TOPUP:
		return topup(c);
	case OWN_RECLAIM:
		return reclaim(c);
	case OWN_LEND:
		return lend(c);
	case OWN_TAKE_BACK:
		return take_back(c);
	case OWN_WRPROTECT:
		return own_ret(raw(PKVM_TEST_HVC_WRPROTECT_GUEST, own.vm, ipa_of(c) / page_size,
				   c->nr, 0));
	case OWN_FORCE_RECLAIM:
		return own_ret(raw(PKVM_TEST_HVC_FORCE_RECLAIM, addr_of(c), 0, 0, 0));
	default:
		return iommu_op(c);
	}
}

static void say(const char *line)
{
	ktap_line("# %s", line);
}

/* The only plain VM */
static uint64_t vm_handle(void)
{
	expect_eq(pvm_load32(&own.pvm, PVM_IPA), 0);
	for (uint64_t vm = HANDLES; vm < HANDLES + NR_HANDLES; vm++) {
		if (!raw(PKVM_TEST_HVC_WRPROTECT_GUEST, vm, PVM_IPA / page_size, 1, 0))
			return vm;
	}
	return 0;
}

static bool own_open(void)
{
	own.mem = pages_alloc(OWN_PAGES * page_size);
	own.anchor = pages_alloc(page_size);
	own.window = phys_map(own.mem, OWN_PAGES * page_size);
	own.slot = phys_map(own.mem, OWN_PAGES * page_size);
	own.domain = domain_new();
	/* So that the table is there, and stays */
	expect_eq(map(own.domain, OWN_IOVA, own.anchor, page_size, PROT_RW, NULL), 0);
	reclaim_all();
	if (!expect(!pvm_create(&own.pvm, 1, false), "errno %d", errno))
		return false;
	expect_eq(pvm_set_slot(&own.pvm, 1, 0, SLOT_IPA, OWN_PAGES * page_size, own.slot), 0);
	own.vm = vm_handle();
	return expect(own.vm, "no VM");
}

static void own_close(void)
{
	pvm_destroy(&own.pvm);
	expect_eq(domain_delete(own.domain), 0);
	/* After a failure nobody knows what EL2 has of the pages, which are freed below */
	if (test_failed) {
		while (hcall(OP_RECLAIM, TOPUP_MAX, 0, 0, 0, 0).x3)
			;
		for (unsigned int page = 0; page < OWN_PAGES; page++)
			raw(PKVM_TEST_HVC_UNSHARE_HYP, own.mem / page_size + page, 0, 0, 0);
	}
	reclaim_all();
	munmap(own.slot, OWN_PAGES * page_size);
	munmap(own.window, OWN_PAGES * page_size);
	pages_free(own.anchor);
	pages_free(own.mem);
}

static void test_agrees_with_the_model(void)
{
	const struct own_backend backend = { call, say };

	if (own_open())
		expect(ownership_run(&backend, test_random(), STEPS), "see above");
	own_close();
}

static const struct test tests[] = {
	{ "agrees_with_the_model", test_agrees_with_the_model },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
