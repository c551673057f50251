// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue (sections 3.5 and 4), of which EL2 is the only producer.
 */
#include <asm/kvm_mmu.h>

#include <linux/io.h>

#include "smmu.h"

static u32 queue_size(const struct hyp_smmu *smmu)
{
	return BIT(smmu->cmdq_log2);
}

/* Number of commands that are not consumed if CONS is @cons; indices carry a wrap bit */
static u32 queue_used(const struct hyp_smmu *smmu, u32 cons)
{
	return (smmu->cmdq_prod - cons) & (2 * queue_size(smmu) - 1);
}

/**
 * smmu_gerror() - read global errors that are not acknowledged (section 7.5)
 * @smmu: SMMU
 *
 * Return: bits of GERROR.
 */
u32 smmu_gerror(const struct hyp_smmu *smmu)
{
	return (readl_relaxed(smmu->base + ARM_SMMU_GERROR) ^
		readl_relaxed(smmu->base + ARM_SMMU_GERRORN)) & GERROR_ERR_MASK;
}

/**
 * smmu_ack_gerror() - acknowledge global errors, and record them for the host
 * @smmu: SMMU
 *
 * Context: hyp_smmu::cmdq_lock held.
 */
void smmu_ack_gerror(struct hyp_smmu *smmu)
{
	u32 active = smmu_gerror(smmu);

	smmu->gerror |= active;
	if (active)
		writel_relaxed(readl_relaxed(smmu->base + ARM_SMMU_GERRORN) ^ active,
			       smmu->base + ARM_SMMU_GERRORN);
}

static bool command_error(const struct hyp_smmu *smmu)
{
	return smmu_gerror(smmu) & (GERROR_CMDQ_ERR | GERROR_SFM_ERR);
}

/* Wait until at most @used commands are left */
static int queue_wait(struct hyp_smmu *smmu, u32 used)
{
	u64 deadline = 0;
	bool late;

	do {
		/* Look once more after the deadline, in case this CPU was delayed */
		late = deadline && (command_error(smmu) || hyp_expired(deadline));
		if (queue_used(smmu, readl_relaxed(smmu->base + ARM_SMMU_CMDQ_CONS)) <= used)
			return 0;
		/* Read the clock only now: most often the queue is done at once */
		deadline = deadline ?: hyp_deadline();
		cpu_relax();
	} while (!late);

	return -EIO;
}

static void queue_write(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmd)
{
	__le64 *slot = (__le64 *)&smmu->cmdq[smmu->cmdq_prod & (queue_size(smmu) - 1)];

	/* Write both words, so that nothing of the slot's old command remains */
	WRITE_ONCE(slot[0], cpu_to_le64(cmd->data[0]));
	WRITE_ONCE(slot[1], cpu_to_le64(cmd->data[1]));
	if (!smmu->feat.coherent)
		kvm_flush_dcache_to_poc(slot, sizeof(*cmd));
	smmu->cmdq_prod = (smmu->cmdq_prod + 1) & (2 * queue_size(smmu) - 1);
}

static void queue_kick(struct hyp_smmu *smmu)
{
	dsb(ishst);
	writel_relaxed(smmu->cmdq_prod, smmu->base + ARM_SMMU_CMDQ_PROD);
}

static int queue_run(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmds, unsigned int nr)
{
	/* EL2 polls: no SEV, which MMU-600 could lose (erratum 1076982) */
	struct arm_smmu_cmd sync = arm_smmu_make_cmd_sync(CMDQ_SYNC_0_CS_NONE, 0);
	/* The queue is empty: each call empties it or turns the SMMU off */
	u32 cons = smmu->cmdq_prod;
	unsigned int i;
	int ret;

	for (i = 0; i <= nr; i++) {
		if (queue_used(smmu, cons) == queue_size(smmu)) {
			queue_kick(smmu);
			ret = queue_wait(smmu, queue_size(smmu) - 1);
			if (ret)
				return ret;
			cons = (cons + 1) & (2 * queue_size(smmu) - 1);
		}
		queue_write(smmu, i < nr ? &cmds[i] : &sync);
	}
	queue_kick(smmu);

	return queue_wait(smmu, 0);
}

/* Tegra264 can keep an entry across one invalidation, but not across two */
static int queue_invalidate(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmds,
			    unsigned int nr)
{
	int ret = queue_run(smmu, cmds, nr);

	if (!ret && smmu->feat.repeat)
		ret = queue_run(smmu, cmds, nr);

	return ret;
}

int smmu_issue(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmds, unsigned int nr)
{
	int ret = 0;

	hyp_spin_lock(&smmu->cmdq_lock);
	if (smmu->iommu.state == IOMMU_LIVE && queue_invalidate(smmu, cmds, nr))
		smmu_fail(smmu);
	if (smmu->iommu.state == IOMMU_HUNG)
		ret = -EIO;
	hyp_spin_unlock(&smmu->cmdq_lock);

	return ret;
}

/*
 * Complete the transactions that the SMMU translated before it was turned off. They can
 * be in flight until an invalidation of the whole TLB is complete (sections 6.3.9.6 and
 * 4.3.8). An error can have stopped the command queue, so EL2 restarts it for this, once.
 */
static int complete_in_flight(struct hyp_smmu *smmu)
{
	struct arm_smmu_cmd cmd = arm_smmu_make_cmd_op(CMDQ_OP_TLBI_NSNH_ALL);
	int ret;

	smmu_ack_gerror(smmu);
	smmu_reset_cmdq(smmu);
	ret = smmu_write_sync(smmu->base, CR0_CMDQEN, ARM_SMMU_CR0, ARM_SMMU_CR0ACK);
	if (!ret)
		ret = queue_invalidate(smmu, &cmd, 1);

	return smmu_write_sync(smmu->base, 0, ARM_SMMU_CR0, ARM_SMMU_CR0ACK) ?: ret;
}

/**
 * smmu_fail() - give an SMMU up: turn it off for good (I8)
 * @smmu: SMMU
 *
 * An SMMU that is off aborts all transactions (GBPA) and uses neither its TLBs nor its
 * queues. If it does not acknowledge that it is off, or does not complete the
 * transactions that it translated before, it is IOMMU_HUNG. EL2 then never unpins what it
 * can reach (I5).
 *
 * Context: hyp_smmu::cmdq_lock held.
 */
void smmu_fail(struct hyp_smmu *smmu)
{
	if (smmu->iommu.state != IOMMU_LIVE)
		return;
	if (smmu_disable(smmu->base) || complete_in_flight(smmu))
		smmu->iommu.state = IOMMU_HUNG;
	else
		smmu->iommu.state = IOMMU_ABORTING;
}
