// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvm churn COUNT PAGES: create, run and destroy protected VMs.
 * pvm [TEST]...: the protected VM itself, without any DMA.
 */
#include "pvm.h"

#define PAGES	16
#define SEED	(0x5eedULL << 32)
#define ZERO_PAGES	66000

static void test_pvm_runs(void)
{
	struct pvm pvm;

	if (!expect(!pvm_create(&pvm, PAGES, true), "errno %d", errno))
		return;
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, PAGES, SEED), 0);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, PAGES, SEED), 0);
	/* and it does see what is wrong */
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, 1, ~SEED), page_size / 8);
	pvm_destroy(&pvm);
}

static void test_pvm_memory_hidden_from_cpu(void)
{
	uint32_t value;
	struct pvm pvm;

	if (!expect(!pvm_create(&pvm, PAGES, true), "errno %d", errno))
		return;
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, PAGES, SEED), 0);
	expect_eq(try_read32(pvm.mem, &value), SIGSEGV);
	expect_eq(try_write32(pvm.mem, 0), SIGSEGV);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, PAGES, SEED), 0);
	pvm_destroy(&pvm);
}

static void test_pvm_memory_comes_back_zeroed(void)
{
	uint64_t phys;
	struct pvm pvm;
	uint8_t *mem;
	int vm, vcpu;

	if (!expect(!pvm_create(&pvm, PAGES, true), "errno %d", errno))
		return;
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, PAGES, SEED), 0);
	/* Destroy the VM but keep the memory: the page must be ours and empty */
	mem = pvm.mem;
	phys = pvm.phys[0];
	vm = pvm.vm;
	vcpu = pvm.vcpu;
	munmap(pvm.run, pvm.run_size);
	close(vcpu);
	close(vm);
	expect_eq(virt_to_phys(mem), phys);
	for (size_t i = 0; i < PAGES * page_size; i += 4) {
		uint32_t value = 1;

		if (!expect_eq(try_read32(mem + i, &value), 0) ||
		    !expect_eq(value, 0))
			break;
	}
	munmap(mem, (PAGES + 1) * page_size);
	free(pvm.phys);
}

/*
 * One more slot, of memory that nobody has touched, and not of large pages: where the
 * guest reads there is the zero page.
 */
static uint8_t *add_untouched(struct pvm *pvm, uint64_t ipa, size_t size)
{
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	struct kvm_userspace_memory_region slot = {
		.slot = 1, .guest_phys_addr = ipa, .memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	if (mem == MAP_FAILED || madvise(mem, size, MADV_NOHUGEPAGE) ||
	    ioctl(pvm->vm, KVM_SET_USER_MEMORY_REGION, &slot))
		return NULL;
	return mem;
}

/*
 * Two plain VMs read memory that they have not written: together they have one page of
 * the host more than 65535 times. Its count is that of stock pKVM.
 */
static void test_plain_zero_page(void)
{
	const uint64_t ipa = 0x100000000ULL, size = ZERO_PAGES / 2 * page_size;
	struct pvm pvm[2];
	uint8_t *mem[2];

	for (int i = 0; i < 2; i++) {
		uint64_t read[] = { PVM_COUNT_READ, ipa, ipa + size, page_size };

		if (!expect(!pvm_create(&pvm[i], 1, false), "errno %d", errno))
			return;
		mem[i] = add_untouched(&pvm[i], ipa, size);
		if (!expect(mem[i], "no memory, errno %d", errno))
			return;
		memcpy(&pvm[i].doorbell[PVM_ORDER], read, sizeof(read));
		expect(!pvm_run(&pvm[i]), "VM %d: errno %d", i, errno);
	}
	/* Both run on, and what one of them writes is its own */
	expect_eq(pvm_call(&pvm[0], PVM_FILL, 0, 1, SEED), 0);
	*(uint64_t *)mem[1] = 1;
	for (int i = 0; i < 2; i++) {
		uint64_t again[] = { PVM_COUNT_READ, ipa, ipa + 2 * page_size, page_size };

		memcpy(&pvm[i].doorbell[PVM_ORDER], again, sizeof(again));
		expect_eq(pvm_run(&pvm[i]), i);
		pvm_destroy(&pvm[i]);
		munmap(mem[i], size);
	}
}

static int churn(int count, int pages)
{
	struct pvm pvm;

	for (int i = 0; i < count; i++) {
		if (pvm_create(&pvm, pages, true)) {
			ktap_line("# pVM %d: create: %s", i, strerror(errno));
			return 1;
		}
		if (pvm_call(&pvm, PVM_FILL, 0, pages, SEED + i) ||
		    pvm_call(&pvm, PVM_COUNT_WRONG, 0, pages, SEED + i)) {
			ktap_line("# pVM %d: wrong memory, errno %d", i, errno);
			return 1;
		}
		pvm_destroy(&pvm);
	}
	return 0;
}

static const struct test tests[] = {
	{ "pvm_runs", test_pvm_runs },
	{ "pvm_memory_hidden_from_cpu", test_pvm_memory_hidden_from_cpu },
	{ "pvm_memory_comes_back_zeroed", test_pvm_memory_comes_back_zeroed },
	{ "plain_vms_share_the_zero_page", test_plain_zero_page },
};

int main(int argc, char **argv)
{
	page_size = sysconf(_SC_PAGESIZE);
	access_init();
	if (argc == 4 && !strcmp(argv[1], "churn"))
		return churn(atoi(argv[2]), atoi(argv[3]));
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
