// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue (sections 3.5 and 4): EL2 is its only producer.
 */
#include <asm/kvm_mmu.h>

#include <linux/io.h>

#include "smmu.h"

static u32 queue_size(const struct hyp_smmu *smmu)
{
	return BIT(smmu->cmdq_log2);
}

/* Commands that @cons says are not consumed yet; indices carry a wrap bit */
static u32 queue_used(const struct hyp_smmu *smmu, u32 cons)
{
	return (smmu->cmdq_prod - cons) & (2 * queue_size(smmu) - 1);
}

static bool command_error(const struct hyp_smmu *smmu)
{
	u32 active = readl_relaxed(smmu->base + ARM_SMMU_GERROR) ^
		     readl_relaxed(smmu->base + ARM_SMMU_GERRORN);

	return active & (GERROR_CMDQ_ERR | GERROR_SFM_ERR);
}

/* Wait until at most @used commands are left */
static int queue_wait(struct hyp_smmu *smmu, u32 used)
{
	u64 deadline = 0;

	for (;;) {
		u32 cons = readl_relaxed(smmu->base + ARM_SMMU_CMDQ_CONS);

		if (queue_used(smmu, cons) <= used)
			return 0;
		/* Most often it is done by now, and nobody asks for the time */
		deadline = deadline ?: smmu_deadline();
		if (command_error(smmu) || smmu_expired(deadline))
			return -EIO;
		cpu_relax();
	}
}

static void queue_write(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmd)
{
	__le64 *slot = (__le64 *)&smmu->cmdq[smmu->cmdq_prod & (queue_size(smmu) - 1)];

	/* Both words: nothing of the slot's last command may survive */
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
	struct arm_smmu_cmd sync = arm_smmu_make_cmd_sync(CMDQ_SYNC_0_CS_NONE, 0);
	/* Each call leaves the queue empty, or the SMMU switched off */
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

int smmu_issue(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmds, unsigned int nr)
{
	int ret = 0;

	hyp_spin_lock(&smmu->cmdq_lock);
	if (smmu->state == SMMU_LIVE && queue_run(smmu, cmds, nr))
		smmu_fail(smmu);
	if (smmu->state == SMMU_HUNG)
		ret = -EIO;
	hyp_spin_unlock(&smmu->cmdq_lock);

	return ret;
}

/**
 * smmu_fail() - give an SMMU up (I8)
 * @smmu: SMMU
 *
 * Off, it aborts everything (GBPA) and uses neither its TLB nor its queues.
 *
 * Context: hyp_smmu::cmdq_lock held.
 */
void smmu_fail(struct hyp_smmu *smmu)
{
	if (smmu->state == SMMU_LIVE)
		smmu->state = smmu_disable(smmu->base) ? SMMU_HUNG : SMMU_ABORTING;
}
