// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole walk in this process.
 */
#include "walk.h"

void walk_finish(struct walk *walk)
{
	unsigned int i;

	for (i = 0; i < sim_nr_smmus; i++) {
		walk->nr_dma += sim_smmus[i]->nr_dma;
		walk->nr_commands += sim_smmus[i]->nr_commands;
	}
}

/* Makes the step at @at, and those that join it; where the next one is */
static unsigned int make_steps(struct walk *walk, unsigned int at)
{
	const struct step *step = &walk->step[at];
	unsigned int nr = 1;

	while (at + nr < walk->nr_steps && step[nr].joins && race_takes(step, nr, &step[nr]))
		nr++;
	if (nr == 1)
		walk_step(walk, step);
	else
		walk_race(walk, step, nr);

	return at + nr;
}

/* Lists have one page, and nothing fails */
static void make_racy(struct step *step)
{
	step->fault = NATIVE_NR_FAULTS;
	step->hostile = false;
	if (step->kind != STEP_HOST)
		return;
	if (step->op == PKVM_IOMMU_OP_TOPUP)
		step->arg[1] = min(step->arg[1], 1UL);
	else if (step->op == PKVM_IOMMU_OP_VM_TOPUP)
		step->arg[2] = min(step->arg[2], 1UL);
	else if (step->op == PKVM_IOMMU_OP_RECLAIM)
		step->arg[0] = min(step->arg[0], 1UL);
}

/* What succeeds is worth a race: a VM that dies is drained */
static void generate_drain(struct rng *rng, struct step *step)
{
	unsigned int nr = rng_below(rng, GHOST_MAX_VMS);
	const struct ghost_vm *vm = &walk_state()->vm[nr];

	if (!vm->context || vm->life == VM_LIVE)
		return;
	*step = (struct step) {
		.kind	= STEP_HOST,
		.op	= PKVM_IOMMU_OP_VM_DRAIN,
		.arg	= { NATIVE_HANDLE_OFFSET + nr },
		.seed	= rng_next(rng),
	};
}

/* Or something that is mapped goes */
static void generate_unmap(struct rng *rng, struct step *step)
{
	const struct ghost_domain *d;
	const struct ghost_leaf *leaf;
	unsigned int tries = 16;

	do {
		if (!tries--)
			return;
		d = &walk_state()->domain[rng_below(rng, GHOST_MAX_DOMAINS)];
	} while (!d->used || d->owner != GHOST_HOST || !d->map.nr);
	leaf = &d->map.leaf[rng_below(rng, d->map.nr)];
	*step = (struct step) {
		.kind	= STEP_HOST,
		.op	= PKVM_IOMMU_OP_UNMAP,
		.arg	= { d->handle, leaf->iova, leaf->size },
		.seed	= rng_next(rng),
	};
}

/* Up to two more calls, at the same time as the last one */
static void generate_race(struct walk *walk, struct rng *rng)
{
	struct step *first = &walk->step[walk->nr_steps - 1], *step = first;
	unsigned int nr = 1, tries;

	if (rng_one_in(rng, 2))
		generate_unmap(rng, first);
	else if (rng_one_in(rng, 4))
		generate_drain(rng, first);
	make_racy(first);
	for (tries = 0; tries < 12 && nr < RACE_MAX_CPUS; tries++) {
		step = first + nr;
		generate_step(rng, walk_state(), walk->faults, step);
		/* Or the same once more: the closest that there is */
		if (rng_one_in(rng, 3))
			*step = *first;
		make_racy(step);
		step->joins = true;
		if (race_takes(first, nr, step) &&
		    (tries > 8 || race_is_close(first, nr, step)) && !rng_one_in(rng, 3))
			nr++;
	}
	walk->nr_steps += nr - 1;
}

/* Each step is in the list before it is made: whoever looks after a crash finds it */
void walk_generate(struct walk *walk, unsigned int nr_steps)
{
	struct rng rng;

	rng_seed(&rng, walk->seed);
	walk_start(walk);
	walk->nr_steps = 0;
	while (walk->nr_steps < nr_steps) {
		unsigned int at = walk->nr_steps++;

		generate_step(&rng, walk_state(), walk->faults, &walk->step[at]);
		if (walk->races && walk->nr_steps > RACE_WARM_UP && rng_one_in(&rng, 2))
			generate_race(walk, &rng);
		make_steps(walk, at);
	}
	walk_finish(walk);
}

void walk_repeat(struct walk *walk)
{
	walk_start(walk);
	for (walk->at = 0; walk->at < walk->nr_steps; )
		walk->at = make_steps(walk, walk->at);
	walk_finish(walk);
}
