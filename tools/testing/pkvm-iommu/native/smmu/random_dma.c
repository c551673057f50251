// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that do DMA at any moment: between any two steps of EL2.
 */
#include "sim.h"

#define NR_HINTS	32

static struct rng rng;
static u32 rate;
static u64 hints[NR_HINTS];
static unsigned int nr_hints;
static __thread bool busy;

/* Addresses that mean something to some domain */
void sim_dma_hint(u64 iova)
{
	sim_lock();
	hints[nr_hints++ % NR_HINTS] = iova;
	sim_unlock();
}

static u64 some_address(void)
{
	u32 nr = min(nr_hints, NR_HINTS);
	u64 iova = nr ? hints[rng_below(&rng, nr)] : NATIVE_MEM_START;

	/* The page itself, or one beside it */
	if (rng_one_in(&rng, 4))
		iova += (u64)rng_below(&rng, 8) << PAGE_SHIFT;

	return iova + rng_below(&rng, 64) * 8;
}

static void dma_at_point(void)
{
	const struct sim_device *dev;

	if (busy || !sim_nr_devices)
		return;
	busy = true;
	sim_lock();
	if (rng_one_in(&rng, rate)) {
		dev = &sim_devices[rng_below(&rng, sim_nr_devices)];
		sim_dma(sim_smmus[dev->smmu], dev->sid, some_address(), rng_one_in(&rng, 2));
	}
	sim_unlock();
	busy = false;
}

void sim_dma_at_points(u64 seed, u32 one_in)
{
	rng_seed(&rng, seed);
	rate = one_in;
	native_hooks.dma = dma_at_point;
	native_hooks.stored = sim_config_stored;
}

void sim_dma_stop(void)
{
	native_hooks.dma = NULL;
	native_hooks.stored = NULL;
}
