// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring an SMMU to a known state (section 6.3 and chapter 8): first off and aborting,
 * then with EL2's tables and queues.
 */
#include <nvhe/memory.h>

#include <linux/io.h>

#include "smmu.h"

int smmu_wait(void __iomem *base, u32 reg, u32 mask, u32 val)
{
	u64 deadline = hyp_deadline();
	bool late;

	do {
		/* Look once more after the deadline, in case this CPU was delayed */
		late = hyp_expired(deadline);
		if ((readl_relaxed(base + reg) & mask) == val)
			return 0;
		cpu_relax();
	} while (!late);

	return -EIO;
}

/* Write a control register and wait for its acknowledgment */
int smmu_write_sync(void __iomem *base, u32 val, u32 reg, u32 ack)
{
	writel_relaxed(val, base + reg);

	return smmu_wait(base, ack, ~0, val);
}

/*
 * Turn an SMMU off, so that new transactions abort (I6). Tries both steps even if one
 * fails. Transactions that the SMMU translated before can still be in flight. smmu_fail()
 * completes them, and smmu_enable() does so before it turns translation on.
 */
int smmu_disable(void __iomem *base)
{
	int ret = smmu_wait(base, ARM_SMMU_GBPA, GBPA_UPDATE, 0);

	writel_relaxed(GBPA_UPDATE | GBPA_ABORT, base + ARM_SMMU_GBPA);
	ret = smmu_wait(base, ARM_SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT, GBPA_ABORT) ?: ret;

	return smmu_write_sync(base, 0, ARM_SMMU_CR0, ARM_SMMU_CR0ACK) ?: ret;
}

static void write_attributes(struct hyp_smmu *smmu)
{
	u32 sh = ARM_SMMU_SH_ISH, cache = CR1_CACHE_WB;

	writel_relaxed(FIELD_PREP(CR1_TABLE_SH, sh) |
		       FIELD_PREP(CR1_TABLE_OC, cache) |
		       FIELD_PREP(CR1_TABLE_IC, cache) |
		       FIELD_PREP(CR1_QUEUE_SH, sh) |
		       FIELD_PREP(CR1_QUEUE_OC, cache) |
		       FIELD_PREP(CR1_QUEUE_IC, cache), smmu->base + ARM_SMMU_CR1);
	/*
	 * The SMMU does not take part in TLB maintenance by CPUs (PTM), which some SMMUs
	 * cannot do anyway (MMU-700, MMU-L1 and MMU-S3, errata 3878312 and others). It
	 * records events of unknown StreamIDs.
	 */
	writel_relaxed(CR2_PTM | CR2_RECINVSID, smmu->base + ARM_SMMU_CR2);
}

static void write_strtab(struct hyp_smmu *smmu)
{
	u32 fmt = smmu->iommu.chunk_bits ? STRTAB_BASE_CFG_FMT_2LVL : STRTAB_BASE_CFG_FMT_LINEAR;

	writel_relaxed(FIELD_PREP(STRTAB_BASE_CFG_FMT, fmt) |
		       FIELD_PREP(STRTAB_BASE_CFG_SPLIT, smmu->iommu.chunk_bits) |
		       FIELD_PREP(STRTAB_BASE_CFG_LOG2SIZE, smmu->iommu.sid_bits),
		       smmu->base + ARM_SMMU_STRTAB_BASE_CFG);
	writeq_relaxed((hyp_virt_to_phys(smmu->strtab) & STRTAB_BASE_ADDR_MASK) |
		       STRTAB_BASE_RA, smmu->base + ARM_SMMU_STRTAB_BASE);
}

/**
 * smmu_reset_cmdq() - empty the command queue, and set how the SMMU accesses memory
 * @smmu: SMMU, off, with all queues off
 *
 * Context: hyp_smmu::cmdq_lock held, or boot.
 */
void smmu_reset_cmdq(struct hyp_smmu *smmu)
{
	write_attributes(smmu);
	writeq_relaxed(Q_BASE_RWA | (hyp_virt_to_phys(smmu->cmdq) & Q_BASE_ADDR_MASK) |
		       smmu->cmdq_log2, smmu->base + ARM_SMMU_CMDQ_BASE);
	writel_relaxed(0, smmu->base + ARM_SMMU_CMDQ_PROD);
	writel_relaxed(0, smmu->base + ARM_SMMU_CMDQ_CONS);
	smmu->cmdq_prod = 0;
}

