// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where CPUs are threads, the models of all SMMUs share one lock.
 */
#include <pthread.h>

#include "sim.h"

bool sim_threads;

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void sim_lock(void)
{
	if (sim_threads)
		pthread_mutex_lock(&lock);
}

void sim_unlock(void)
{
	if (sim_threads)
		pthread_mutex_unlock(&lock);
}
