// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers (section 6.3). What the specification calls CONSTRAINED UNPREDICTABLE
 * is a failure of the test.
 */
#include <stdlib.h>

#include <linux/io.h>

#include "arm-smmu-v3.h"

#include "../hyp/edu.h"

#include "sim.h"

#define PAGE1		SZ_64K
#define GERROR_KNOWN	0x1fd

struct sim_smmu *sim_smmus[SIM_MAX_SMMUS];
unsigned int sim_nr_smmus;

struct sim_smmu *sim_create(const struct sim_config *cfg, u64 seed)
{
	struct sim_smmu *smmu = calloc(1, sizeof(*smmu));

	smmu->cfg = *cfg;
	rng_seed(&smmu->rng, seed);
	/* Out of reset it lets everything pass, and its caches are not clean */
	smmu->seq = 1;
	sim_ecmdq_init(smmu);
	sim_smmus[sim_nr_smmus++] = smmu;

	return smmu;
}

void sim_power_cycle(struct sim_smmu *smmu)
{
	struct sim_smmu *new = calloc(1, sizeof(*new));

	new->cfg = smmu->cfg;
	new->va = smmu->va;
	new->ecmdq_va = smmu->ecmdq_va;
	new->rng = smmu->rng;
	new->seq = smmu->seq;
	*smmu = *new;
	free(new);
}

static bool is_at(const volatile void *addr, const void *va, u64 size, u64 *offset)
{
	*offset = (u64)addr - (u64)va;

	return va && *offset < size;
}

/* Whose register it is; @ecmdq: of a control page */
static struct sim_smmu *find(const volatile void *addr, u64 *offset, bool *ecmdq)
{
	unsigned int i;

	for (i = 0; i < sim_nr_smmus; i++) {
		*ecmdq = is_at(addr, sim_smmus[i]->ecmdq_va, SIM_ECMDQ_PAGES * SZ_64K, offset);
		if (*ecmdq || is_at(addr, sim_smmus[i]->va, SIM_MMIO_SIZE, offset))
			return sim_smmus[i];
	}

	return NULL;
}

/* What was read is old by the time that the CPU goes on */
static u32 hold_up(struct sim_smmu *smmu)
{
	u32 cons = smmu->cmdq_cons;

	if (cons == smmu->cmdq_prod)
		return cons;
	if (!smmu->waits++)
		return cons;
	sim_cmdq_run(smmu, ~0);
	native_sleep(2 * NATIVE_COUNTER_FREQUENCY);
	smmu->waits = 0;
	smmu->cfg.held_up = false;

	return cons;
}

#define IDR6		0x190
#define ECMDQ_PAGES	0x4000	/* BASE, CFG, STATUS of each */

static u64 read_register(struct sim_smmu *smmu, u64 offset)
{
	switch (offset) {
	case ARM_SMMU_IDR0 ... ARM_SMMU_IDR5:
		return smmu->cfg.idr[(offset - ARM_SMMU_IDR0) / 4];
	case IDR6:
		return smmu->cfg.ecmdq_base ? sim_ecmdq_idr6(smmu) : 0;
	case ECMDQ_PAGES ... ECMDQ_PAGES + 32 * SIM_ECMDQ_PAGES - 1:
		if (!smmu->cfg.ecmdq_base)
			native_fail("looks at a command queue that does not exist");
		return sim_ecmdq_page(smmu, offset - ECMDQ_PAGES);
	case ARM_SMMU_CR0ACK:
		return smmu->cr0ack;
	case ARM_SMMU_GBPA:
		return smmu->gbpa;
	case ARM_SMMU_IRQ_CTRLACK:
		return smmu->irq_ctrlack;
	case ARM_SMMU_GERROR:
		return smmu->gerror;
	case ARM_SMMU_GERRORN:
		return smmu->gerrorn;
	case ARM_SMMU_CMDQ_CONS:
		if (smmu->cfg.held_up)
			return hold_up(smmu);
		/* It may have got on since the last look, or not */
		if (!smmu->cfg.lazy || !rng_one_in(&smmu->rng, smmu->cfg.lazy))
			sim_cmdq_run(smmu, 1 + rng_below(&smmu->rng, 8));
		return smmu->cmdq_cons;
	case PAGE1 + ARM_SMMU_EVTQ_PROD:
		return smmu->evtq_prod;
	case PAGE1 + ARM_SMMU_EVTQ_CONS:
		return smmu->evtq_cons;
	}
	native_fail("reads register 0x%lx", offset);
}

static void must_be_off(struct sim_smmu *smmu, u32 enable, u64 offset)
{
	if (smmu->cr0ack & enable)
		native_fail("writes register 0x%lx while it is in use", offset);
}

static void write_gbpa(struct sim_smmu *smmu, u32 val)
{
	if (smmu->gbpa & GBPA_UPDATE)
		native_fail("writes GBPA during an update");
	if (!(val & GBPA_UPDATE))
		return;
	smmu->gbpa = smmu->cfg.deaf_gbpa ? smmu->gbpa | GBPA_UPDATE : val & ~GBPA_UPDATE;
}

