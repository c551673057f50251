// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile [TEST]...: the host makes hypercalls at random, on all CPUs at once,
 * and an engine of its own does DMA wherever that leads, while a protected VM
 * works. The calls are made by the test module: modules/hostile.c.
 */
#include "dt.h"
#include "hidden.h"
#include "hostile.h"

#include <pthread.h>
#include <sched.h>

#define CALLS		240000
#define SLICE		1000
#define MAX_CPUS	8
#define ARENA_SIZE	(4 * SZ_1M)
#define UNUSED_SIDS	4

/* What the hostile engine writes: no address of memory, whatever half of it */
#define JUNK		0xd15ea5e1d15ea5e0ULL

static struct vfio_dev pair;
static uint64_t seed;
static struct pkvm_test_engine engine;	/* the host's */
static struct guest good;
static struct pvm victim, plain;
static struct pkvm_test_hostile setup;
static uint64_t hidden_before;

/* One of the CPUs */
struct attacker {
	pthread_t thread;
	long cpu;
	uint64_t calls, accepted;
	struct pkvm_test_hostile run;
	int error;
};

static struct attacker attackers[MAX_CPUS];
static long nr_attackers;
static volatile bool stop, attacking;

static int64_t hcall(enum pkvm_test_hvc_func func, struct pkvm_test_hvc *hvc)
{
	hvc->func = func;
	if (ioctl(test_fd, PKVM_TEST_HVC, hvc))
		fatal("hypercall");
	return hvc->regs[0] ? -ENOSYS : (int64_t)hvc->regs[1];
}

#define iommu_op(...)							\
	({								\
		struct pkvm_test_hvc __h = { .regs = { __VA_ARGS__ } };	\
		hcall(PKVM_TEST_HVC_IOMMU_OP, &__h);			\
	})

