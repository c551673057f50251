// SPDX-License-Identifier: GPL-2.0-only
#include "guest_dma.h"

/* Bus to buffer, or buffer to bus. The device does not say whether it worked. */
void edu_dma(struct guest *g, unsigned int engine, bool to_bus, uint64_t addr,
	     uint64_t bytes)
{
	edu_transfer(g->regs[engine], to_bus, addr, bytes);
}

/* The guest fills the first bytes of a page, or counts the words that differ */
int64_t guest_words(struct guest *g, enum pvm_order order, size_t page, uint64_t seed)
{
	uint64_t args[] = { order, page_ipa(page), page_ipa(page) + EDU_BYTES, seed };

	memcpy(&g->pvm.doorbell[PVM_ORDER], args, sizeof(args));
	return pvm_run(&g->pvm);
}

uint64_t next_seed(void)
{
	static uint64_t seed = 0x5eed000000000000ULL;

	return seed += 0x100000000ULL;
}

/*
 * The device reads one page of the guest at an IOVA and writes what it read to
 * another. Returns whether all, or nothing of it arrived; anything else fails.
 */
bool dma_copies(struct guest *g, unsigned int engine, uint64_t from_iova, size_t from,
		uint64_t to_iova, size_t to)
{
	uint64_t seed = next_seed(), other = next_seed();
	uint64_t expected = seed ^ page_ipa(from) ^ page_ipa(to);
	int64_t wrong, changed;

	expect_eq(guest_words(g, PVM_FILL, from, seed), 0);
	expect_eq(guest_words(g, PVM_FILL, to, other), 0);
	edu_dma(g, engine, false, from_iova, EDU_BYTES);
	edu_dma(g, engine, true, to_iova, EDU_BYTES);
	wrong = guest_words(g, PVM_COUNT_WRONG, to, expected);
	changed = guest_words(g, PVM_COUNT_WRONG, to, other);
	expect(!wrong || wrong == EDU_BYTES / 8, "%lld words", (long long)wrong);
	if (wrong)
		expect(!changed || changed == EDU_BYTES / 8, "%lld words", (long long)changed);
	/* The page it read from is as it was */
	expect_eq(guest_words(g, PVM_COUNT_WRONG, from, seed), 0);
	return !wrong;
}

/*
 * A stream that is attached cannot reach an address, in either direction, and EL2
 * reports it. One that is not aborts without a word.
 */
bool dma_faults(struct guest *g, unsigned int engine, uint64_t iova)
{
	for (int to_bus = 0; to_bus < 2; to_bus++) {
		long faults = stream_faults(g->sid[engine]);

		edu_dma(g, engine, to_bus, iova, 8);
		for (int i = 0; stream_faults(g->sid[engine]) == faults && i < 250; i++)
			usleep(20000);
		if (!expect(stream_faults(g->sid[engine]) > faults,
			    "no fault for stream %#" PRIx64 " at %#" PRIx64 ", to bus %d",
			    g->sid[engine], iova, to_bus))
			return false;
	}
	return true;
}
