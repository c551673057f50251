// SPDX-License-Identifier: GPL-2.0-only
/*
 * lent_registers [TEST]...: a plain VM has the registers of its device from the host.
 * Run it with GUEST_PLAIN=1.
 */
#include "guest_device.h"
#include "pvm_access.h"
#include "raw_hvc.h"

#define EDU_ID		0x010000ed

static struct vfio_dev pair;

static bool vm_open(struct guest *g)
{
	if (!guest_open(g, &pair, 4, 2))
		return false;
	for (unsigned int i = 0; i < 2; i++)
		add_slot(g, 1 + i, regs_ipa(i, 0), g->regs[i], ENGINE_SIZE);
	return true;
}

static void vm_close(struct guest *g)
{
	guest_close(g);
	expect_all_returned();
}

/* No access leaves the guest, which is what pvm_run() would not stand */
static void test_drive_device(void)
{
	struct guest g;
	uint64_t domain;

	if (!vm_open(&g))
		return;
	domain = alloc_domain(&g);
	expect_eq(map_all(&g, domain, IOVA, PVM_IPA, 4 * page_size), 4 * page_size);
	for (unsigned int i = 0; i < 2; i++) {
		expect_eq(attach(&g, i, domain), 0);
		expect_eq(pvm_load32(&g.pvm, regs_ipa(i, 0)), EDU_ID);
		expect(guest_copies(&g, i, i, 2), "engine %u", i);
		expect(guest_copies(&g, i, 2, 3), "engine %u", i);
	}
	/* They are in its page table now, and no more its memory than before */
	expect_eq(map_once(&g, domain, IOVA + SZ_1G, regs_ipa(0, 0), page_size, RW), 0);
	expect_eq(map_once(&g, domain, IOVA + SZ_1G, regs_ipa(0, page_size), page_size, RW), 0);
	expect_refused(hvc(&g, DEV_REQ_MMIO, regs_ipa(0, 0), 0, 0, 0, 0, 0));
	vm_close(&g);
}

/* The guest has no more of them than the VMM, from the moment on when that changes */
static void test_taken_back(void)
{
	uint64_t at = regs_ipa(0, EDU_DST);
	struct guest g;

	if (!vm_open(&g))
		return;
	expect_eq(pvm_store32(&g.pvm, at, 0x1234), 0);
	expect_eq(mprotect((void *)g.regs[0], ENGINE_SIZE, PROT_READ), 0);
	expect_eq(pvm_load32(&g.pvm, at), 0x1234);
	expect(pvm_store32(&g.pvm, at, 0x5678) == -1 && errno == EFAULT, "errno %d", errno);
	expect_eq(mprotect((void *)g.regs[0], ENGINE_SIZE, PROT_READ | PROT_WRITE), 0);
	/* It makes the access that it could not make */
	expect_eq(pvm_run(&g.pvm), 0);
	expect_eq(pvm_load32(&g.pvm, at), 0x5678);
	expect_eq(munmap((void *)g.regs[0], ENGINE_SIZE), 0);
	g.regs[0] = NULL;
	expect(pvm_load32(&g.pvm, at) == -1 && errno == EFAULT, "errno %d", errno);
	/* Those of the other engine are not concerned: the same vCPU cannot tell */
	expect_eq(*(volatile uint32_t *)g.regs[1], EDU_ID);
	vm_close(&g);
}

/* See plain_nvme_mapped_late; a VM with a pvIOMMU is no other */
static void test_mapped_late(void)
{
	struct guest g;

	if (!guest_open(&g, &pair, 4, 2))
		return;
	if (pvm_traps(&g.pvm, regs_ipa(0, 0))) {
		add_slot(&g, 1, regs_ipa(0, 0), g.regs[0], ENGINE_SIZE);
		expect_eq(pvm_answer(&g.pvm, 0x1234), 0x1234);
	}
	for (unsigned int i = 0; i < 100 && !test_failed; i++)
		expect_eq(pvm_load32(&g.pvm, regs_ipa(0, 0)), EDU_ID);
	expect_eq(pvm_set_slot(&g.pvm, 2, 0, regs_ipa(0, 0), ENGINE_SIZE, g.regs[0]), EEXIST);
	vm_close(&g);
}

