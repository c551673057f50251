// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of devices: who learns of them, and who must not.
 */
#include <linux/pkvm-iommu-guest.h>

#include "test.h"

#define SID		0
#define IOVA		(40 * PAGE_SIZE)
#define HANDLE(vm)	((vm)->kvm.arch.pkvm.handle)

/* A VM whose stream is attached to a domain that maps nothing at IOVA */
static struct pkvm_hyp_vm *vm_with_device(u32 sid)
{
	struct pkvm_hyp_vm *vm = new_vm(sid, 1);
	long domain = guest_domain(vm);

	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);

	return vm;
}

static void fault(u32 sid, u64 iova, bool write)
{
	u64 before = sim_smmus[0]->nr_events;

	expect_blocked(0, sid, iova, write);
	ASSERT(sim_smmus[0]->nr_events > before);
}

/* What the host is told of every record in the queue; the last one */
static struct call_result poll_all(unsigned int *nr, long what)
{
	struct call_result r, last = {};

	*nr = 0;
	for (;;) {
		r = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0);
		if (!(r.ret & (PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_VM_EVENT)))
			return last;
		ASSERT_EQ(r.ret, what);
		last = r;
		++*nr;
	}
}

static u64 get_event(struct pkvm_hyp_vm *vm, u64 *name, u64 *iova)
{
	struct guest_result r = guest_op(vm, PVIOMMU_OP_GET_EVENT, 0, 0, 0, 0, 0);

	ASSERT(r.handled && !r.replay);
	ASSERT_EQ(r.x[0], SMCCC_RET_SUCCESS);
	*name = r.x[1];
	*iova = r.x[2];

	return r.x[3];
}

static void expect_no_event(struct pkvm_hyp_vm *vm, u64 lost)
{
	u64 name, iova;

	ASSERT_EQ(get_event(vm, &name, &iova), FIELD_PREP(PVIOMMU_EVENT_LOST, lost));
	ASSERT_EQ(name, 0);
	ASSERT_EQ(iova, 0);
}

TEST_EACH(event, of_a_vm_reaches_the_vm_and_not_the_host)
{
	unsigned int i, nr, write;
	struct pkvm_hyp_vm *vm;
	struct call_result r;
	u64 name, iova, x3;

	machine_boot(m, seed);
	vm = vm_with_device(SID);
	for (write = 0; write < 2; write++) {
		u64 read = write ? 0 : PVIOMMU_EVENT_READ;

		fault(SID, IOVA, write);
		r = poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
		ASSERT(nr);
		ASSERT_EQ(r.out[0], HANDLE(vm));
		ASSERT_EQ(r.out[1], PVIOMMU | (u64)VSID << 32);
		ASSERT_EQ(r.out[2], SIM_F_TRANSLATION | PVIOMMU_EVENT_IOVA | read);
		ASSERT_EQ(r.out[3], SID);
		for (i = 0; i < nr; i++) {
			x3 = get_event(vm, &name, &iova);
			ASSERT_EQ(name, PVIOMMU | (u64)VSID << 32);
			ASSERT_EQ(iova, IOVA);
			ASSERT_EQ(x3, SIM_F_TRANSLATION | PVIOMMU_EVENT_IOVA | read |
				  PVIOMMU_EVENT_VALID);
		}
		expect_no_event(vm, 0);
	}
	end_vm(vm);
}

TEST_EACH(event, arguments_of_the_call_must_be_zero)
{
	struct pkvm_hyp_vm *vm;
	unsigned int i, nr;
	u64 name, iova;

	machine_boot(m, seed);
	vm = vm_with_device(SID);
	fault(SID, IOVA, true);
	poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
	for (i = 0; i < 5; i++) {
		struct guest_result r;

		r = guest_op(vm, PVIOMMU_OP_GET_EVENT, i == 0, i == 1, i == 2, i == 3, i == 4);
		ASSERT_EQ((int)r.x[0], SMCCC_RET_INVALID_PARAMETER);
	}
	/* Refused, it took none */
	for (i = 0; i < nr; i++)
		ASSERT(get_event(vm, &name, &iova) & PVIOMMU_EVENT_VALID);
	expect_no_event(vm, 0);
	end_vm(vm);
}

