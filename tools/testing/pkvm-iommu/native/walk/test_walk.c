// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks, short enough for every run of the tests.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/test.h"
#include "walk.h"

#define STEPS		3000
#define RACY_STEPS	550

static void walk(const struct machine *m, u64 seed, bool faults, bool races, u32 dma_rate)
{
	struct walk *walk = walk_new();

	walk->races = races;
	walk->machine = *m;
	walk->seed = seed;
	walk->faults = faults;
	walk->dma_rate = dma_rate;
	if (!walk_fails(walk, races ? RACY_STEPS : STEPS)) {
		printf("seed %lu: %lu of %lu host calls, %lu of %lu guest calls, %lu of %lu memory calls succeed; %lu commands, %lu DMA, %lu races\n",
		       seed, walk->nr_good[0], walk->nr_calls[0], walk->nr_good[1],
		       walk->nr_calls[1], walk->nr_good[2], walk->nr_calls[2],
		       walk->nr_commands, walk->nr_dma, walk->nr_races);
		return;
	}
	printf("fails at step %u: %s\n", walk->nr_steps, walk->failure);
	walk_shrink(walk);
	walk_print(walk);
	fflush(stdout);
	walk_fails(walk, 0);
	exit(1);
}

TEST_EACH(walk, with_a_fixed_seed)
{
	walk(m, 1, false, false, 16);
}

TEST_EACH(walk, with_a_fixed_seed_and_failing_hardware)
{
	walk(m, 2, true, false, 64);
}

TEST_EACH(walk, with_a_fresh_seed)
{
	walk(m, seed, seed & 1, false, 32);
}

TEST_EACH(walk, of_several_cpus_with_a_fixed_seed)
{
	walk(m, 3, false, true, 32);
}

TEST_EACH(walk, of_several_cpus_with_a_fresh_seed)
{
	walk(m, seed, false, true, 32);
}
