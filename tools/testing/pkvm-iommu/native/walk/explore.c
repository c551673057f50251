// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks until the time is over: every machine, with and without failing hardware,
 * each from a seed that follows from the first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../unit/test.h"
#include "walk.h"

#define STEPS		4000
#define RACY_STEPS	1500

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double seconds_of(const struct timeval *tv)
{
	return tv->tv_sec + tv->tv_usec / 1e6;
}

static void choose(struct walk *walk, u64 seed)
{
	struct rng rng;

	rng_seed(&rng, seed);
	walk->machine = machine_get(rng_below(&rng, machine_count()));
	walk->seed = seed;
	walk->faults = rng_one_in(&rng, 3);
	walk->deaf = walk->faults && rng_one_in(&rng, 2);
	walk->dma_rate = 4 << rng_below(&rng, 6);
	walk->races = !walk->faults && rng_one_in(&rng, 4);
}

/* False: a walk failed; it has been shortened and printed */
bool walk_explore(u64 seed, unsigned int seconds)
{
	double start = now(), end = start + seconds;
	u64 calls = 0, good = 0, dma = 0, walks = 0;
	struct walk *walk = walk_new();
	struct rusage used;
	unsigned int i;
	double cpu;

	do {
		memset(walk, 0, offsetof(struct walk, step));
		walk->fault = NATIVE_NR_FAULTS;
		memset(walk->nr_calls, 0, sizeof(walk->nr_calls));
		memset(walk->nr_good, 0, sizeof(walk->nr_good));
		walk->nr_dma = 0;
		choose(walk, seed + walks);
		if (walk_fails(walk, walk->races ? RACY_STEPS : STEPS)) {
			printf("seed %lu fails at step %u: %s\n", walk->seed, walk->nr_steps,
			       walk->failure);
			walk_shrink(walk);
			walk_print(walk);
			return false;
		}
		walks++;
		for (i = STEP_HOST; i <= STEP_MEMORY; i++) {
			calls += walk->nr_calls[i];
			good += walk->nr_good[i];
		}
		dma += walk->nr_dma;
	} while (now() < end);
	getrusage(RUSAGE_CHILDREN, &used);
	cpu = seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime);
	printf("%lu walks from seed %lu: %lu calls, %lu succeed, %lu DMA, in %.0f s\n", walks,
	       seed, calls, good, dma, now() - start);
	printf("%.1f million calls in an hour, %.1f in one of CPU time\n",
	       calls / (now() - start) * 3600 / 1e6, calls / cpu * 3600 / 1e6);

	return true;
}