static void *attack(void *arg)
{
	struct attacker *a = arg;
	uint64_t quota = CALLS / nr_attackers;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(a->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (uint64_t slice = 0; a->calls < quota && !stop; slice++) {
		a->run = setup;
		a->run.seed = seed_of(seed, a->cpu, slice);
		a->run.count = SLICE;
		if (ioctl(test_fd, PKVM_TEST_HOSTILE, &a->run))
			a->error = errno;
		a->calls += a->run.calls;
		a->accepted += a->run.accepted;
		if (a->error || a->run.wrong)
			break;
	}
	return NULL;
}

/* The engine neither knows nor cares what its stream is attached to */
static void *hostile_device(void *arg)
{
	uint64_t x = seed;

	(void)arg;
	for (unsigned int n = 0; attacking; n++) {
		uint64_t at = PKVM_TEST_HOSTILE_IOVA;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		at += (x >> 33) % PKVM_TEST_HOSTILE_PAGES * page_size;
		dma(engine.index, n % 4, at, 64);
	}
	return NULL;
}

static void add_foreign(uint64_t phys)
{
	if (phys && setup.nr_foreign < ARRAY_SIZE(setup.foreign))
		setup.foreign[setup.nr_foreign++] = phys;
}

static bool open_victim(struct pvm *pvm, bool protected)
{
	if (!expect(!pvm_create(pvm, 8, protected), "errno %d", errno))
		return false;
	return expect_eq(pvm_call(pvm, PVM_FILL, 0, 8, 0), 0);
}

static bool pick_engine(void)
{
	for (uint32_t i = 0; engine_get(i, &engine); i++) {
		if (!engine.platform && engine.mapped)
			return true;
	}
	return expect(false, "no engine for the host");
}

static void fill_engine(void)
{
	uint64_t junk[PKVM_TEST_BUFFER / 8];

	for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
		junk[i] = JUNK;
	expect_eq(buffer_set(engine.index, junk), 0);
}

/* Pages that the host lends to EL2, one by one; it must not be asked for again */
static void lend(unsigned int nr)
{
	while (nr--) {
		uint64_t page = pages_alloc(page_size);

		expect_eq(iommu_op(OP_TOPUP, page, 1), 0);
		pages_forget(page);
	}
}

static void take_back(void)
{
	for (;;) {
		struct pkvm_test_hvc hvc = { .regs = { OP_RECLAIM, 1 } };

		if (hcall(PKVM_TEST_HVC_IOMMU_OP, &hvc) || !hvc.regs[3])
			return;
		pages_free(hvc.regs[2]);
	}
}

/* Tables that EL2 keeps once it has them are there after this: no page of the arena */
static void warm_up(uint64_t sids)
{
	int64_t domain;

	lend(16);
	domain = iommu_op(OP_ALLOC_DOMAIN);
	expect(domain > 1, "%" PRId64, domain);
	for (int i = 1; i <= UNUSED_SIDS; i++) {
		expect_eq(iommu_op(OP_ATTACH, 0, sids - i, domain), 0);
		expect_eq(iommu_op(OP_ATTACH, 0, sids - i, 0), 0);
	}
	expect_eq(iommu_op(OP_FREE_DOMAIN, domain), 0);
	take_back();
}

/* Who attacks what; the streams come in the order that the module expects */
static bool prepare(void)
{
	struct pkvm_test_hvc info = { .regs = { 0 } };
	uint64_t el2 = hyp_mem_base(), domain, sids;

	expect_eq(hcall(PKVM_TEST_HVC_IOMMU_OP, &info), 0);
	sids = 1ULL << info.regs[2];
	warm_up(sids);
	hidden_before = hidden_scan();
	setup = (struct pkvm_test_hostile) { .size = ARENA_SIZE };
	setup.arena = pages_alloc(ARENA_SIZE);
	if (!expect(setup.arena && el2, "no memory") || !pick_engine() ||
	    !good_open(&good, &pair, &domain) || !open_victim(&victim, true) ||
	    !open_victim(&plain, false))
		return false;
	fill_engine();
	setup.smmu = smmu_of_engine(&engine);
	setup.good = good.pvm.vm;
	setup.victim = victim.vm;
	setup.plain = plain.vm;
	setup.sids[setup.nr_sids++] = good.sid[0];
	setup.sids[setup.nr_sids++] = good.sid[1];
	setup.nr_vm_sids = setup.nr_sids;
	setup.sids[setup.nr_sids++] = engine.sid;
	for (int i = 1; i <= UNUSED_SIDS; i++)
		setup.sids[setup.nr_sids++] = sids - i;
	for (int i = 0; i < 4; i++)
		add_foreign(el2 + i * 5 * page_size);
	for (unsigned int n = 0; n < nr_smmus(); n++) {
		add_foreign(smmus[n].base);
		add_foreign(smmus[n].base + 0x10000);
	}
	for (int i = 0; i < 2; i++)
		add_foreign(strtoull(pair.name, NULL, 16) + i * ENGINE_SIZE);
	for (size_t page = 0; page < GOOD_PAGES; page += 2)
		add_foreign(good.pvm.phys[page]);
	return !test_failed;
}

/* A line now and then: this takes its time */
static void say_progress(void)
{
	static uint64_t last;
	uint64_t calls = 0;

	for (long i = 0; i < nr_attackers; i++)
		calls += attackers[i].calls;
	if (calls / (CALLS / 8) == last / (CALLS / 8))
		return;
	ktap_line("# %" PRIu64 " calls", calls);
	last = calls;
}

/* On all CPUs until all calls are made; how often the VM's device worked meanwhile */
static unsigned int attack_all(void)
{
	unsigned int transfers = 0;
	pthread_t device;

	nr_attackers = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr_attackers > MAX_CPUS)
		nr_attackers = MAX_CPUS;
	attacking = true;
	pthread_create(&device, NULL, hostile_device, NULL);
	for (long i = 0; i < nr_attackers; i++) {
		attackers[i] = (struct attacker) { .cpu = i };
		pthread_create(&attackers[i].thread, NULL, attack, &attackers[i]);
	}
	for (long i = 0; i < nr_attackers; i++) {
		while (!stop && pthread_tryjoin_np(attackers[i].thread, NULL)) {
			stop = !good_works(&good, transfers++);
			say_progress();
		}
		if (stop)
			pthread_join(attackers[i].thread, NULL);
	}
	attacking = false;
	pthread_join(device, NULL);
	return transfers;
}

static void report_wrong(const struct pkvm_test_hostile *run)
{
	const __u64 *r = run->regs;

	ktap_line("# seed %#llx: call %#llx %#llx %#llx %#llx %#llx %#llx %#llx %#llx",
		  run->seed, r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]);
	expect(false, "gave %#llx %#llx", run->result[0], run->result[1]);
}

static void test_host_calls(void)
{
	uint64_t calls = 0, accepted = 0;
	unsigned int transfers = 0;

	if (!prepare())
		return;
	transfers = attack_all();
	for (long i = 0; i < nr_attackers; i++) {
		calls += attackers[i].calls;
		accepted += attackers[i].accepted;
		expect_eq(attackers[i].error, 0);
		if (attackers[i].run.wrong)
			report_wrong(&attackers[i].run);
	}
	ktap_line("# seed %" PRIu64 ": %" PRIu64 " hypercalls of the host on %ld CPUs, %"
		  PRIu64 " accepted; %u verified transfers of the VM", seed, calls,
		  nr_attackers, accepted, transfers);
	expect(calls >= CALLS, "%" PRIu64 " calls", calls);
	expect(accepted > calls / 8, "%" PRIu64 " accepted", accepted);
	expect(transfers > 1, "%u transfers", transfers);
	/* Nothing was left attached that is in its way */
	for (unsigned int n = 0; n < 4; n++)
		good_works(&good, n);
}