static void write_cmdq_prod(struct sim_smmu *smmu, u32 val)
{
	u32 size = 1u << (smmu->cmdq_base & Q_BASE_LOG2SIZE);

	if (smmu->cr0ack & CR0_CMDQEN) {
		if (!native_doorbell_clean())
			native_fail("commands are announced before they are written");
		if (((val - smmu->cmdq_cons) & (2 * size - 1)) > size)
			native_fail("the command queue is overrun: PROD 0x%x, CONS 0x%x", val,
				    smmu->cmdq_cons);
	}
	smmu->cmdq_prod = val & (2 * size - 1);
}

/* What is taken off the queue, before the slot may be used again */
static void write_evtq_cons(struct sim_smmu *smmu, u32 val)
{
	u32 size = 1u << (smmu->evtq_base & Q_BASE_LOG2SIZE);

	if ((val ^ smmu->evtq_cons) & (2 * size - 1))
		smmu->taken = smmu->events[smmu->evtq_cons & (size - 1)];
	smmu->evtq_cons = val;
}

static void write_cr0(struct sim_smmu *smmu, u32 val)
{
	u32 off = smmu->cr0ack & ~val;

	smmu->cr[0] = val;
	if (smmu->cfg.deaf_cr0)
		return;
	smmu->in_flight |= off & CR0_SMMUEN;
	if (off & CR0_CMDQEN) {
		smmu->nr_pending = 0;
		smmu->flushing = false;
		smmu->stuck &= smmu->cfg.dead_queue;
	}
	smmu->cr0ack = val;
	if (val & CR0_SMMUEN)
		sim_erratum_enabled(smmu);
}

static void write_register(struct sim_smmu *smmu, u64 offset, u64 val)
{
	switch (offset) {
	case ARM_SMMU_CR0:
		write_cr0(smmu, val);
		return;
	case ARM_SMMU_CR1:
		must_be_off(smmu, CR0_SMMUEN | CR0_CMDQEN | CR0_EVTQEN, offset);
		smmu->cr[1] = val;
		return;
	case ARM_SMMU_CR2:
		must_be_off(smmu, CR0_SMMUEN, offset);
		smmu->cr[2] = val;
		return;
	case ARM_SMMU_GBPA:
		write_gbpa(smmu, val);
		return;
	case ARM_SMMU_IRQ_CTRL:
		smmu->irq_ctrl = val;
		if (!smmu->cfg.deaf_irq)
			smmu->irq_ctrlack = val;
		return;
	case ARM_SMMU_GERRORN:
		smmu->gerrorn = val;
		return;
	case ARM_SMMU_GERROR_IRQ_CFG0:
	case ARM_SMMU_EVTQ_IRQ_CFG0:
		if (!(smmu->cfg.idr[0] & IDR0_MSI))
			native_fail("sets up a message on an SMMU without any");
		return;
	case ARM_SMMU_STRTAB_BASE:
		must_be_off(smmu, CR0_SMMUEN, offset);
		smmu->strtab_base = val;
		return;
	case ARM_SMMU_STRTAB_BASE_CFG:
		must_be_off(smmu, CR0_SMMUEN, offset);
		smmu->strtab_base_cfg = val;
		return;
	case ARM_SMMU_CMDQ_BASE:
		must_be_off(smmu, CR0_CMDQEN, offset);
		smmu->cmdq_base = val;
		return;
	case ARM_SMMU_CMDQ_PROD:
		write_cmdq_prod(smmu, val);
		return;
	case ARM_SMMU_CMDQ_CONS:
		must_be_off(smmu, CR0_CMDQEN, offset);
		smmu->cmdq_cons = val;
		return;
	case ARM_SMMU_EVTQ_BASE:
		must_be_off(smmu, CR0_EVTQEN, offset);
		smmu->evtq_base = val;
		return;
	case PAGE1 + ARM_SMMU_EVTQ_PROD:
		must_be_off(smmu, CR0_EVTQEN, offset);
		smmu->evtq_prod = val;
		return;
	case PAGE1 + ARM_SMMU_EVTQ_CONS:
		write_evtq_cons(smmu, val);
		return;
	}
	native_fail("writes 0x%lx to register 0x%lx", val, offset);
}

u64 sim_mmio_read(const volatile void __iomem *addr, unsigned int size)
{
	struct sim_smmu *smmu;
	u64 offset, val;
	bool ecmdq;

	native_point();
	sim_lock();
	smmu = find(addr, &offset, &ecmdq);
	if (!smmu)
		val = edu_read(addr);
	else if (ecmdq)
		val = sim_ecmdq_read(smmu, offset);
	else
		val = read_register(smmu, offset);
	sim_unlock();

	return val;
}

void sim_mmio_write(volatile void __iomem *addr, u64 val, unsigned int size)
{
	struct sim_smmu *smmu;
	bool ecmdq;
	u64 offset;

	native_point();
	sim_lock();
	smmu = find(addr, &offset, &ecmdq);
	if (!smmu)
		edu_write(addr, val);
	else if (ecmdq)
		sim_ecmdq_write(smmu, offset, val);
	else
		write_register(smmu, offset, val);
	sim_unlock();
	native_point();
}
