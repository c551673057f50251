// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of several CPUs at the same time. Each CPU is a thread, of which one runs:
 * it gives way where the seed says so, mostly before it takes a lock and after it
 * released one. So a call goes on in the middle of others, and the same seed is the
 * same race.
 *
 * What the calls did together, some order of them has to explain: a process that
 * kept the state from before makes them one after the other, each checked against
 * the specification, and compares results and state. A call that was refused because
 * of the others has done nothing: an order may do without it.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pkvm-iommu-guest.h>

#include "walk.h"

#define MAX_LEAVES	65536
/* At a lock a CPU gives way once in so many times, elsewhere in so many */
#define RATE_AT_LOCK	2
#define RATE_AT_POINT	64
/* Exit status of an order that does not explain it */
#define OTHERWISE	2

/* The outcome, for the processes that look for an order */
static struct outcome {
	struct ghost_call	call[RACE_MAX_CPUS];
	bool			called[RACE_MAX_CPUS];
	struct ghost		state;
	struct ghost_leaf	leaf[MAX_LEAVES];
	char			why[256];
} *outcome;

static struct {
	const struct step	*step;
	unsigned int		nr, nr_done;
	bool			done[RACE_MAX_CPUS];
	sem_t			turn[RACE_MAX_CPUS], all_done;
	struct rng		rng;
} race;

static __thread int this_cpu = -1;

static unsigned int next_cpu(void)
{
	unsigned int next;

	do {
		next = rng_below(&race.rng, race.nr);
	} while (race.done[next]);

	return next;
}

static void give_way(u32 rate)
{
	unsigned int next;

	if (this_cpu < 0 || !rng_one_in(&race.rng, rate))
		return;
	next = next_cpu();
	if (next == this_cpu)
		return;
	sem_post(&race.turn[next]);
	while (sem_wait(&race.turn[this_cpu]))
		;
}

static void at_lock(void)
{
	give_way(RATE_AT_LOCK);
}

static void at_point(void)
{
	give_way(RATE_AT_POINT);
}

static void *run_cpu(void *arg)
{
	unsigned int cpu = (const struct step *)arg - race.step;

	while (sem_wait(&race.turn[cpu]))
		;
	this_cpu = cpu;
	outcome->called[cpu] = step_call(&race.step[cpu], &outcome->call[cpu]);
	race.done[cpu] = true;
	if (++race.nr_done == race.nr)
		sem_post(&race.all_done);
	else
		sem_post(&race.turn[next_cpu()]);

	return NULL;
}