static int64_t route(uint64_t vm, uint64_t pviommu, uint64_t vsid, uint64_t sid)
{
	return iommu_op(OP_VM_ROUTE, vm, pviommu, vsid, 0, sid, 0);
}

static void drain(uint64_t vm)
{
	struct pkvm_test_hvc hvc;

	do {
		hvc = (struct pkvm_test_hvc) { .regs = { OP_VM_DRAIN, vm } };
		hcall(PKVM_TEST_HVC_IOMMU_OP, &hvc);
		for (uint64_t *page; hvc.regs[3]; hvc.regs[3]--) {
			uint64_t phys = hvc.regs[2];

			page = phys_map(phys, page_size);
			hvc.regs[2] = *page;
			munmap(page, page_size);
			pages_free(phys);
		}
	} while ((int64_t)hvc.regs[1] == -EAGAIN);
	expect_eq(hvc.regs[1], 0);
}

/* VMs that the host makes past KVM: no stream has two names, no name two streams */
static void test_one_name_each(void)
{
	struct pkvm_test_hvc info = { .regs = { 0 } };
	uint64_t vm[2], sid;

	expect_eq(hcall(PKVM_TEST_HVC_IOMMU_OP, &info), 0);
	sid = (1ULL << info.regs[2]) - 1;
	warm_up(sid + 1);
	for (int i = 0; i < 2; i++) {
		uint64_t page = pages_alloc(page_size), spare = pages_alloc(page_size);
		struct pkvm_test_hvc reserve = { };

		vm[i] = hcall(PKVM_TEST_HVC_RESERVE_VM, &reserve);
		expect_eq(iommu_op(OP_VM_TOPUP, vm[i], page, 1), 0);
		expect_eq(iommu_op(OP_VM_TOPUP, vm[i], spare, 1), 0);
		pages_forget(page);
		pages_forget(spare);
	}
	expect_eq(route(vm[0], 1, 1, sid), 0);
	expect_eq(route(vm[0], 1, 1, sid), -EEXIST);
	expect_eq(route(vm[0], 1, 1, sid - 1), -EEXIST);
	expect_eq(route(vm[0], 1, 2, sid), -EBUSY);
	expect_eq(route(vm[0], 2, 1, sid), -EBUSY);
	expect_eq(route(vm[1], 1, 1, sid), -EBUSY);
	expect_eq(route(vm[1], 1, 1, sid - 1), 0);
	/* The host has no say until the VM is gone */
	expect_eq(iommu_op(OP_ATTACH, 0, sid, 1), -EPERM);
	expect_eq(iommu_op(OP_ATTACH, 0, sid, 0), -EPERM);
	for (int i = 0; i < 2; i++) {
		struct pkvm_test_hvc release = { .regs = { vm[i] } };

		drain(vm[i]);
		hcall(PKVM_TEST_HVC_UNRESERVE_VM, &release);
		expect_eq(iommu_op(OP_ATTACH, 0, sid - i, 0), 0);
		expect_eq(route(vm[i], 1, 1, sid), -ENOENT);
	}
}

static unsigned int good_words(const uint64_t *words, size_t nr)
{
	unsigned int found = 0;

	for (size_t i = 0; i < nr; i++)
		found += words[i] >> 48 == GOOD_WORD;
	return found;
}

/* What EL2 was lent is back; the good VM's words are nowhere but in the VM */
static void test_nothing_leaked(void)
{
	uint64_t buffer[PKVM_TEST_BUFFER / 8], *arena;
	uint32_t value;

	if (!setup.nr_foreign)
		return (void)expect(false, "nothing was tried");
	setup.seed = seed;
	expect_eq(err(ioctl(test_fd, PKVM_TEST_HOSTILE_END, &setup)), 0);
	expect(!setup.calls, "%llu pages did not come back", setup.calls);
	expect_eq(iommu_op(OP_ATTACH, setup.smmu, engine.sid, 1), 0);
	expect_eq(buffer_get(engine.index, buffer), 0);
	expect_eq(good_words(buffer, ARRAY_SIZE(buffer)), 0);
	if (!test_failed) {
		arena = phys_map(setup.arena, ARENA_SIZE);
		expect_eq(good_words(arena, ARENA_SIZE / 8), 0);
		munmap(arena, ARENA_SIZE);
	}
	for (size_t page = 0; page < GOOD_PAGES; page++)
		expect_eq(try_read32(good.pvm.mem + page * page_size, &value), SIGSEGV);
}

