// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deterministic random numbers (xorshift64*).
 */
#include "hyp.h"

void rng_seed(struct rng *rng, u64 seed)
{
	/* Spread small seeds over all bits; the state must not be 0 */
	rng->state = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	if (!rng->state)
		rng->state = 1;
	rng_next(rng);
	rng_next(rng);
}

u64 rng_next(struct rng *rng)
{
	rng->state ^= rng->state >> 12;
	rng->state ^= rng->state << 25;
	rng->state ^= rng->state >> 27;

	return rng->state * 0x2545f4914f6cdd1dULL;
}

u32 rng_below(struct rng *rng, u32 n)
{
	return n ? (rng_next(rng) >> 32) % n : 0;
}

bool rng_one_in(struct rng *rng, u32 n)
{
	return !rng_below(rng, n);
}
