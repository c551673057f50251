// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spinlocks, and the order in which they may be taken, see core/domain.h.
 */
#include "hyp.h"

#define MAX_HELD	8

/* Outermost first. A lock may be taken below what is held, never beside it. */
static const struct {
	const char	*name;
	int		rank;
} order[] = {
	{ "&vm_table_lock",	1 },
	{ "&host_mmu.lock",	2 },
	{ "&vm->lock",		3 },	/* a guest's stage 2 */
	{ "&pkvm_lock",		3 },	/* EL2's own page table */
	{ "&iommu->lock",	4 },
	{ "&handles->lock",	5 },
	{ "&domain->lock",	5 },
	{ "&host_idmap->lock",	5 },
	{ "&smmu->evtq_lock",	5 },
	{ "&events->lock",	5 },
	{ "&smmu->cmdq_lock",	6 },
	{ "&pool->lock",	6 },
};

static __thread struct {
	hyp_spinlock_t	*lock;
	const char	*name;
	int		rank;
} held[MAX_HELD];
static __thread unsigned int nr_held;

static int rank_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (!strcmp(order[i].name, name))
			return order[i].rank;
	}
	native_fail("lock %s has no place in the order (hyp/lock.c)", name);
}

/* What a call does between two of these, it does alone, or without minding others */
static void at_boundary(void)
{
	if (native_hooks.at_lock)
		native_hooks.at_lock();
	native_point();
}

void native_lock(hyp_spinlock_t *lock, const char *name)
{
	int rank = rank_of(name);
	u32 free = 0;
	unsigned int i;

	for (i = 0; i < nr_held; i++) {
		if (held[i].lock == lock)
			native_fail("%s is taken twice", name);
		if (held[i].rank >= rank)
			native_fail("%s is taken while %s is held", name, held[i].name);
	}
	at_boundary();
	while (!__atomic_compare_exchange_n(&lock->held, &free, 1, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		free = 0;
		if (!native_hooks.other_cpus)
			native_fail("%s is held by nobody who runs", name);
		at_boundary();
	}
	if (nr_held == MAX_HELD)
		native_fail("too many locks");
	held[nr_held].lock = lock;
	held[nr_held].name = name;
	held[nr_held++].rank = rank;
}

void native_unlock(hyp_spinlock_t *lock, const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_held && held[i].lock != lock; i++)
		;
	if (i == nr_held)
		native_fail("%s is released but not held", name);
	memmove(&held[i], &held[i + 1], (--nr_held - i) * sizeof(held[0]));
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	at_boundary();
}

void native_assert_held(hyp_spinlock_t *lock, const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_held; i++) {
		if (held[i].lock == lock)
			return;
	}
	native_fail("%s is not held", name);
}

/* At the end of a call: an error path must not keep a lock */
void native_assert_no_locks(void)
{
	if (nr_held)
		native_fail("%s is still held", held[0].name);
}