static void run_together(const struct step *step, unsigned int nr)
{
	pthread_t thread[RACE_MAX_CPUS];
	unsigned int i;

	memset(&race, 0, sizeof(race));
	race.step = step;
	race.nr = nr;
	rng_seed(&race.rng, step[0].seed);
	sem_init(&race.all_done, 0, 0);
	native_hooks.other_cpus = at_point;
	native_hooks.at_lock = at_lock;
	for (i = 0; i < nr; i++) {
		sem_init(&race.turn[i], 0, 0);
		if (pthread_create(&thread[i], NULL, run_cpu, (void *)&step[i]))
			native_fail("no thread");
	}
	sem_post(&race.turn[next_cpu()]);
	while (sem_wait(&race.all_done))
		;
	for (i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	native_hooks.other_cpus = NULL;
	native_hooks.at_lock = NULL;
}

/* The VM that a step is about, or GHOST_MAX_VMS */
static u64 vm_of_step(const struct step *step)
{
	u64 handle = 0;

	if (step->kind == STEP_GUEST)
		return step->vm;
	if (step->kind == STEP_HOST && step->op >= PKVM_IOMMU_OP_VM_TOPUP &&
	    step->op <= PKVM_IOMMU_OP_VM_DRAIN)
		handle = step->arg[0];
	if (step->kind == STEP_MEMORY) {
		switch (step->op) {
		case MEM_DONATE_GUEST:
		case MEM_LEND_GUEST:
		case MEM_MAP_REGISTERS:
		case MEM_LEND_MMIO:
			handle = step->arg[2];
			break;
		case MEM_SHARE_HYP:
		case MEM_UNSHARE_HYP:
		case MEM_FORCE_RECLAIM:
		case MEM_VM_RESERVE:
		case MEM_HOST_TOUCH:
			break;
		default:
			handle = step->arg[0];
		}
	}

	return min(handle - NATIVE_HANDLE_OFFSET, (u64)GHOST_MAX_VMS);
}

static bool is_memory_op(const struct step *step, u64 op)
{
	return step->kind == STEP_MEMORY && step->op == op;
}

/* Of two steps of one VM: what the rest of pKVM does not let happen, as its locks are */
static bool are_kept_apart(const struct step *a, const struct step *b)
{
	if (is_memory_op(a, MEM_VM_RESERVE) && is_memory_op(b, MEM_VM_RESERVE))
		return true;	/* no rule: the model has no room */
	if (vm_of_step(a) == GHOST_MAX_VMS || vm_of_step(a) != vm_of_step(b))
		return false;
	/* It has one vCPU, which is not torn down while it runs */
	return (a->kind == STEP_GUEST && b->kind == STEP_GUEST) ||
	       is_memory_op(a, MEM_VM_DYING) || is_memory_op(b, MEM_VM_DYING);
}

/* A call that moves a list of pages is as many calls: others come in the middle */
static bool is_one_step(const struct step *step)
{
	if (step->kind != STEP_HOST)
		return true;
	switch (step->op) {
	case PKVM_IOMMU_OP_TOPUP:
		return step->arg[1] <= 1;
	case PKVM_IOMMU_OP_VM_TOPUP:
		return step->arg[2] <= 1;
	case PKVM_IOMMU_OP_RECLAIM:
		return step->arg[0] <= 1;
	}

	return step->op < PKVM_IOMMU_NR_OPS;
}

static bool may_race(const struct step *step)
{
	return step->kind <= STEP_MEMORY && step->fault == NATIVE_NR_FAULTS && !step->hostile &&
	       !is_memory_op(step, MEM_VM_FINALIZE) && is_one_step(step);
}

/* May @step be made at the same time as the @nr steps at @first? */
bool race_takes(const struct step *first, unsigned int nr, const struct step *step)
{
	unsigned int i;

	if (nr == RACE_MAX_CPUS || !may_race(step))
		return false;
	for (i = 0; i < nr; i++) {
		if (!may_race(&first[i]) || are_kept_apart(&first[i], step))
			return false;
	}

	return true;
}

/* Are they about the same thing, so that the order may matter? */
bool race_is_close(const struct step *first, unsigned int nr, const struct step *step)
{
	unsigned int i, j, k;

	for (i = 0; i < nr; i++) {
		if (vm_of_step(step) < GHOST_MAX_VMS && vm_of_step(step) == vm_of_step(&first[i]))
			return true;
		for (j = 0; j < ARRAY_SIZE(step->arg); j++) {
			for (k = 0; k < ARRAY_SIZE(step->arg); k++) {
				if (step->arg[j] > 1 && step->arg[j] == first[i].arg[k])
					return true;
			}
		}
	}

	return false;
}

/* Where the other processes see it */
static void publish(const struct ghost *g)
{
	unsigned int i, nr = 0;

	outcome->state = *g;
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		struct ghost_map *map = &outcome->state.domain[i].map;

		if (!g->domain[i].used)
			map->nr = 0;
		if (nr + map->nr > MAX_LEAVES)
			native_fail("more leaves than a race can have");
		if (map->nr)
			memcpy(&outcome->leaf[nr], map->leaf, map->nr * sizeof(*map->leaf));
		map->leaf = &outcome->leaf[nr];
		nr += map->nr;
	}
}

/* Is x2 how much was done? */
static bool says_what(u64 op)
{
	switch (op) {
	case PKVM_IOMMU_OP_MAP:
	case PKVM_IOMMU_OP_UNMAP:
	case PKVM_IOMMU_OP_MAP_LIST:
	case PKVM_IOMMU_OP_UNMAP_LIST:
		return true;
	}

	return false;
}

static bool same_result(const struct step *step, const struct ghost_call *a,
			const struct ghost_call *b)
{
	if (step->kind == STEP_GUEST)
		return !memcmp(&a->guest, &b->guest, sizeof(a->guest));
	if (a->result.ret != b->result.ret)
		return false;
	/* Others say which page it was, or what was in it */
	return step->kind != STEP_HOST || !says_what(step->op) ||
	       a->result.out[0] == b->result.out[0];
}

