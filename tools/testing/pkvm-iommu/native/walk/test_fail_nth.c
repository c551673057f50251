// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation, each donation, each command and each CMD_SYNC fails once, in
 * turn, in a life that has one of everything. Whatever fails, each call is checked
 * against the specification, and what is left can be taken down.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/iommu.h>
#include <linux/pkvm-iommu-guest.h>

#include "../unit/test.h"
#include "walk.h"

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

/* Not shared: each child goes on from where it is */
static struct walk *make(const struct machine *m, enum native_fault fault)
{
	static struct walk walk;
	unsigned int i;

	walk.machine = *m;
	walk.seed = 1;
	walk.dma_rate = 8;
	walk.fault = fault;
	walk.nr_steps = ARRAY_SIZE(life);
	memcpy(walk.step, life, sizeof(life));
	for (i = 0; i < walk.nr_steps; i++) {
		walk.step[i].fault = NATIVE_NR_FAULTS;
		walk.step[i].seed = i;
	}

	return &walk;
}

static struct {
	struct walk	*walk;
	unsigned int	nth;
	bool		failed;
} sweep_state;

/* A child sees the fault and the rest of the life, the parent the life without it */
static bool fail_in_child(unsigned int fault)
{
	struct walk *walk = sweep_state.walk;
	int status;
	pid_t pid;

	if (fault != walk->fault || sweep_state.failed)
		return false;
	sweep_state.nth++;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		sweep_state.failed = true;
		walk_limit();
		return true;
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("%s %u in step %u\n", fault_name(fault), sweep_state.nth, walk->at);
		walk_print(walk);
		exit(1);
	}

	return false;
}

static void sweep(const struct machine *m, enum native_fault fault, bool deaf)
{
	struct walk *walk = make(m, fault);

	walk->deaf = deaf;
	sweep_state.walk = walk;
	/* Booting has tests of its own */
	walk_start(walk);
	native_hooks.fault = fail_in_child;
	for (walk->at = 0; walk->at < walk->nr_steps; walk->at++)
		walk_step(walk, &walk->step[walk->at]);
	if (sweep_state.failed)
		exit(0);
	native_hooks.fault = NULL;
	printf("%u of each %s failed in turn\n", sweep_state.nth, fault_name(fault));
	ASSERT(sweep_state.nth > 8);
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
	struct walk *walk = make(m, NATIVE_NR_FAULTS);

	walk_repeat(walk);
	/* But for repeats, while a device is reset and of the drain, all calls succeed */
	printf("%lu of %lu host calls succeed\n", walk->nr_good[STEP_HOST],
	       walk->nr_calls[STEP_HOST]);
	ASSERT_EQ(walk->nr_good[STEP_GUEST], walk->nr_calls[STEP_GUEST]);
	ASSERT_EQ(walk->nr_good[STEP_MEMORY], walk->nr_calls[STEP_MEMORY]);
	ASSERT(walk->nr_calls[STEP_HOST] - walk->nr_good[STEP_HOST] <= 14);
}
