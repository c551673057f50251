// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event queue (chapter 7): a full queue loses records and says so.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

u64 (*sim_event_owner)(struct sim_smmu *smmu, u32 sid);
bool sim_no_events;

void sim_event(struct sim_smmu *smmu, enum sim_fault fault, u32 sid, u64 iova, bool write)
{
	u32 size = 1u << (smmu->evtq_base & Q_BASE_LOG2SIZE), mask = 2 * size - 1;
	u32 prod = smmu->evtq_prod, cons = smmu->evtq_cons;
	struct sim_event *event;
	unsigned int i;
	u64 phys;

	if (sim_no_events || fault == SIM_ABORT || !(smmu->cr0ack & CR0_EVTQEN))
		return;
	if (((prod - cons) & mask) == size) {
		/* Overflow: the flag differs from the one acknowledged. QEMU has no flag. */
		if (smmu->cfg.overflow_aborts)
			sim_gerror(smmu, GERROR_EVTQ_ABT_ERR);
		else if (Q_OVF(prod) == Q_OVF(cons))
			smmu->evtq_prod ^= 1u << 31;
		return;
	}

	phys = (smmu->evtq_base & Q_BASE_ADDR_MASK) + (prod & (size - 1)) * 32;
	event = &smmu->events[prod & (size - 1)];
	*event = (struct sim_event) {
		.record	= { fault | (u64)sid << 32, write ? 0 : EVTQ_1_RnW, iova },
		.owner	= sim_event_owner ? sim_event_owner(smmu, sid) : 0,
	};
	for (i = 0; i < ARRAY_SIZE(event->record); i++)
		sim_write64(smmu, phys + 8 * i, event->record[i]);
	smmu->evtq_prod = (prod & ~mask) | ((prod + 1) & mask);
	smmu->nr_events++;
}
