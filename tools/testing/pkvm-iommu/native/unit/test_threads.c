// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs as threads, for ThreadSanitizer: hosts that map, attach and donate against
 * each other and against a guest, while devices do DMA. In the end the state is
 * sound, and everything can be taken down.
 */
#include <pthread.h>
#include <sched.h>

#include <linux/pkvm-iommu-guest.h>

#include <core/domain.h>

#include "../ghost/ghost.h"
#include "test.h"

#define ROUNDS		150
#define NR_HOSTS	2

/* Memory that is mapped as a whole, and where */
#define BLOCK		(NATIVE_MEM_START + GHOST_BLOCK)
#define BLOCK_IOVA	(4 * GHOST_BLOCK)

struct cpu {
	pthread_t		thread;
	struct rng		rng;
	u64			page[4];
	long			domain;
	struct pkvm_hyp_vm	*vm;
};

static u64 shared_pages[4];
static long shared_domain;

static void let_others_run(void)
{
	static __thread unsigned int points;

	if (!(++points % 64))
		sched_yield();
}

/* Results are whatever the race makes of them; what must hold is checked after */
static void *host_cpu(void *arg)
{
	struct cpu *cpu = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u64 page = cpu->page[rng_below(&cpu->rng, 4)];
		u64 common = shared_pages[rng_below(&cpu->rng, 4)];
		u64 iova = rng_below(&cpu->rng, 8) * PAGE_SIZE;
		u64 domain = rng_one_in(&cpu->rng, 2) ? cpu->domain : shared_domain;

		switch (rng_below(&cpu->rng, 11)) {
		case 0:
		case 1:
			host_call(PKVM_IOMMU_OP_MAP, domain, iova, page, PAGE_SIZE, RW);
			break;
		case 2:
			host_call(PKVM_IOMMU_OP_MAP, domain, iova, common, PAGE_SIZE, RW);
			break;
		case 3:
		case 4:
			host_call(PKVM_IOMMU_OP_UNMAP, domain, iova, PAGE_SIZE, 0, 0);
			break;
		case 5:
			host_call(PKVM_IOMMU_OP_ATTACH, 0,
				  machine_sids[2 + rng_below(&cpu->rng, 2)],
				  rng_one_in(&cpu->rng, 2) ? domain : PKVM_IOMMU_DOMAIN_IDENTITY,
				  0, 0);
			break;
		case 6:
			host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0);
			break;
		case 7:
			/* A page comes and goes; if it is mapped it stays */
			host_call(PKVM_IOMMU_OP_TOPUP, common, 1, 0, 0, 0);
			break;
		case 8:
			/* All of a block, or none if a page of it has gone */
			host_call(PKVM_IOMMU_OP_MAP, domain, BLOCK_IOVA, BLOCK, GHOST_BLOCK, RW);
			host_call(PKVM_IOMMU_OP_UNMAP, domain, BLOCK_IOVA, GHOST_BLOCK, 0, 0);
			break;
		case 9:
			common = BLOCK + rng_below(&cpu->rng, 4) * PAGE_SIZE;
			host_call(PKVM_IOMMU_OP_TOPUP, common, 1, 0, 0, 0);
			host_call(PKVM_IOMMU_OP_RECLAIM, 1, 0, 0, 0, 0);
			break;
		case 10:
			host_call(PKVM_IOMMU_OP_UNMAP_LIST, domain, 2, 0, iova, PAGE_SIZE);
			break;
		}
	}

	return NULL;
}

static void *guest_cpu(void *arg)
{
	struct cpu *cpu = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u64 iova = rng_below(&cpu->rng, 8) * PAGE_SIZE;

		switch (rng_below(&cpu->rng, 7)) {
		case 0:
			guest_op(cpu->vm, 0, PVIOMMU, VSID, 0, cpu->domain, 0);
			break;
		case 1:
			guest_op(cpu->vm, 1, PVIOMMU, VSID, 0, cpu->domain, 0);
			break;
		case 2:
			guest_op(cpu->vm, 4, cpu->domain, iova,
				 rng_below(&cpu->rng, 4) * PAGE_SIZE, PAGE_SIZE, RW);
			break;
		case 3:
			guest_op(cpu->vm, 5, cpu->domain, iova, PAGE_SIZE, 0, 0);
			break;
		case 4:
			guest_op(cpu->vm, PVIOMMU_OP_GET_EVENT, 0, 0, 0, 0, 0);
			break;
		case 5:
			guest_op(cpu->vm, PVIOMMU_OP_MAP_LIST, cpu->domain, iova, RW | 2UL << 32, 0,
				 PAGE_SIZE);
			break;
		case 6:
			guest_op(cpu->vm, PVIOMMU_OP_UNMAP_LIST, cpu->domain, 2, 0, iova,
				 PAGE_SIZE);
			break;
		}
	}

	return NULL;
}

static void *device_cpu(void *arg)
{
	struct cpu *cpu = arg;
	unsigned int i;

	for (i = 0; i < 4 * ROUNDS; i++) {
		sim_dma(sim_smmus[0], machine_sids[rng_below(&cpu->rng, NR_SIDS)],
			rng_below(&cpu->rng, 8) * PAGE_SIZE, rng_one_in(&cpu->rng, 2));
		sched_yield();
	}

	return NULL;
}

static void check_state(void)
{
	static struct ghost g;
	ghost_verdict v;

	ghost_read(&g);
	v = ghost_invariants(&g) ?: ghost_concrete() ?: ghost_caches(&g);
	if (v)
		native_fail("%s", v);
}

TEST_EACH(threads, race_and_leave_a_sound_state)
{
	static struct cpu cpus[NR_HOSTS + 2];
	unsigned int i, j;

	machine_boot(m, seed);
	ASSERT_EQ(host_topup(40), 0);
	shared_domain = new_domain();
	for (i = 0; i < 4; i++)
		shared_pages[i] = host_page_get();
	for (i = 0; i < ARRAY_SIZE(cpus); i++) {
		rng_seed(&cpus[i].rng, seed + i);
		for (j = 0; j < 4; j++)
			cpus[i].page[j] = host_page_get();
		if (i < NR_HOSTS)
			cpus[i].domain = new_domain();
	}
	for (i = 2; i < 4; i++)
		attach(0, machine_sids[i], PKVM_IOMMU_DOMAIN_IDENTITY);
	cpus[NR_HOSTS].vm = new_vm(machine_sids[0], 4);
	ASSERT_EQ(host_vm_topup(cpus[NR_HOSTS].vm->kvm.arch.pkvm.handle, 20), 0);
	cpus[NR_HOSTS].domain = guest_domain(cpus[NR_HOSTS].vm);

	sim_threads = true;
	native_hooks.other_cpus = let_others_run;
	for (i = 0; i < ARRAY_SIZE(cpus); i++)
		pthread_create(&cpus[i].thread, NULL, i < NR_HOSTS ? host_cpu :
			       i == NR_HOSTS ? guest_cpu : device_cpu, &cpus[i]);
	for (i = 0; i < ARRAY_SIZE(cpus); i++)
		pthread_join(cpus[i].thread, NULL);
	native_hooks.other_cpus = NULL;

	check_state();
	end_vm(cpus[NR_HOSTS].vm);
	for (i = 0; i < NR_SIDS; i++)
		host_call(PKVM_IOMMU_OP_ATTACH, 0, machine_sids[i], 0, 0, 0);
	for (i = 0; i < NR_HOSTS; i++)
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, cpus[i].domain, 0, 0, 0, 0).ret, 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, shared_domain, 0, 0, 0, 0).ret, 0);
	check_state();
}
