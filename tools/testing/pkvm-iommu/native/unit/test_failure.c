// SPDX-License-Identifier: GPL-2.0-only
/*
 * SMMUs that fail (I8): at boot, in the middle of a change, for good.
 */
#include <linux/pkvm-iommu-guest.h>

#include <nvhe/iommu.h>

#include "arm-smmu-v3.h"

#include "test.h"

static unsigned int nr_failed;

static bool every_command(unsigned int fault)
{
	nr_failed += fault == FAULT_COMMAND;

	return fault == FAULT_COMMAND;
}

/* Stream 0 reaches a page of the host at IOVA 0 */
static long boot_and_map(const struct machine *m, u64 seed, u64 *phys)
{
	long domain = boot_and_attach(m, seed);
	u64 done;

	*phys = host_page_get();
	ASSERT_EQ(map(domain, 0, *phys, PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 0, 0, true, *phys);

	return domain;
}

TEST_EACH(failure, of_a_command_turns_the_smmu_off)
{
	u64 phys, done;
	long domain = boot_and_map(m, seed, &phys);

	fault_arm(FAULT_COMMAND, 1);
	/* Off, it uses no TLB: the page may go */
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT(sim_off(sim_smmus[0]));
	expect_blocked(0, 0, 0, true);
	ASSERT(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret & PKVM_IOMMU_POLL_DEAD);
	/* The machine goes on */
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_BLOCKED);
	/* Devices come and go as ever, and abort */
	attach(0, 0, domain);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, domain, 0, 0, 0, 0).ret, -EBUSY);
	expect_blocked(0, 0, 0, true);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_blocked(0, 0, phys, true);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, domain, 0, 0, 0, 0).ret, 0);
}

TEST_EACH(failure, to_synchronise_and_to_stop_keeps_the_page_pinned)
{
	u64 phys, done;
	long domain = boot_and_map(m, seed, &phys);

	sim_smmus[0]->cfg.deaf_cr0 = true;
	fault_arm(FAULT_SYNC, 1);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), -EIO);
	/* The device still reaches it by what is cached, and so it stays */
	ASSERT(sim_dma(sim_smmus[0], 0, 0, true).ok);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EBUSY);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), -EIO);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_BLOCKED, 0, 0).ret, -EIO);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_MAP, domain, 0, phys, PAGE_SIZE, RW).ret, -EEXIST);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_FREE_DOMAIN, domain, 0, 0, 0, 0).ret, -EIO);
}

/* I2: what cannot be confirmed to abort does not change owner */
TEST_EACH(failure, to_attach_and_to_stop_keeps_the_stream_the_hosts)
{
	unsigned int nth, vm, kept = 0;
	u64 phys, done;
	long domain;

	machine_boot(m, seed);
	vm = vm_reserve();
	ASSERT_EQ(host_vm_topup(vm, 4), 0);
	phys = host_page_get();
	domain = new_domain();
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	attach(0, 0, domain);
	attach(0, 0, PKVM_IOMMU_DOMAIN_BLOCKED);
	/* The last of the syncs: the STE may be live, or not */
	nth = 3;
	sim_smmus[0]->cfg.deaf_cr0 = true;
	fault_arm(FAULT_SYNC, nth);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 0, 0, domain, 0, 0).ret, -EIO);
	ASSERT(fault_fired());
	kept = sim_dma(sim_smmus[0], 0, 0, true).ok;
	ASSERT(kept);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_VM_ROUTE, vm, 1, 2, 0, 0).ret, -EIO);
	/* I6: nor is it confirmed to be blocked */
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_BLOCKED, 0, 0).ret, -EIO);
	ASSERT(sim_dma(sim_smmus[0], 0, 0, true).ok);
}

/* I8: what hangs is one SMMU; a VM's streams of the other abort all the same */
TEST(failure, of_one_smmu_leaves_no_stream_of_another_live)
{
	struct machine two = machine_get(machine_count() - 1);
	struct pkvm_hyp_vm *vm;
	int handle;
	long domain;

	machine_boot(&two, seed);
	ASSERT_EQ(two.nr_smmus, 2);
	handle = vm_reserve();
	ASSERT_EQ(host_vm_topup(handle, 8), 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	attach(0, 0, PKVM_IOMMU_DOMAIN_BLOCKED);
	attach(1, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	attach(1, 0, PKVM_IOMMU_DOMAIN_BLOCKED);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_VM_ROUTE, handle, PVIOMMU, 1, 0, 0).ret, 0);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_VM_ROUTE, handle, PVIOMMU, 2, 1, 0).ret, 0);
	ASSERT_EQ(vm_init(handle), 0);
	vm = vm_of(handle);
	ASSERT_EQ(host_donate_guest(hyp_phys_to_pfn(host_page_get()), 0, vm), 0);
	domain = guest_domain(vm);
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 0, PAGE_SIZE, RW).x[1], PAGE_SIZE);
	ASSERT_EQ(guest_op(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, 1, 0, domain, 0).x[0], 0);
	ASSERT_EQ(guest_op(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, 2, 0, domain, 0).x[0], 0);
	ASSERT(sim_dma(sim_smmus[0], 0, 0, true).ok);
	ASSERT(sim_dma(sim_smmus[1], 0, 0, true).ok);
	sim_smmus[0]->cfg.deaf_cr0 = true;
	fault_arm(FAULT_SYNC, 1);
	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(host_drain(handle), -EIO);
	ASSERT(sim_dma(sim_smmus[0], 0, 0, true).ok);
	expect_blocked(1, 0, 0, true);
	ASSERT_EQ(host_drain(handle), -EIO);
}

