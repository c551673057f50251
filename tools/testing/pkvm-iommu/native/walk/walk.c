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

/* Each step is in the list before it is made: whoever looks after a crash finds it */
void walk_generate(struct walk *walk, unsigned int nr_steps)
{
	struct rng rng;

	rng_seed(&rng, walk->seed);
	walk_start(walk);
	walk->nr_steps = 0;
	while (walk->nr_steps < nr_steps) {
		struct step *step = &walk->step[walk->nr_steps];

		generate_step(&rng, walk_state(), walk->faults, step);
		walk->nr_steps++;
		walk_step(walk, step);
	}
	walk_finish(walk);
}

void walk_repeat(struct walk *walk)
{
	walk_start(walk);
	for (walk->at = 0; walk->at < walk->nr_steps; walk->at++)
		walk_step(walk, &walk->step[walk->at]);
	walk_finish(walk);
}
