// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile_guest: two protected VMs with two vCPUs each make hypercalls at random,
 * and have their devices do DMA wherever that leads, while a third one works.
 */
#include "hidden.h"
#include "hostile.h"

#include <pthread.h>

#define CALLS		40000
#define SLICE		500
#define NR_VMS		2
#define NR_VCPUS	2
#define PAGES		32
#define TABLE_PAGE	0	/* of calls; the guest never maps it */
#define FIRST_PAGE	8
#define DEVICE_PAGES	8	/* where DMA goes */

static uint64_t seed;
static struct vfio_dev pair, single[NR_VMS];
static volatile bool stop;

struct attacker {
	pthread_t thread;
	struct pvm *pvm;
	uint64_t seed, calls, accepted, wrong;
	int error;
};

struct attacking_vm {
	struct guest guest;
	struct pvm second;
	struct attacker attacker[NR_VCPUS];
	pthread_t device;
};

static struct attacking_vm vms[NR_VMS];
static uint64_t hidden_before;

#define CALL(...)	((struct pvm_call) { .x = { __VA_ARGS__ } })
#define FUNC		{ PVIOMMU_OP, PVIOMMU_OP, PVIOMMU_OP, PVIOMMU_OP }
#define OP(nr)		{ [0 ... 3] = (nr) }
#define ZERO		{ 0, 0, 0, 1 }
#define HANDLE		{ 2, 3, 4, 1ULL << 32 | 2 }
#define VSID		{ VSID_0, VSID_0, VSID_1, 1ULL << 32 | VSID_0 }

/* Calls that make sense, with values of which one of four does not */
static void make_table(struct pvm_calls *t, const struct guest *g, uint64_t other_id)
{
	const struct pvm_call attach = CALL(FUNC, OP(ATTACH_DEV), { g->id, g->id, other_id, ~0 },
					    VSID, ZERO, HANDLE, { 0, 0, 20, 64 });
	const struct pvm_call detach = CALL(FUNC, OP(DETACH_DEV), { g->id, g->id, other_id, ~0 },
					    VSID, ZERO, HANDLE, ZERO);
	/*
	 * The code is behind the last page, and the device writes: it must not get there
	 * within DEVICE_PAGES of what is mapped.
	 */
	const struct pvm_call map =
		CALL(FUNC, OP(MAP_PAGES), HANDLE,
		     { IOVA, IOVA + page_size, IOVA + SZ_2M, -page_size },
		     { page_ipa(FIRST_PAGE), page_ipa(FIRST_PAGE + 3), page_ipa(PAGES / 2),
		       REGS_IPA },
		     { page_size, 4 * page_size, SZ_2M, -page_size }, { 3, 7, 1, 0x107 });
	const struct pvm_call unmap =
		CALL(FUNC, OP(UNMAP_PAGES), HANDLE,
		     { IOVA, IOVA + page_size, IOVA + SZ_2M, IOVA + 3 * page_size },
		     { page_size, 4 * page_size, SZ_2M, -page_size }, ZERO, ZERO);
	const struct pvm_call free = CALL(FUNC, OP(FREE_DOMAIN), HANDLE, ZERO, ZERO, ZERO, ZERO);
	/* Sharing what no memory slot has keeps a vCPU waiting for ever: its own affair */
	const struct pvm_call share =
		CALL({ MEM_SHARE, MEM_SHARE, MEM_UNSHARE, MEM_UNSHARE },
		     { page_ipa(FIRST_PAGE), page_ipa(FIRST_PAGE + 1), page_ipa(PAGES - 1),
		       page_ipa(FIRST_PAGE) + 8 });

	*t = (struct pvm_calls) { .call = {
		attach, attach, detach, detach, map, map, map, map, unmap, unmap, unmap,
		free, share, share,
		CALL(FUNC, OP(ALLOC_DOMAIN), ZERO, ZERO, ZERO, ZERO, ZERO),
		CALL({ PVIOMMU_OP, DEV_REQ_DMA, DEV_REQ_MMIO, PVIOMMU_OP },
		     { FEATURES, g->id, REGS_IPA, ~0 }, { 0, VSID_0, 0, 1 }),
	} };
}

static void *attack(void *arg)
{
	struct attacker *a = arg;
	uint64_t x = a->seed | 1;

	while (a->calls < CALLS / (NR_VMS * NR_VCPUS) && !a->error && !stop) {
		const uint64_t order[] = { PVM_HVC_RANDOM, page_ipa(TABLE_PAGE), x, SLICE };
		int64_t wrong;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		memcpy(&a->pvm->doorbell[PVM_ORDER], order, sizeof(order));
		wrong = pvm_run(a->pvm);
		if (wrong < 0) {
			a->error = errno ?: EIO;
			break;
		}
		a->calls += SLICE;
		a->wrong += wrong;
		a->accepted += a->pvm->doorbell[PVM_COUNT];
	}
	return NULL;
}

static uint64_t calls_made(void)
{
	uint64_t calls = 0;

	for (int i = 0; i < NR_VMS * NR_VCPUS; i++)
		calls += vms[i / NR_VCPUS].attacker[i % NR_VCPUS].calls;
	return calls;
}