static void write_evtq(struct hyp_smmu *smmu)
{
	writeq_relaxed(Q_BASE_RWA | (hyp_virt_to_phys(smmu->evtq) & Q_BASE_ADDR_MASK) |
		       smmu->evtq_log2, smmu->base + ARM_SMMU_EVTQ_BASE);
	writel_relaxed(0, smmu->base + SZ_64K + ARM_SMMU_EVTQ_PROD);
	writel_relaxed(0, smmu->base + SZ_64K + ARM_SMMU_EVTQ_CONS);
}

/* Use wired interrupts: a message would go to an address that firmware has left */
static int write_irqs(struct hyp_smmu *smmu)
{
	int ret = smmu_write_sync(smmu->base, 0, ARM_SMMU_IRQ_CTRL, ARM_SMMU_IRQ_CTRLACK);

	if (ret)
		return ret;
	if (smmu->feat.msi) {
		writeq_relaxed(0, smmu->base + ARM_SMMU_GERROR_IRQ_CFG0);
		writeq_relaxed(0, smmu->base + ARM_SMMU_EVTQ_IRQ_CFG0);
	}

	return smmu_write_sync(smmu->base, IRQ_CTRL_EVTQ_IRQEN | IRQ_CTRL_GERROR_IRQEN,
			       ARM_SMMU_IRQ_CTRL, ARM_SMMU_IRQ_CTRLACK);
}

/**
 * smmu_reset() - set an SMMU up; it still aborts
 * @smmu: SMMU, with memory and features set
 *
 * Context: boot, before the host is deprivileged.
 * Return: 0, or -EIO if the SMMU does not answer.
 */
int smmu_reset(struct hyp_smmu *smmu)
{
	int ret = smmu_disable(smmu->base);

	if (ret)
		return ret;

	smmu_reset_cmdq(smmu);
	write_strtab(smmu);
	write_evtq(smmu);
	/* Acknowledge errors from before the take-over */
	writel_relaxed(readl_relaxed(smmu->base + ARM_SMMU_GERROR),
		       smmu->base + ARM_SMMU_GERRORN);

	return write_irqs(smmu);
}

/**
 * smmu_enable() - turn translation on, with clean caches
 * @smmu: SMMU after smmu_reset()
 *
 * Context: boot, before the host is deprivileged.
 * Return: 0; -EIO if the SMMU aborts all transactions instead, or hangs.
 */
int smmu_enable(struct hyp_smmu *smmu)
{
	struct arm_smmu_cmd cmds[] = {
		arm_smmu_make_cmd_cfgi_all(),
		arm_smmu_make_cmd_op(CMDQ_OP_TLBI_NSNH_ALL),
		arm_smmu_make_cmd_op(CMDQ_OP_TLBI_EL2_ALL),
	};
	/* Check translated transactions (ATS), which abort: no STE allows them (I1) */
	u32 cr0 = CR0_CMDQEN | CR0_EVTQEN | (smmu->feat.ats ? CR0_ATSCHK : 0);
	int ret;

	smmu->iommu.state = IOMMU_LIVE;
	ret = smmu_write_sync(smmu->base, cr0, ARM_SMMU_CR0, ARM_SMMU_CR0ACK);
	if (!ret)
		ret = smmu_issue(smmu, cmds, ARRAY_SIZE(cmds) - !smmu->feat.hyp);
	if (!ret && smmu->iommu.state == IOMMU_LIVE)
		ret = smmu_write_sync(smmu->base, cr0 | CR0_SMMUEN, ARM_SMMU_CR0,
				      ARM_SMMU_CR0ACK);
	if (!ret && smmu->iommu.state == IOMMU_LIVE)
		return 0;

	hyp_spin_lock(&smmu->cmdq_lock);
	smmu_fail(smmu);
	hyp_spin_unlock(&smmu->cmdq_lock);

	return -EIO;
}

void hw_resume(struct hyp_iommu *iommu)
{
	struct hyp_smmu *smmu = to_smmu(iommu);

	hyp_spin_lock(&smmu->cmdq_lock);
	if (smmu->iommu.state == IOMMU_LIVE) {
		if (!(readl_relaxed(smmu->base + ARM_SMMU_CR0ACK) & CR0_SMMUEN))
			smmu_fail(smmu);
	} else if (!(readl_relaxed(smmu->base + ARM_SMMU_GBPA) & (GBPA_ABORT | GBPA_UPDATE))) {
		/* This leaves GBPA.ABORT or UPDATE set, so EL2 does not repeat it */
		if (smmu_disable(smmu->base))
			smmu->iommu.state = IOMMU_HUNG;
	}
	hyp_spin_unlock(&smmu->cmdq_lock);
}
