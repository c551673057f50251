// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_plain [TEST]...: plain VMs map memory that the host has lent them. What the
 * host does with it meanwhile, by whatever means, must not let their devices reach
 * anything else. Run it with GUEST_PLAIN=1.
 */
#include <sys/wait.h>

#include "guest_plain.h"

#define ROM		0x40000000ULL	/* the IPA of a slot that the guest can only read */
#define SLOT_ROM	1
#define MARK		0x6d61726bULL
#define SMCCC_VERSION	0x80000000ULL

static void test_calls(void)
{
	struct answer a;
	struct guest g;
	uint64_t domain = open_mapped(&g, 2);

	if (!domain)
		return;
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + page_size, 1), "no DMA");
	dma_faults(&g, 0, IOVA + 2 * page_size);
	a = hvc(&g, DEV_REQ_DMA, g.id, VSID_1, 0, 0, 0, 0);
	expect_eq(a.x0, SUCCESS);
	expect_eq(a.x2, g.sid[1]);
	/* Its registers are the host's to give, whatever there is */
	expect_refused(hvc(&g, DEV_REQ_MMIO, page_ipa(0), 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, PVM_DOORBELL, 0, 0, 0, 0, 0));
	/* What is not of the pvIOMMU leaves to the host, which does not know it either */
	expect_eq(hvc(&g, DEV_REQ_DMA - 1, g.id, VSID_0, 0, 0, 0, 0).x0, NOT_SUPPORTED);
	expect_eq(hvc(&g, DEV_REQ_MMIO + 1, 0, 0, 0, 0, 0, 0).x0, NOT_SUPPORTED);
	expect_eq(hvc(&g, MEM_SHARE, page_ipa(0), 0, 0, 0, 0, 0).x0, NOT_SUPPORTED);
	/* and what the host does know it answers: a version of the calling convention */
	expect_eq(hvc(&g, SMCCC_VERSION, 0, 0, 0, 0, 0, 0).x0, 0x10001);
	expect_eq(unmap_all(&g, domain, IOVA, 2 * page_size), 2 * page_size);
	dma_faults(&g, 0, IOVA);
	close_mapped(&g);
}

/* EL2 says how large its pages are to whom it maps pages, and to nobody else */
static void test_meminfo(void)
{
	struct guest g = {};
	struct answer a;

	if (!open_mapped(&g, 1))
		return;
	a = hvc(&g, HYP_MEMINFO, 0, 0, 0, 0, 0, 0);
	expect_eq(a.x0, page_size);
	expect_eq(a.x1 | a.x2 | a.x3, 0);
	expect_refused(hvc(&g, HYP_MEMINFO, 1, 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, HYP_MEMINFO, 0, 1, 0, 0, 0, 0));
	expect_refused(hvc(&g, HYP_MEMINFO, 0, 0, 1, 0, 0, 0));
	close_mapped(&g);

	g = (struct guest) {};
	if (!expect(!pvm_create(&g.pvm, 1, false), "errno %d", errno))
		return;
	expect_eq(hvc(&g, HYP_MEMINFO, 0, 0, 0, 0, 0, 0).x0, NOT_SUPPORTED);
	pvm_destroy(&g.pvm);
}

enum { UNMAP, DISCARD, REPLACE, READ_ONLY, NO_ACCESS, FORK, NR_WAYS };

static const char * const ways[] = {
	"munmap", "MADV_DONTNEED", "mmap over it", "PROT_READ", "PROT_NONE", "fork",
};

/* A child that has the same pages until one of the two writes to them */
static void fork_and_write(struct guest *g)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		memset(g->pvm.mem, 0x11, 2 * page_size);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	expect_eq(status, 0);
}

