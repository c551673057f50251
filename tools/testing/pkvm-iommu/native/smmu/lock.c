// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where CPUs are threads, the models of all SMMUs share one lock.
 */
#include <pthread.h>

#include "sim.h"

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void sim_lock(void)
{
	pthread_mutex_lock(&lock);
}

void sim_unlock(void)
{
	pthread_mutex_unlock(&lock);
}
