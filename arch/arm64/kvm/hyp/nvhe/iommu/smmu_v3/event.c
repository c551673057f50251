// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event queue (sections 3.5.4 and 7) and global errors (section 7.5).
 */
#include <asm/kvm_hypevents.h>
#include <asm/kvm_mmu.h>
#include <asm/pkvm-iommu-host.h>

#include <linux/io.h>
#include <linux/pkvm-iommu-guest.h>

#include "smmu.h"

/* EVTQ_PROD and EVTQ_CONS are in the second page of registers */
#define EVTQ_PROD(smmu)		((smmu)->base + SZ_64K + ARM_SMMU_EVTQ_PROD)
#define EVTQ_CONS(smmu)		((smmu)->base + SZ_64K + ARM_SMMU_EVTQ_CONS)

/*
 * An SMMU can report a record that finds the queue full as an aborted write. EL2 has
 * taken at most one record since it last looked at the errors. So a queue that has more
 * than one free slot now was not full meanwhile.
 */
static bool evtq_was_full(struct hyp_smmu *smmu)
{
	u32 size = BIT(smmu->evtq_log2);
	u32 queued = readl_relaxed(EVTQ_PROD(smmu)) - readl_relaxed(EVTQ_CONS(smmu));

	return (queued & (2 * size - 1)) >= size - 1;
}

/* Acknowledge new errors; turn the SMMU off if it cannot go on after them (I8) */
static u32 poll_gerror(struct hyp_smmu *smmu)
{
	u32 errors, ret = 0;

	if (!smmu_gerror(smmu) && !READ_ONCE(smmu->gerror))
		return 0;

	hyp_spin_lock(&smmu->cmdq_lock);
	if (smmu_gerror(smmu) & (GERROR_CMDQ_ERR | GERROR_SFM_ERR))
		smmu_fail(smmu);
	smmu_ack_gerror(smmu);
	errors = smmu->gerror;
	smmu->gerror = 0;
	hyp_spin_unlock(&smmu->cmdq_lock);

	if (errors & GERROR_EVTQ_ABT_ERR && evtq_was_full(smmu)) {
		errors ^= GERROR_EVTQ_ABT_ERR;
		ret = PKVM_IOMMU_POLL_OVERFLOW;
	}
	if (errors)
		ret |= PKVM_IOMMU_POLL_GERROR | FIELD_PREP(PKVM_IOMMU_POLL_GERROR_BITS, errors);

	return ret;
}

/* In records of other types the address can be that of one of EL2's tables */
static bool has_iova(u32 type)
{
	return type >= EVT_ID_TRANSLATION_FAULT && type <= EVT_ID_PERMISSION_FAULT;
}

static void decode(struct hw_event *event)
{
	const u64 *record = event->record;

	BUILD_BUG_ON(EVTQ_ENT_DWORDS != HW_EVENT_WORDS);
	event->sid = FIELD_GET(EVTQ_0_SID, record[0]);
	event->reason = FIELD_GET(EVTQ_0_ID, record[0]);
	event->iova = 0;
	if (has_iova(event->reason)) {
		event->iova = FIELD_GET(EVTQ_2_ADDR, record[2]);
		event->reason |= PVIOMMU_EVENT_IOVA |
				 (record[1] & EVTQ_1_PnU ? PVIOMMU_EVENT_PRIV : 0) |
				 (record[1] & EVTQ_1_InD ? PVIOMMU_EVENT_INSTR : 0) |
				 (record[1] & EVTQ_1_RnW ? PVIOMMU_EVENT_READ : 0);
	}
}

static u32 poll_event(struct hyp_smmu *smmu, struct hw_event *event)
{
	u32 size = BIT(smmu->evtq_log2), mask = 2 * size - 1, ret = 0;
	u32 prod = readl_relaxed(EVTQ_PROD(smmu));
	u32 cons = readl_relaxed(EVTQ_CONS(smmu));
	unsigned int i;
	__le64 *slot;

	if (Q_OVF(prod) != Q_OVF(cons))
		ret |= PKVM_IOMMU_POLL_OVERFLOW;

	if ((prod ^ cons) & mask) {
		slot = &smmu->evtq[(cons & (size - 1)) * EVTQ_ENT_DWORDS];
		/* Read the record after EVTQ_PROD, which announced it */
		dma_rmb();
		if (!smmu->feat.coherent)
			kvm_flush_dcache_to_poc(slot, BIT(EVTQ_ENT_SZ_SHIFT));
		for (i = 0; i < EVTQ_ENT_DWORDS; i++)
			event->record[i] = le64_to_cpu(READ_ONCE(slot[i]));
		decode(event);
		cons++;
		event->nr = smmu->evtq_taken++;
		ret |= PKVM_IOMMU_POLL_EVENT;
		trace_iommu_fault(smmu->iommu.mmio.base, event->sid,
				  FIELD_GET(EVTQ_0_ID, event->record[0]));
	}

	if (ret) {
		/* Read the record before EVTQ_CONS gives its slot back */
		mb();
		writel_relaxed((cons & mask) | Q_OVF(prod), EVTQ_CONS(smmu));
	}

	return ret;
}

u32 hw_poll(struct hyp_iommu *iommu, struct hw_event *event)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	u32 ret;

	hyp_spin_lock(&smmu->evtq_lock);
	ret = poll_gerror(smmu) | poll_event(smmu, event);
	if (READ_ONCE(smmu->iommu.state) != IOMMU_LIVE)
		ret |= PKVM_IOMMU_POLL_DEAD;
	hyp_spin_unlock(&smmu->evtq_lock);

	return ret;
}

u64 hw_next_event(struct hyp_iommu *iommu)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	u32 queued;
	u64 nr;

	hyp_spin_lock(&smmu->evtq_lock);
	queued = readl_relaxed(EVTQ_PROD(smmu)) - readl_relaxed(EVTQ_CONS(smmu));
	nr = smmu->evtq_taken + (queued & (2 * BIT(smmu->evtq_log2) - 1));
	hyp_spin_unlock(&smmu->evtq_lock);

	return nr;
}