static void take_away(struct guest *g, int way)
{
	uint8_t *mem = g->pvm.mem;
	size_t size = 2 * page_size;

	switch (way) {
	case UNMAP:
		expect_eq(munmap(mem, size), 0);
		break;
	case DISCARD:
		expect_eq(madvise(mem, size, MADV_DONTNEED), 0);
		break;
	case REPLACE:
		expect(mmap(mem, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == mem,
		       "errno %d", errno);
		break;
	case READ_ONLY:
		expect_eq(mprotect(mem, size, PROT_READ), 0);
		break;
	case NO_ACCESS:
		expect_eq(mprotect(mem, size, PROT_NONE), 0);
		break;
	case FORK:
		fork_and_write(g);
		break;
	}
}

/* Whoever asks for memory now must not get what the device still reaches */
static void expect_not_free(const struct guest *g)
{
	size_t size = 16 * SZ_1M;
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!expect(mem != MAP_FAILED, "errno %d", errno))
		return;
	/* Single pages, or those that were freed last are not looked at */
	madvise(mem, size, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < size; at += page_size) {
		uint64_t phys;

		mem[at] = 1;
		phys = virt_to_phys(mem + at);
		expect(phys && phys != g->pvm.phys[0] && phys != g->pvm.phys[1],
		       "%#" PRIx64 " is in use twice", phys);
	}
	munmap(mem, size);
}

static void take_away_in_dma(int way)
{
	struct guest g;

	if (!open_mapped(&g, 2))
		return;
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + page_size, 1), "no DMA");
	/* Into the first page, on its way when the page is taken away */
	edu_start(g.regs[0], true, IOVA, EDU_BYTES);
	take_away(&g, way);
	while (*edu_reg(g.regs[0], EDU_CMD) & EDU_START)
		usleep(1000);
	expect_not_free(&g);
	/* The VM and its device have the same pages, still */
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + page_size, 1), "%s: no DMA", ways[way]);
	expect(dma_copies(&g, 0, IOVA + page_size, 1, IOVA, 0), "%s: no DMA", ways[way]);
	close_mapped(&g);
	if (test_failed)
		ktap_line("# %s", ways[way]);
}

static void test_host_takes_memory(void)
{
	for (int way = 0; way < NR_WAYS && !test_failed; way++)
		take_away_in_dma(way);
}

static void test_raw_unshare(void)
{
	struct guest g;
	uint64_t domain = open_mapped(&g, 4), p = page_size;

	if (!domain)
		return;
	for (size_t page = 0; page < 4; page++) {
		expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_GUEST, page_ipa(page), 1), -EBUSY);
		expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, page_ipa(page), 1), -EBUSY);
	}
	/* A guest without its pages would wait for ever */
	if (test_failed)
		goto out;
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + 3 * p, 3), "no DMA");
	/* One mapping of two is one too many */
	expect_eq(map_all(&g, domain, IOVA + 8 * p, page_ipa(3), p), p);
	expect_eq(unmap_all(&g, domain, IOVA + 3 * p, p), p);
	expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, page_ipa(3), 1), -EBUSY);
	expect_eq(unmap_all(&g, domain, IOVA + 8 * p, p), p);
	/* Not mapped it may become read-only, and devices must not write to it then */
	expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, page_ipa(3), 1), 0);
	expect_eq(map_once(&g, domain, IOVA + 3 * p, page_ipa(3), p, RW), 0);
	expect_eq(map_once(&g, domain, IOVA + 3 * p, page_ipa(3), p, PROT_DMA_WRITE), 0);
	expect_eq(map_once(&g, domain, IOVA + 3 * p, page_ipa(3), p, PROT_DMA_READ), p);
out:
	close_mapped(&g);
}