/* Off is not enough: what is in flight lands before the page may go (I5) */
TEST_EACH(failure, to_complete_what_is_in_flight_keeps_the_page_pinned)
{
	u64 phys, done;
	long domain = boot_and_map(m, seed, &phys);

	sim_smmus[0]->cfg.dead_queue = true;
	fault_arm(FAULT_SYNC, 1);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), -EIO);
	/* Translation is off, and a write that it let pass before lands */
	ASSERT(!(sim_smmus[0]->cr0ack & CR0_SMMUEN));
	ASSERT(sim_dma(sim_smmus[0], 0, 0, true).ok);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EBUSY);
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_BLOCKED, 0, 0).ret, -EIO);
}

/* An error stops the queue, which starts anew to complete what is in flight */
TEST_EACH(failure, of_a_command_is_told_and_leaves_nothing_in_flight)
{
	u64 phys, done;
	long domain = boot_and_map(m, seed, &phys);

	fault_arm(FAULT_COMMAND, 1);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT(!sim_smmus[0]->in_flight);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret,
		  PKVM_IOMMU_POLL_DEAD | PKVM_IOMMU_POLL_GERROR |
		  FIELD_PREP(PKVM_IOMMU_POLL_GERROR_BITS, GERROR_CMDQ_ERR));
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret, PKVM_IOMMU_POLL_DEAD);
}

/* The queue starts anew once: an error of the second try is a hang */
TEST_EACH(failure, of_two_commands_in_a_row_keeps_the_page_pinned)
{
	u64 phys, done;
	long domain = boot_and_map(m, seed, &phys);

	native_hooks.fault = every_command;
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), -EIO);
	ASSERT_EQ(nr_failed, 2);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), -EBUSY);
}

/* Nobody ran the CPU between a look at the SMMU and one at the clock */
TEST_EACH(failure, is_not_that_the_cpu_was_held_up)
{
	long domain = boot_and_attach(m, seed);
	u64 phys = host_page_get(), done;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
		sim_smmus[0]->cfg.held_up = true;
		ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
		ASSERT(!sim_smmus[0]->cfg.held_up);
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret, 0);
	}
}

TEST_EACH(failure, to_acknowledge_the_reset_leaves_the_smmu_out)
{
	struct machine broken = *m;
	long ret;

	broken.smmus[0].deaf_gbpa = seed & 1;
	broken.smmus[0].deaf_irq = !(seed & 1);
	machine_prepare(&broken, seed);
	ret = machine_register(&broken, 0);
	ASSERT_EQ(ret, -EIO);
	ASSERT(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret != 0 ||
	       host_call(PKVM_IOMMU_OP_GET_INFO, 0, 0, 0, 0, 0).ret == -ENOENT);
}

TEST_EACH(failure, to_start_leaves_the_smmu_aborting)
{
	machine_prepare(m, seed);
	ASSERT_EQ(machine_register(m, 0), 0);
	fault_arm(FAULT_SYNC, 1);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret, 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_GET_INFO, 0, 0, 0, 0, 0).ret, -ENOENT);
	expect_blocked(0, 0, NATIVE_MEM_START, false);
}

TEST_EACH(failure, of_the_event_queue_loses_records_and_says_so)
{
	unsigned int i, records = 0, overflows = 0;
	struct call_result r;

	machine_boot(m, seed);
	for (i = 0; i < 5000; i++)
		sim_dma(sim_smmus[0], 0xffff, i << PAGE_SHIFT, false);
	do {
		r = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0);
		if (r.ret & PKVM_IOMMU_POLL_EVENT) {
			ASSERT_EQ(r.out[0] >> 32, 0xffff);
			ASSERT_EQ(r.out[2], (u64)records << PAGE_SHIFT);
			records++;
		}
		overflows += !!(r.ret & PKVM_IOMMU_POLL_OVERFLOW);
	} while (r.ret);
	ASSERT_EQ(overflows, 1);
	ASSERT_EQ(records, sim_smmus[0]->nr_events);
	/* And goes on, past the end of the queue */
	for (i = 0; i < 3 * records; i++) {
		sim_dma(sim_smmus[0], 0xffff, i << PAGE_SHIFT, true);
		r = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0);
		ASSERT_EQ(r.ret, PKVM_IOMMU_POLL_EVENT);
		ASSERT_EQ(r.out[2], (u64)i << PAGE_SHIFT);
	}
}

