// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enhanced command queues (sections 3.5.6, 6.2.5 and 6.3.49): some that whoever was there
 * before has left on. They execute nothing here: what counts is that they go off.
 */
#include <linux/bitfield.h>

#include "arm-smmu-v3.h"

#include "sim.h"

#define PAGE_SPAN	32	/* BASE, CFG and STATUS of a control page */
#define QUEUE_SPAN	(SZ_64K / SIM_ECMDQ_QUEUES)
#define PROD		0x8
#define CONS		0xc
#define EN		BIT(31)
/* CMDQGS: 64K, PRESET: registers */
#define BASE_FIXED	3

u32 sim_ecmdq_idr6(const struct sim_smmu *smmu)
{
	return smmu->cfg.ecmdq_idr6 ?: ilog2(SIM_ECMDQ_PAGES) << 24 | ilog2(SIM_ECMDQ_QUEUES) << 16;
}

/* Of page 0: where the control pages are. The rest says that they are on, for good. */
u64 sim_ecmdq_page(const struct sim_smmu *smmu, u64 offset)
{
	u64 n = offset / PAGE_SPAN, gap = n ? smmu->cfg.ecmdq_gap : 0;

	return offset % PAGE_SPAN ? 1 :
	       (smmu->cfg.ecmdq_base - smmu->cfg.base + n * SZ_64K + gap) | BASE_FIXED;
}

void sim_ecmdq_map(struct sim_smmu *smmu, u64 phys, u64 size, void *va)
{
	if (!smmu->cfg.ecmdq_base || phys != smmu->cfg.ecmdq_base)
		return;
	if (size != SIM_ECMDQ_PAGES * SZ_64K)
		native_fail("maps 0x%lx bytes of control pages", size);
	smmu->ecmdq_va = va;
}

static struct sim_ecmdq *queue_of(struct sim_smmu *smmu, u64 offset)
{
	return &smmu->ecmdq[offset / SZ_64K][offset % SZ_64K / QUEUE_SPAN];
}

u64 sim_ecmdq_read(struct sim_smmu *smmu, u64 offset)
{
	struct sim_ecmdq *queue = queue_of(smmu, offset);
	u32 cons = queue->cons;

	switch (offset % QUEUE_SPAN) {
	case PROD:
		return queue->prod;
	case CONS:
		/* Acknowledged by the time of the next look */
		if (!smmu->cfg.deaf_ecmdq)
			queue->cons = (cons & ~EN) | (queue->prod & EN);
		return cons;
	}
	native_fail("reads 0x%lx of a control page", offset);
}

void sim_ecmdq_write(struct sim_smmu *smmu, u64 offset, u32 val)
{
	struct sim_ecmdq *queue = queue_of(smmu, offset);

	if (offset % QUEUE_SPAN != PROD)
		native_fail("writes 0x%x to 0x%lx of a control page", val, offset);
	if ((queue->prod ^ queue->cons) & EN)
		native_fail("writes PROD of a queue that is about to go on or off");
	queue->prod = val;
}

/* Left on, but for one that was going off */
void sim_ecmdq_init(struct sim_smmu *smmu)
{
	struct sim_ecmdq *queue = smmu->ecmdq[0];
	unsigned int i;

	for (i = 0; i < SIM_ECMDQ_PAGES * SIM_ECMDQ_QUEUES; i++, queue++) {
		queue->prod = EN | i;
		queue->cons = EN | i;
	}
	smmu->ecmdq[0][1].prod = 1;
}

bool sim_ecmdqs_off(const struct sim_smmu *smmu)
{
	const struct sim_ecmdq *queue = smmu->ecmdq[0];
	unsigned int i;

	for (i = 0; i < SIM_ECMDQ_PAGES * SIM_ECMDQ_QUEUES; i++, queue++) {
		if ((queue->prod | queue->cons) & EN)
			return false;
	}

	return true;
}