/* The device reads a page that the guest can only read, and cannot write to it */
static void test_read_only_slot(void)
{
	uint64_t *rom, seed = MARK << 32, p = page_size;
	struct guest g;
	uint64_t domain = open_mapped(&g, 1);

	if (!domain)
		return;
	rom = mmap(NULL, p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < p / 8; i++)
		rom[i] = seed ^ (page_ipa(0) + i * 8);
	expect_eq(set_slot(&g.pvm, SLOT_ROM, KVM_MEM_READONLY, ROM, p, rom), 0);
	/* The guest has not touched it, and the host gives it all the same */
	expect_eq(map_once(&g, domain, IOVA + p, ROM, p, RW), 0);
	expect_eq(map_once(&g, domain, IOVA + p, ROM, p, PROT_DMA_WRITE | PROT_CACHE), 0);
	expect_eq(map_once(&g, domain, IOVA + p, ROM, p, PROT_DMA_READ | PROT_CACHE), p);
	edu_dma(&g, 0, false, IOVA + p, EDU_BYTES);
	edu_dma(&g, 0, true, IOVA, EDU_BYTES);
	expect_eq(guest_words(&g, PVM_COUNT_WRONG, 0, seed), 0);
	/* Neither device nor host can change that */
	expect_eq(guest_words(&g, PVM_FILL, 0, ~seed), 0);
	edu_dma(&g, 0, false, IOVA, EDU_BYTES);
	edu_dma(&g, 0, true, IOVA + p, EDU_BYTES);
	for (size_t i = 0; i < p / 8 && !test_failed; i++)
		expect_eq(rom[i], seed ^ (page_ipa(0) + i * 8));
	munmap(rom, p);
	edu_dma(&g, 0, false, IOVA + p, EDU_BYTES);
	edu_dma(&g, 0, true, IOVA, EDU_BYTES);
	expect_eq(guest_words(&g, PVM_COUNT_WRONG, 0, seed), 0);
	close_mapped(&g);
}

/* Slots come, but none goes, moves or is watched once the VM has run */
static void test_slots_stay(void)
{
	uint64_t size = (PAGES + 1) * page_size;
	struct guest g;
	uint8_t *more;

	if (!open_mapped(&g, 2))
		return;
	expect_eq(set_slot(&g.pvm, 0, 0, PVM_IPA, 0, g.pvm.mem), EPERM);
	expect_eq(set_slot(&g.pvm, 0, 0, PVM_IPA + size, size, g.pvm.mem), EPERM);
	expect_eq(set_slot(&g.pvm, 0, KVM_MEM_LOG_DIRTY_PAGES, PVM_IPA, size, g.pvm.mem), EPERM);
	more = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect_eq(set_slot(&g.pvm, 1, KVM_MEM_LOG_DIRTY_PAGES, ROM, page_size, more), EPERM);
	expect_eq(set_slot(&g.pvm, 1, 0, ROM, page_size, more), 0);
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + page_size, 1), "no DMA");
	close_mapped(&g);
	munmap(more, page_size);
}

static void *logged;

static void add_logged_slot(const struct pvm *pvm)
{
	expect_eq(set_slot(pvm, 1, KVM_MEM_LOG_DIRTY_PAGES, ROM, page_size, logged), 0);
}

/* A slot that logs writes since before there was a device goes on: none gets it */
static void test_logged_slot(void)
{
	uint64_t dirty = 0, domain;
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = &dirty };
	struct guest g;

	logged = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	guest_before_devices = add_logged_slot;
	domain = open_mapped(&g, 1);
	guest_before_devices = NULL;
	if (!domain)
		return;
	expect_eq(pvm_call(&g.pvm, PVM_FILL, (ROM - PVM_IPA) / page_size, 1, 0), 0);
	expect_eq(err(ioctl(g.pvm.vm, KVM_GET_DIRTY_LOG, &log)), 0);
	expect_eq(dirty, 1);
	expect_eq(map_once(&g, domain, IOVA + page_size, ROM, page_size, RW), 0);
	close_mapped(&g);
	munmap(logged, page_size);
}

static const struct test tests[] = {
	{ "plain_calls", test_calls },
	{ "plain_meminfo", test_meminfo },
	{ "plain_host_takes_memory", test_host_takes_memory },
	{ "plain_raw_unshare", test_raw_unshare },
	{ "plain_read_only_slot", test_read_only_slot },
	{ "plain_slots_stay", test_slots_stay },
	{ "plain_logged_slot", test_logged_slot },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