/* The device goes on while its VM dies, and nobody may notice */
static void test_dma_after_death(void)
{
	uint64_t phys[GOOD_PAGES], *page;
	unsigned int late = 0;

	if (good.pvm.vm <= 0)
		return (void)expect(false, "no VM");
	memcpy(phys, good.pvm.phys, sizeof(phys));
	for (size_t i = 0; i < GOOD_PAGES; i++)
		expect_eq(guest_words(&good, PVM_FILL, i, GOOD_WORD << 48), 0);
	for (unsigned int i = 0; i < 2; i++) {
		guest_dma(&good, i, false, IOVA);
		guest_write(&good, i, EDU_SRC, EDU_BUFFER);
		guest_write(&good, i, EDU_DST, IOVA + i * page_size);
		guest_write(&good, i, EDU_COUNT, EDU_BYTES);
		guest_write(&good, i, EDU_CMD, EDU_START | EDU_TO_BUS);
	}
	guest_close(&good);
	expect_all_returned();
	usleep(500000);
	for (size_t i = 0; i < GOOD_PAGES; i++) {
		page = phys_map(phys[i], page_size);
		late += good_words(page, page_size / 8);
		munmap(page, page_size);
	}
	expect_eq(late, 0);
}

static void test_memory_back(void)
{
	uint64_t now;

	pvm_destroy(&victim);
	pvm_destroy(&plain);
	if (setup.arena)
		pages_free(setup.arena);
	for (int i = 0; (now = hidden_scan()) > hidden_before && i < 50; i++)
		usleep(100000);
	expect(now <= hidden_before, "%" PRIu64 " pages are EL2's, %" PRIu64 " before", now,
	       hidden_before);
}

static void *close_good(void *arg)
{
	guest_close(arg);
	return NULL;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

/*
 * The longest call about another VM, which does not exist, while the devices of
 * a VM that dies come to rest: each has a tenth of a second to go.
 */
static uint64_t longest_call_in_reset(void)
{
	uint64_t longest = 0, start, domain;
	pthread_t closer;

	if (!good_open(&good, &pair, &domain))
		return 0;
	for (unsigned int i = 0; i < 2; i++) {
		guest_write(&good, i, EDU_SRC, IOVA);
		guest_write(&good, i, EDU_DST, EDU_BUFFER);
		guest_write(&good, i, EDU_COUNT, EDU_BYTES);
		guest_write(&good, i, EDU_CMD, EDU_START);
	}
	pthread_create(&closer, NULL, close_good, &good);
	while (pthread_tryjoin_np(closer, NULL)) {
		start = now_us();
		iommu_op(OP_VM_DRAIN, 0x10fe);
		if (now_us() - start > longest)
			longest = now_us() - start;
	}
	expect_all_returned();
	return longest;
}

/* This machine may not run for a while, but not each time */
static void test_reset_holds_up_nobody(void)
{
	uint64_t longest, best = ~0ULL;

	for (int n = 0; n < 5 && best > 40000 && !test_failed; n++) {
		longest = longest_call_in_reset();
		if (longest < best)
			best = longest;
	}
	expect(best < 40000, "a call took %" PRIu64 " us", best);
}

/* The attack where nothing stops it: this is what the tests above would see */
static void test_control_device(void)
{
	uint64_t buffer[PKVM_TEST_BUFFER / 8];
	struct pvm pvm;

	for (uint32_t i = 0; engine_get(i, &engine) && engine.platform; i++)
		;
	if (!expect(!pvm_create(&pvm, 2, true), "errno %d", errno))
		return;
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, 2, GOOD_WORD << 48), 0);
	expect_eq(dma_read(engine.index, pvm.phys[0], sizeof(buffer)), 0);
	expect_eq(buffer_get(engine.index, buffer), 0);
	expect_eq(good_words(buffer, ARRAY_SIZE(buffer)), ARRAY_SIZE(buffer));
	fill_engine();
	expect_eq(dma_write(engine.index, pvm.phys[1], 256), 0);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, 2, GOOD_WORD << 48), 256 / 8);
	pvm_destroy(&pvm);
}

static const struct test tests[] = {
	{ "hostile_one_name_each", test_one_name_each },
	{ "hostile_reset_holds_up_nobody", test_reset_holds_up_nobody },
	{ "hostile_host_calls", test_host_calls },
	{ "hostile_nothing_leaked", test_nothing_leaked },
	{ "hostile_dma_after_death", test_dma_after_death },
	{ "hostile_memory_back", test_memory_back },
	{ "control_hostile_device", test_control_device },
};

int main(int argc, char **argv)
{
	test_open();
	access_init();
	seed = attack_seed();
	ktap_line("# seed %" PRIu64 "; pkvm_seed=%" PRIu64 " makes the same calls", seed, seed);
	if (argc < 2 || strncmp(argv[1], "control", 7))
		find_vfio_dev(&pair, "platform", "edu-pair");
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