static bool attackers_left(void)
{
	for (int i = 0; i < NR_VMS * NR_VCPUS; i++) {
		struct attacker *a = &vms[i / NR_VCPUS].attacker[i % NR_VCPUS];

		if (a->calls < CALLS / (NR_VMS * NR_VCPUS) && !a->error)
			return true;
	}
	return false;
}

/* One transfer after the other, without a look at what comes of them */
static void *device(void *arg)
{
	struct attacking_vm *vm = arg;
	volatile uint8_t *regs = vm->guest.regs[0];

	for (unsigned int n = 0; !stop && attackers_left(); n++) {
		if (!(*edu_reg(regs, EDU_CMD) & EDU_START))
			edu_start(regs, n % 4, IOVA + n % DEVICE_PAGES * page_size, 256);
		usleep(10000);
	}
	return NULL;
}

static bool vm_open(struct attacking_vm *vm, int nr, uint64_t other_id)
{
	struct guest *g = &vm->guest;

	if (!guest_prepare(g, &single[nr], PAGES, 1) ||
	    !expect(!pvm_open_vcpu(&vm->second, &g->pvm, 1), "vCPU: errno %d", errno))
		return false;
	make_table((struct pvm_calls *)(g->pvm.mem + TABLE_PAGE * page_size), g, other_id);
	for (int i = 0; i < NR_VCPUS; i++) {
		vm->attacker[i] = (struct attacker) {
			.pvm = i ? &vm->second : &g->pvm,
			.seed = seed_of(seed, 1 + nr, i),
		};
	}
	return true;
}

static void vm_close(struct attacking_vm *vm)
{
	pvm_close_vcpu(&vm->second);
	guest_close(&vm->guest);
}

/* With two vCPUs each, which share what their VM has */
static void test_calls(void)
{
	uint64_t calls = 0, accepted = 0, domain;
	unsigned int transfers = 0;
	struct guest good;

	hidden_before = hidden_scan();
	if (!good_open(&good, &pair, &domain))
		return;
	for (int i = 0; i < NR_VMS; i++) {
		if (!vm_open(&vms[i], i, good.id))
			return;
	}
	for (int i = 0; i < NR_VMS; i++) {
		for (int n = 0; n < NR_VCPUS; n++)
			pthread_create(&vms[i].attacker[n].thread, NULL, attack,
				       &vms[i].attacker[n]);
		pthread_create(&vms[i].device, NULL, device, &vms[i]);
	}
	while (attackers_left() && !stop) {
		stop = !good_works(&good, transfers++);
		if (!(transfers % 16))
			ktap_line("# %" PRIu64 " calls", calls_made());
	}
	for (int i = 0; i < NR_VMS; i++) {
		for (int n = 0; n < NR_VCPUS; n++) {
			struct attacker *a = &vms[i].attacker[n];

			pthread_join(a->thread, NULL);
			expect(!a->error, "VM %d, vCPU %d: errno %d", i, n, a->error);
			expect(!a->wrong, "VM %d, vCPU %d: %" PRIu64 " wrong", i, n, a->wrong);
			calls += a->calls;
			accepted += a->accepted;
		}
		pthread_join(vms[i].device, NULL);
	}
	ktap_line("# seed %" PRIu64 ": %" PRIu64 " hypercalls of %d guests on %d vCPUs, %"
		  PRIu64 " accepted; %u verified transfers of the VM", seed, calls,
		  NR_VMS, NR_VMS * NR_VCPUS, accepted, transfers);
	expect(calls >= CALLS && accepted > calls / 16, "too few");
	for (unsigned int n = 0; n < 4; n++)
		good_works(&good, n);
	/* They go with domains attached, and memory mapped and shared */
	for (int i = 0; i < NR_VMS; i++)
		vm_close(&vms[i]);
	good_works(&good, 4);
	guest_close(&good);
	expect_all_returned();
}

static void test_memory_back(void)
{
	uint64_t now;

	for (int i = 0; (now = hidden_scan()) > hidden_before && i < 50; i++)
		usleep(100000);
	expect(hidden_before && now <= hidden_before, "%" PRIu64 " pages are EL2's, %" PRIu64
	       " before", now, hidden_before);
}

static void find_single(void)
{
	DIR *d = opendir("/sys/bus/pci/drivers/vfio-pci");
	struct dirent *entry;
	int nr = 0;

	while (d && nr < NR_VMS && (entry = readdir(d))) {
		if (!strncmp(entry->d_name, "0000:", 5))
			find_vfio_dev(&single[nr++], "pci", entry->d_name);
	}
	if (nr < NR_VMS)
		fatal("%d devices with vfio-pci", nr);
	closedir(d);
}

static const struct test tests[] = {
	{ "hostile_guest_calls", test_calls },
	{ "hostile_guest_memory_back", test_memory_back },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	access_init();
	seed = attack_seed();
	ktap_line("# seed %" PRIu64 "; pkvm_seed=%" PRIu64 " makes the same calls", seed, seed);
	find_vfio_dev(&pair, "platform", "edu-pair");
	find_single();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