static bool takes_down(const struct step *step)
{
	if (step->kind == STEP_GUEST)
		return step->op == PVIOMMU_OP_FREE_DOMAIN;

	return step->kind == STEP_HOST && (step->op == PKVM_IOMMU_OP_FREE_DOMAIN ||
					   step->op == PKVM_IOMMU_OP_VM_DRAIN);
}

/* Refused because of another call; then it changed nothing */
static bool was_refused(const struct step *step, const struct ghost_call *c, bool down)
{
	if (step->kind == STEP_GUEST)
		return !c->guest.handled || c->guest.replay || c->guest.x[0];
	/* Nobody finds a domain or a context while it is taken down, or found to be in use */
	if (down && c->result.ret == -ENOENT)
		return true;

	return c->result.ret == -EBUSY || c->result.ret == -EAGAIN || c->result.ret == -ENOMEM;
}

/*
 * A call that got no more memory, since another one held it for a moment, has done a part
 * of its work. That is what a call does which asks for just that part.
 */
static u64 part_done(const struct step *step, const struct ghost_call *c)
{
	if (step->kind != STEP_HOST || c->result.ret != -ENOMEM)
		return 0;

	return step->op == PKVM_IOMMU_OP_MAP || step->op == PKVM_IOMMU_OP_MAP_LIST ?
	       c->result.out[0] : 0;
}

static void ask_for_part(struct step *step, u64 size)
{
	u64 piece = ((step->arg[3] & ~PAGE_MASK) + 1) * PAGE_SIZE;

	if (step->op == PKVM_IOMMU_OP_MAP) {
		step->arg[3] = size;
		return;
	}
	if (size < piece)
		step->arg[3] = (step->arg[3] & PAGE_MASK) | (size / PAGE_SIZE - 1);
	step->arg[2] &= PKVM_IOMMU_LIST_PROT;
	step->arg[2] |= FIELD_PREP(PKVM_IOMMU_LIST_NR, max(size / piece, 1));
}

static bool is_of_el2(const struct ghost_page *page)
{
	return page->owner == GHOST_EL2 && page->host == PKVM_NOPAGE && !page->dma;
}

static bool is_unused(const struct ghost_page *page)
{
	return page->owner == GHOST_HOST && page->host == PKVM_PAGE_OWNED && !page->dma &&
	       !page->lent;
}

/*
 * Which of EL2's pages come back to the host first is EL2's affair; how many is not.
 * Registers that the host lost and did not have to come back when it needs them. A
 * VM for which there is too little memory waits, whether some of it came a moment before
 * or after.
 */
static void forgive(const struct ghost *want, struct ghost *have)
{
	unsigned int i;
	int more = 0;

	for (i = 0; i < want->nr_pages; i++)
		more += is_of_el2(&want->page[i]) - is_of_el2(&have->page[i]);
	for (i = 0; i < want->nr_pages && !more; i++) {
		const struct ghost_page *w = &want->page[i], *h = &have->page[i];

		if ((is_of_el2(w) && is_unused(h)) || (is_unused(w) && is_of_el2(h)))
			have->page[i] = *w;
	}
	for (i = 0; i < GHOST_MAX_VMS; i++) {
		const struct ghost_vm *w = &want->vm[i];
		struct ghost_vm *h = &have->vm[i];

		if (w->waits && h->waits && w->wait_for & h->wait_for & 1) {
			h->wait_for = w->wait_for;
			h->waits = w->waits;
		}
	}
	for (i = 0; i < MACHINE_MAX_GROUPS; i++) {
		if (want->group[i].state == GROUP_HOST && !want->group[i].host)
			have->group[i].host = false;
	}
}

/* Make this call again. Has it the same result? @part: as much of it as it did */
static bool repeat(struct walk *walk, const struct step *step, unsigned int cpu, bool part)
{
	const struct ghost_call *was = &outcome->call[cpu];
	struct step again = step[cpu];
	struct ghost_call c;

	if (part) {
		ask_for_part(&again, was->result.out[0]);
		walk_call(walk, &again, &c);
		return !c.result.ret && c.result.out[0] == was->result.out[0];
	}

	return walk_call(walk, &again, &c) == outcome->called[cpu] &&
	       same_result(&again, &c, was);
}

