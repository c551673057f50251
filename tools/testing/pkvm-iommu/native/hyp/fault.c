// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand: the nth chance of a kind to fail does.
 */
#include "hyp.h"

static struct {
	unsigned int	armed;
	unsigned int	seen;
} faults[NATIVE_NR_FAULTS];

static unsigned int fired;

void fault_arm(enum native_fault fault, unsigned int nth)
{
	faults[fault].armed = nth;
	faults[fault].seen = 0;
}

void fault_disarm_all(void)
{
	memset(faults, 0, sizeof(faults));
	fired = 0;
}

bool fault_hits(enum native_fault fault)
{
	unsigned int seen = __atomic_add_fetch(&faults[fault].seen, 1, __ATOMIC_RELAXED);
	bool hit = seen == faults[fault].armed;

	if (native_hooks.fault)
		hit |= native_hooks.fault(fault);

	if (hit)
		fired++;

	return hit;
}

unsigned int fault_seen(enum native_fault fault)
{
	return faults[fault].seen;
}

unsigned int fault_fired(void)
{
	return fired;
}

const char *fault_name(enum native_fault fault)
{
	static const char * const names[] = {
		[FAULT_ALLOC]	= "allocation",
		[FAULT_DONATE]	= "donation",
		[FAULT_SYNC]	= "sync",
		[FAULT_COMMAND]	= "command",
	};

	return names[fault];
}