/*
 * A protected VM gets no registers that it does not own. Its VMM makes all accesses, and
 * a second slot is refused as by any KVM: one slot is enough.
 */
static void test_not_owned(void)
{
	struct guest g;

	if (!guest_open(&g, &pair, 4, 2))
		return;
	for (uint32_t slot = 1; slot <= 3; slot++) {
		if (!pvm_traps(&g.pvm, regs_ipa(0, 0)))
			break;
		expect_eq(pvm_set_slot(&g.pvm, slot, 0, regs_ipa(0, 0), ENGINE_SIZE, g.regs[0]),
			  slot == 1 ? 0 : EEXIST);
		expect_eq(pvm_answer(&g.pvm, 0x1234), 0x1234);
	}
	vm_close(&g);
}

/*
 * EL2 has nothing to look up for registers. A host that names them as memory, or memory
 * as registers, is refused, and the machine goes on.
 */
static void test_raw(void)
{
	uint64_t block = SZ_2M / page_size, regs = regs_ipa(0, 0);
	struct guest g;

	if (!vm_open(&g))
		return;
	touch(&g, 0, 1);
	expect_eq(pvm_load32(&g.pvm, regs), EDU_ID);
	expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_GUEST, regs, 1), -EPERM);
	expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, regs, 1), -EPERM);
	expect_eq(raw_any(PKVM_TEST_HVC_CLEAR_YOUNG_GUEST, regs, 1), -EPERM);
	expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_MMIO_GUEST, page_ipa(0), 1), -EPERM);
	expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_MMIO_GUEST, regs + ENGINE_SIZE - page_size, 1),
		  -ENOENT);
	/* Registers in the middle of what is named as a block */
	if (page_size == SZ_4K) {
		expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_MMIO_GUEST, regs, block), -E2BIG);
		expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, regs, block), -EPERM);
		expect_eq(raw_any(PKVM_TEST_HVC_CLEAR_YOUNG_GUEST, regs, block), -EPERM);
	}
	/* It is the vCPU that gets them, of which none is loaded */
	expect_eq(raw(PKVM_TEST_HVC_SHARE_MMIO_GUEST, regs / page_size, regs / page_size, 1, 6),
		  -EINVAL);
	expect_eq(pvm_load32(&g.pvm, regs), EDU_ID);
	vm_close(&g);
}

/* A protected VM gets the device when no plain VM sees it any more, and then alone */
static void test_before_assignment(void)
{
	struct pvm plain;
	struct guest g;

	if (!expect(!pvm_create(&plain, 1, false), "errno %d", errno))
		return;
	if (!guest_prepare(&g, &pair, 4, 0))
		goto out;
	g.regs[0] = mmap(NULL, ENGINE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, g.device, 0);
	expect_eq(pvm_set_slot(&plain, 1, 0, REGS_IPA, ENGINE_SIZE, g.regs[0]), 0);
	expect_eq(pvm_load32(&plain, REGS_IPA), EDU_ID);
	expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), EBUSY);
	expect_eq(pvm_load32(&plain, REGS_IPA), EDU_ID);
	expect_eq(pvm_set_slot(&plain, 1, 0, REGS_IPA, 0, g.regs[0]), 0);
	expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), 0);
	expect_eq(pvm_set_slot(&plain, 1, 0, REGS_IPA, ENGINE_SIZE, g.regs[0]), 0);
	expect(pvm_load32(&plain, REGS_IPA) == -1 && errno == EPERM, "errno %d", errno);
	munmap((void *)g.regs[0], ENGINE_SIZE);
	vm_close(&g);
out:
	pvm_destroy(&plain);
}

static const struct test tests[] = {
	{ "lent_registers_drive_device", test_drive_device },
	{ "lent_registers_taken_back", test_taken_back },
	{ "lent_registers_mapped_late", test_mapped_late },
	{ "lent_registers_raw", test_raw },
	{ "lent_registers_not_owned", test_not_owned },
	{ "lent_registers_before_assignment", test_before_assignment },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