/* In a child: make these calls in this order, and compare; of those in @parts, a part */
static void __attribute__((noreturn))
repeat_in_order(struct walk *walk, const struct step *step, const unsigned int *order,
		unsigned int nr, unsigned int parts)
{
	struct ghost *have = (struct ghost *)walk_state();
	ghost_verdict v = NULL;
	unsigned int i;

	for (i = 0; i < nr && !v; i++) {
		if (!repeat(walk, step, order[i], parts & BIT(order[i])))
			v = "a call has another result";
	}
	have = (struct ghost *)walk_state();
	if (!v) {
		forgive(&outcome->state, have);
		v = ghost_differ(&outcome->state, have);
	}
	if (v)
		snprintf(outcome->why, sizeof(outcome->why), "%s", v);
	_exit(v ? OTHERWISE : 0);
}

/* 0: it is explained; OTHERWISE; else a call failed on its own */
static int try_order(struct walk *walk, const struct step *step, const unsigned int *order,
		     unsigned int nr, unsigned int parts)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		repeat_in_order(walk, step, order, nr, parts);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;

	return WEXITSTATUS(status);
}

/* All orders of the calls in @left, after those that are in @order */
static int try_orders(struct walk *walk, const struct step *step, unsigned int *order,
		      unsigned int nr, unsigned int left, unsigned int parts)
{
	int ret = OTHERWISE;
	unsigned int cpu;

	if (!left)
		return try_order(walk, step, order, nr, parts);
	for (cpu = 0; cpu < RACE_MAX_CPUS && ret == OTHERWISE; cpu++) {
		if (!(left & BIT(cpu)))
			continue;
		order[nr] = cpu;
		ret = try_orders(walk, step, order, nr + 1, left & ~BIT(cpu), parts);
	}

	return ret;
}

/* In a child, which has the state from before */
static void __attribute__((noreturn))
look_for_order(struct walk *walk, const struct step *step, unsigned int nr, int there)
{
	unsigned int order[RACE_MAX_CPUS], refused = 0, partly = 0, without, i;
	int ret = OTHERWISE;
	bool down = false;
	char ended;

	/* If the race fails on its own there is no outcome */
	if (read(there, &ended, 1) != 1)
		_exit(OTHERWISE);
	for (i = 0; i < nr; i++)
		down |= takes_down(&step[i]);
	for (i = 0; i < nr; i++) {
		if (was_refused(&step[i], &outcome->call[i], down))
			refused |= BIT(i);
		if (part_done(&step[i], &outcome->call[i]))
			partly |= BIT(i);
	}
	for (without = 0; without < BIT(nr) && ret == OTHERWISE; without++) {
		if (!(without & ~refused))
			ret = try_orders(walk, step, order, 0,
					 (BIT(nr) - 1) & ~(without & ~partly), without & partly);
	}
	_exit(ret);
}

static void print_results(const struct step *step, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct ghost_call *c = &outcome->call[i];

		if (step[i].kind == STEP_GUEST)
			printf("vm%u: handled %d replay %d, 0x%lx, 0x%lx\n", step[i].vm,
			       c->guest.handled, c->guest.replay, c->guest.x[0], c->guest.x[1]);
		else
			printf("result %ld, 0x%lx\n", c->result.ret, c->result.out[0]);
	}
}

void walk_race(struct walk *walk, const struct step *step, unsigned int nr)
{
	int status, there[2];
	unsigned int i;
	pid_t pid;

	if (!outcome)
		outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED)
		native_fail("no memory");
	if (pipe(there))
		native_fail("no pipe");
	/* What devices are refused depends on when they try */
	sim_no_events = true;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(there[1]);
		look_for_order(walk, step, nr, there[0]);
	}
	close(there[0]);

	step_prepare(walk, step);
	run_together(step, nr);
	sim_dma_stop();
	walk_look(walk);
	for (i = 0; i < nr; i++)
		walk->nr_calls[step[i].kind] += outcome->called[i];
	walk->nr_races++;
	weather.raced = true;
	publish(walk_state());
	if (write(there[1], "", 1) != 1)
		native_fail("nobody looks for an order");
	close(there[1]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) && WEXITSTATUS(status) != OTHERWISE))
		native_fail("%s", walk->failure[0] ? walk->failure : "a call fails");
	if (WEXITSTATUS(status)) {
		print_results(step, nr);
		snprintf(walk->failure, sizeof(walk->failure), "no order explains: %.200s",
			 outcome->why);
		native_fail("%s", walk->failure);
	}
	sim_no_events = false;
}