/* Events until a poll would leave this many free slots */
static void fill_event_queue(struct sim_smmu *smmu, unsigned int free)
{
	unsigned int i, size = 1u << (smmu->evtq_base & Q_BASE_LOG2SIZE);

	while (host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret)
		;
	for (i = 0; i < size - free; i++)
		sim_dma(smmu, 0xffff, i << PAGE_SHIFT, false);
}

TEST_EACH(failure, of_the_event_queue_is_an_overflow_if_it_was_full)
{
	struct sim_smmu *smmu;
	unsigned int i;
	long ret;

	machine_boot(m, seed);
	smmu = sim_smmus[0];
	smmu->cfg.overflow_aborts = true;
	fill_event_queue(smmu, 0);
	sim_dma(smmu, 0xffff, 0, false);
	ret = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret;
	ASSERT_EQ(ret, PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_OVERFLOW);
	/* Once for each time, and not when there is room again */
	for (i = 0; i < 2; i++)
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret,
			  PKVM_IOMMU_POLL_EVENT);

	/* After the errors were looked at, before the record was taken */
	fill_event_queue(smmu, 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret, PKVM_IOMMU_POLL_EVENT);
	sim_gerror(smmu, GERROR_EVTQ_ABT_ERR);
	ret = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret;
	ASSERT_EQ(ret, PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_OVERFLOW);

	/* With room: an error. Others are told of in any case. */
	fill_event_queue(smmu, 2);
	sim_gerror(smmu, GERROR_EVTQ_ABT_ERR);
	ret = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret;
	ASSERT_EQ(ret, PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_GERROR |
		  FIELD_PREP(PKVM_IOMMU_POLL_GERROR_BITS, GERROR_EVTQ_ABT_ERR));
	fill_event_queue(smmu, 0);
	sim_gerror(smmu, GERROR_EVTQ_ABT_ERR | GERROR_PRIQ_ABT_ERR);
	ret = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret;
	ASSERT_EQ(ret, PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_OVERFLOW |
		  PKVM_IOMMU_POLL_GERROR |
		  FIELD_PREP(PKVM_IOMMU_POLL_GERROR_BITS, GERROR_PRIQ_ABT_ERR));
}

TEST_EACH(failure, global_errors_are_acknowledged_and_told)
{
	struct call_result r;

	machine_boot(m, seed);
	sim_gerror(sim_smmus[0], GERROR_EVTQ_ABT_ERR);
	r = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0);
	ASSERT_EQ(r.ret, PKVM_IOMMU_POLL_GERROR |
		  FIELD_PREP(PKVM_IOMMU_POLL_GERROR_BITS, GERROR_EVTQ_ABT_ERR));
	ASSERT(!sim_off(sim_smmus[0]));
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret, 0);
	sim_gerror(sim_smmus[0], GERROR_SFM_ERR);
	r = host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0);
	ASSERT(r.ret & PKVM_IOMMU_POLL_DEAD);
	ASSERT(sim_off(sim_smmus[0]));
}

/* Firmware powered down more than it may: registers are as out of reset */
TEST_EACH(failure, to_keep_its_state_is_noticed_on_resume)
{
	long domain = boot_and_attach(m, seed);
	u64 phys = host_page_get(), done;

	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	pkvm_iommu_resume();
	expect_dma(0, 0, 0, true, phys);
	sim_power_cycle(sim_smmus[0]);
	pkvm_iommu_resume();
	ASSERT(sim_off(sim_smmus[0]));
	expect_blocked(0, 0, 0, true);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
	ASSERT(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret & PKVM_IOMMU_POLL_DEAD);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	/* Once more: it was given up, and is to abort still */
	sim_power_cycle(sim_smmus[0]);
	pkvm_iommu_resume();
	expect_blocked(0, 0, NATIVE_MEM_START, true);
	/* One that cannot be made to abort any more holds what it may reach */
	sim_power_cycle(sim_smmus[0]);
	sim_smmus[0]->cfg.deaf_gbpa = true;
	pkvm_iommu_resume();
	ASSERT_EQ(host_do(PKVM_IOMMU_OP_ATTACH, 0, 0, PKVM_IOMMU_DOMAIN_BLOCKED, 0, 0).ret, -EIO);
}
