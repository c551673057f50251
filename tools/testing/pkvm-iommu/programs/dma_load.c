// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma_load FILE: keep all engines busy with the host's memory, compare what they
 * move, until FILE is gone. Ends with status 0 if all was right.
 */
#include <pthread.h>

#include "test.h"

#define MAX_ENGINES	16

static const char *running;

static void *load(void *arg)
{
	uint8_t want[PKVM_TEST_BUFFER], got[PKVM_TEST_BUFFER];
	uint32_t engine = (uintptr_t)arg, seed = engine * 2654435761U + 1;
	uintptr_t rounds = 0;

	while (!access(running, F_OK)) {
		for (size_t i = 0; i < sizeof(want); i++)
			want[i] = (seed = seed * 1664525 + 1013904223) >> 24;
		if (buffer_set(engine, want) || buffer_get(engine, got) ||
		    memcmp(want, got, sizeof(got))) {
			ktap_line("# engine %u moved wrong data", engine);
			return NULL;
		}
		rounds++;
	}
	return (void *)rounds;
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_ENGINES];
	uintptr_t rounds, total = 0;
	uint32_t nr;
	int ret = 0;
	void *got;

	if (argc != 2)
		return 2;
	running = argv[1];
	test_open();
	nr = nr_engines();
	for (uint32_t i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, load, (void *)(uintptr_t)i);
	for (uint32_t i = 0; i < nr; i++) {
		pthread_join(threads[i], &got);
		rounds = (uintptr_t)got;
		total += rounds;
		ret |= !rounds;
	}
	ktap_line("# %u engines made %zu round trips", nr, (size_t)total);
	return ret;
}
