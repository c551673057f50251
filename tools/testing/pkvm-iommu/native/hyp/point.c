// SPDX-License-Identifier: GPL-2.0-only
/*
 * Points in the EL2 code at which the world goes on: devices do DMA, other CPUs
 * run, time passes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hyp.h"

struct native_hooks native_hooks;
__thread u64 native_elr_el2;

/* Stores of this CPU that no barrier has ordered yet */
static __thread unsigned int unordered;
static u64 counter;

void native_fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "failure: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (native_hooks.on_fail)
		native_hooks.on_fail();
	fflush(stderr);
	if (getenv("NATIVE_ABORT"))
		abort();
	_exit(1);
}

void native_point(void)
{
	if (native_hooks.dma)
		native_hooks.dma();
	if (native_hooks.other_cpus)
		native_hooks.other_cpus();
}

void native_stored(const volatile void *addr)
{
	unordered++;
	if (native_hooks.stored)
		native_hooks.stored(addr);
	native_point();
}

void native_barrier(void)
{
	unordered = 0;
	native_point();
}

bool native_doorbell_clean(void)
{
	return !unordered;
}

void native_reset_point(void)
{
	unordered = 0;
}

/* Waiting: time passes, and the hardware gets on */
void native_relax(void)
{
	native_point();
}

u64 native_counter(void)
{
	return __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
}

void native_sleep(u64 ticks)
{
	__atomic_add_fetch(&counter, ticks, __ATOMIC_RELAXED);
}