TEST_EACH(event, that_nobody_asks_for_is_counted)
{
	struct pkvm_hyp_vm *vm, *other;
	unsigned int i, nr, total = 0;
	u64 name, iova, x3;

	machine_boot(m, seed);
	vm = vm_with_device(0);
	other = vm_with_device(1);
	for (i = 0; i < 50; i++) {
		fault(0, IOVA + i * PAGE_SIZE, true);
		poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
		total += nr;
	}
	/* One that floods takes nothing from another (I9) */
	fault(1, IOVA, true);
	poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
	ASSERT_EQ(get_event(other, &name, &iova) >> 32, 0);
	ASSERT_EQ(iova, IOVA);
	/* The oldest stay, and the first answer has the count */
	x3 = get_event(vm, &name, &iova);
	ASSERT_EQ(FIELD_GET(PVIOMMU_EVENT_LOST, x3), total - 16);
	ASSERT_EQ(iova, IOVA);
	for (i = 1; i < 16; i++)
		ASSERT_EQ(get_event(vm, &name, &iova) >> 32, 0);
	expect_no_event(vm, 0);
	end_vm(other);
	end_vm(vm);
}

/* The queue is read late: the stream has another owner by then */
TEST_EACH(event, of_a_former_owner_goes_to_nobody)
{
	struct pkvm_hyp_vm *vm, *next;
	struct call_result r;
	unsigned int nr;

	machine_boot(m, seed);
	vm = vm_with_device(SID);
	fault(SID, IOVA, true);
	end_vm(vm);
	/* Not to the host, which has the stream now */
	r = poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
	ASSERT(nr);
	ASSERT(!r.out[0] && !r.out[1] && !r.out[2]);
	ASSERT_EQ(r.out[3], SID);

	/* Not to the next VM, though it has the same handle and names */
	vm = vm_with_device(SID);
	fault(SID, IOVA, true);
	end_vm(vm);
	next = vm_with_device(SID);
	ASSERT_EQ(HANDLE(next), NATIVE_HANDLE_OFFSET);
	r = poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
	ASSERT(nr);
	ASSERT(!r.out[0] && !r.out[1] && !r.out[2]);
	expect_no_event(next, 0);
	/* Its own it gets */
	fault(SID, IOVA, true);
	r = poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
	ASSERT_EQ(r.out[0], HANDLE(next));
	end_vm(next);
}

/* What the VM had not asked for is gone with it */
TEST_EACH(event, does_not_outlive_its_vm)
{
	struct pkvm_hyp_vm *vm;
	unsigned int nr;

	machine_boot(m, seed);
	vm = vm_with_device(SID);
	fault(SID, IOVA, true);
	poll_all(&nr, PKVM_IOMMU_POLL_VM_EVENT);
	end_vm(vm);
	vm = vm_with_device(SID);
	expect_no_event(vm, 0);
	end_vm(vm);
}

TEST_EACH(event, of_the_host_is_the_hosts_as_ever)
{
	struct pkvm_hyp_vm *vm;
	struct call_result r;
	unsigned int nr;
	long domain;

	machine_boot(m, seed);
	vm = vm_with_device(0);
	domain = new_domain();
	attach(0, 1, domain);
	fault(1, IOVA, false);
	r = poll_all(&nr, PKVM_IOMMU_POLL_EVENT);
	ASSERT_EQ(r.out[0], SIM_F_TRANSLATION | 1ULL << 32);
	ASSERT_EQ(r.out[2], IOVA);
	/* Also after it was a VM's */
	end_vm(vm);
	attach(0, 0, domain);
	fault(0, IOVA, false);
	r = poll_all(&nr, PKVM_IOMMU_POLL_EVENT);
	ASSERT_EQ(r.out[2], IOVA);
}

/* A guest is told that its device is out of order (I8) */
TEST_EACH(event, an_smmu_that_failed_attaches_nothing_of_a_guest)
{
	struct pkvm_hyp_vm *vm;
	long domain;

	machine_boot(m, seed);
	vm = new_vm(SID, 1);
	domain = guest_domain(vm);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	sim_gerror(sim_smmus[0], BIT(8));
	ASSERT(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret & PKVM_IOMMU_POLL_DEAD);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_DETACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0], 0);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, VSID, 0, domain, 0).x[0],
		  SMCCC_RET_INVALID_PARAMETER);
	end_vm(vm);
}
