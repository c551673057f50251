// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation, each donation, each command and each CMD_SYNC fails once, in
 * turn, in a life that has one of everything. Whatever fails, each call is checked
 * against the specification, and what is left can be taken down.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/iommu.h>
#include <linux/pkvm-pviommu.h>

#include "../unit/test.h"
#include "walk.h"

/* A guard against a life that does not end */
#define MAX_NTH		400

#define HANDLE		NATIVE_HANDLE_OFFSET

static const struct step life[] = {
#define HOST(o, ...)	{ .kind = STEP_HOST, .op = PKVM_IOMMU_OP_##o, .arg = { __VA_ARGS__ } }
#define GUEST(o, ...)	{ .kind = STEP_GUEST, .func = PVIOMMU_OP_FUNC_ID, .op = PVIOMMU_OP_##o, \
			  .arg = { __VA_ARGS__ } }
#define MEMORY(o, ...)	{ .kind = STEP_MEMORY, .op = MEM_##o, .arg = { __VA_ARGS__ } }
#define LENT(n)		(NATIVE_MEM_START + GHOST_BLOCK * 2 + (n) * PAGE_SIZE)
#define SID		2
#define REGS		PKVM_IOMMU_ROUTE_REGS
#define OWN(n)		((LENT(80) >> PAGE_SHIFT) + (n))
	HOST(TOPUP, LENT(0), 16, PAGE_SIZE),
	HOST(ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_IDENTITY),
	HOST(ATTACH, 0, SID, PKVM_IOMMU_DOMAIN_IDENTITY),
	HOST(ALLOC_DOMAIN),
	HOST(ATTACH, 0, 1, 2),
	HOST(MAP, 2, 0x10000, LENT(64), 2 * PAGE_SIZE, IOMMU_READ | IOMMU_WRITE),
	HOST(MAP, 2, GHOST_BLOCK, NATIVE_MEM_START + GHOST_BLOCK, GHOST_BLOCK, IOMMU_READ),
	HOST(UNMAP, 2, GHOST_BLOCK, GHOST_BLOCK),
	/* An empty table gives way to a block */
	HOST(MAP, 2, 2 * GHOST_BLOCK, LENT(64), PAGE_SIZE, IOMMU_READ),
	HOST(UNMAP, 2, 2 * GHOST_BLOCK, PAGE_SIZE),
	HOST(MAP, 2, 2 * GHOST_BLOCK, NATIVE_MEM_START + GHOST_BLOCK, GHOST_BLOCK, IOMMU_WRITE),
	{ .kind = STEP_DMA },
	MEMORY(VM_RESERVE),
	HOST(VM_TOPUP, HANDLE, LENT(16), 2, PAGE_SIZE),
	HOST(VM_TOPUP, HANDLE, LENT(18), 16, PAGE_SIZE),
	HOST(ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(ATTACH, 0, SID, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(VM_ROUTE, HANDLE, 1, 2, 0, 0),
	HOST(VM_ROUTE, HANDLE, 1, 3, 0, SID),
	/* A device of three streams changes hands */
	HOST(ATTACH, 0, 8, PKVM_IOMMU_DOMAIN_IDENTITY),
	HOST(ATTACH, 0, 9, PKVM_IOMMU_DOMAIN_IDENTITY),
	HOST(ATTACH, 0, 0x41f, PKVM_IOMMU_DOMAIN_IDENTITY),
	HOST(ATTACH, 1, 0x41f, PKVM_IOMMU_DOMAIN_IDENTITY),
	HOST(ATTACH, 0, 8, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(ATTACH, 0, 9, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(ATTACH, 0, 0x41f, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(ATTACH, 1, 0x41f, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(VM_ROUTE, HANDLE, 1, 4, 0, 8, REGS),
	HOST(VM_ROUTE, HANDLE, 1, 4, 0, 8, REGS),
	HOST(VM_ROUTE, HANDLE, 1, 4, 0, 8, REGS),
	HOST(VM_ROUTE, HANDLE, 1, 4, 0, 8, REGS),
	HOST(VM_ROUTE, HANDLE, 1, 4, 0, 8, REGS),
	HOST(VM_ROUTE, HANDLE, 1, 4, 0, 8, REGS),
	HOST(VM_ROUTE, HANDLE, 1, 5, 0, 9, REGS),
	MEMORY(VM_INIT, HANDLE),
	MEMORY(MAP_REGISTERS, 0x0a000000 >> PAGE_SHIFT, 20, HANDLE),
	MEMORY(DONATE_GUEST, OWN(0), 0, HANDLE),
	MEMORY(DONATE_GUEST, OWN(1), 1, HANDLE),
	MEMORY(GUEST_SHARE, HANDLE, 1),
	GUEST(ALLOC_DOMAIN),
	GUEST(ATTACH_DEV, 1, 2, 0, 2),
	GUEST(ATTACH_DEV, 1, 3, 0, 2),
	GUEST(MAP_PAGES, 2, 0, 0, 2 * PAGE_SIZE, IOMMU_READ | IOMMU_WRITE),
	{ .kind = STEP_DMA },
	GUEST(UNMAP_PAGES, 2, PAGE_SIZE, PAGE_SIZE),
	MEMORY(GUEST_UNSHARE, HANDLE, 1),
	GUEST(DETACH_DEV, 1, 3, 0, 2),
	HOST(POLL, 0),
	GUEST(GET_EVENT),
	MEMORY(VM_DYING, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	HOST(VM_DRAIN, HANDLE),
	MEMORY(VM_RECLAIM, HANDLE, 0),
	MEMORY(VM_RECLAIM, HANDLE, 1),
	MEMORY(VM_FINALIZE, HANDLE),
	HOST(ATTACH, 0, 1, PKVM_IOMMU_DOMAIN_BLOCKED),
	HOST(FREE_DOMAIN, 2),
	HOST(FREE_DOMAIN, 2),
	HOST(RECLAIM, 64),
};

static struct walk *make(const struct machine *m, enum native_fault fault, unsigned int nth)
{
	struct walk *walk = walk_new();
	unsigned int i;

	walk->machine = *m;
	walk->seed = nth;
	walk->dma_rate = 8;
	walk->fault = fault;
	walk->nth = nth;
	walk->nr_steps = ARRAY_SIZE(life);
	memcpy(walk->step, life, sizeof(life));
	for (i = 0; i < walk->nr_steps; i++) {
		walk->step[i].fault = NATIVE_NR_FAULTS;
		walk->step[i].seed = nth * 1000 + i;
	}

	return walk;
}

static void sweep(const struct machine *m, enum native_fault fault, bool deaf)
{
	unsigned int nth;
	struct walk *walk;

	for (nth = 1; nth < MAX_NTH; nth++) {
		walk = make(m, fault, nth);
		walk->deaf = deaf;
		if (walk_fails(walk, 0)) {
			printf("%s %u, step %u: %s\n", fault_name(fault), nth, walk->at,
			       walk->failure);
			walk_print(walk);
			exit(1);
		}
		if (!walk->fired)
			break;
	}
	printf("%u of each %s failed in turn\n", nth - 1, fault_name(fault));
	/* It did reach some, and all of them */
	ASSERT(nth > 8 && nth < MAX_NTH);
}

TEST_EACH(fail_nth, every_allocation)
{
	sweep(m, FAULT_ALLOC, false);
}

TEST_EACH(fail_nth, every_donation)
{
	sweep(m, FAULT_DONATE, false);
}

TEST_EACH(fail_nth, every_sync)
{
	sweep(m, FAULT_SYNC, false);
}

TEST_EACH(fail_nth, every_command)
{
	sweep(m, FAULT_COMMAND, false);
}

/* I5, I8: what cannot be switched off keeps what it may have cached, for ever */
TEST_EACH(fail_nth, every_sync_of_an_smmu_that_cannot_be_switched_off)
{
	sweep(m, FAULT_SYNC, true);
}

TEST_EACH(fail_nth, nothing_at_all)
{
	struct walk *walk = make(m, NATIVE_NR_FAULTS, 0);

	ASSERT(!walk_fails(walk, 0));
	/* But for repeats, while a device is reset and of the drain, all calls succeed */
	printf("%lu of %lu host calls succeed\n", walk->nr_good[STEP_HOST],
	       walk->nr_calls[STEP_HOST]);
	ASSERT_EQ(walk->nr_good[STEP_GUEST], walk->nr_calls[STEP_GUEST]);
	ASSERT_EQ(walk->nr_good[STEP_MEMORY], walk->nr_calls[STEP_MEMORY]);
	ASSERT(walk->nr_calls[STEP_HOST] - walk->nr_good[STEP_HOST] <= 14);
}
