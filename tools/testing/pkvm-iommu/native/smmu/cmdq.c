// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue (chapter 4). Invalidations take effect when a CMD_SYNC after
 * them completes, no sooner.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

void sim_gerror(struct sim_smmu *smmu, u32 bits)
{
	/* Active while it differs from GERRORN */
	smmu->gerror ^= bits & ~(smmu->gerror ^ smmu->gerrorn);
}

static void command_error(struct sim_smmu *smmu, u32 reason)
{
	smmu->cmdq_cons &= ~CMDQ_CONS_ERR;
	smmu->cmdq_cons |= FIELD_PREP(CMDQ_CONS_ERR, reason);
	sim_gerror(smmu, GERROR_CMDQ_ERR);
}

static bool is_flush(const struct sim_inval *inval)
{
	return FIELD_GET(CMDQ_0_OP, inval->cmd[0]) == CMDQ_OP_TLBI_NSNH_ALL;
}

/* Tegra264: an entry may outlive an invalidation, if no second one comes */
static bool takes_effect(const struct sim_smmu *smmu, const struct sim_inval *inval)
{
	unsigned int i;

	for (i = 0; i < smmu->nr_before; i++) {
		if (!memcmp(smmu->before[i].cmd, inval->cmd, sizeof(inval->cmd)))
			return true;
	}

	return !smmu->cfg.forgetful;
}

static void complete(struct sim_smmu *smmu)
{
	unsigned int i;

	for (i = 0; i < smmu->nr_pending; i++) {
		if (!takes_effect(smmu, &smmu->pending[i]))
			continue;
		if (smmu->flushing && is_flush(&smmu->pending[i]))
			smmu->in_flight = false;
		sim_tlb_invalidate(smmu, &smmu->pending[i]);
		sim_config_invalidate(smmu, &smmu->pending[i]);
	}
	/* What came twice has to come twice again */
	if (smmu->cfg.forgetful) {
		memcpy(smmu->before, smmu->pending, sizeof(smmu->before));
		smmu->nr_before = smmu->nr_before ? 0 : smmu->nr_pending;
	}
	smmu->nr_pending = 0;
	smmu->nr_syncs++;
	smmu->flushing = false;
}

static void add_pending(struct sim_smmu *smmu, const u64 cmd[2])
{
	struct sim_inval *inval = &smmu->pending[smmu->nr_pending++];

	if (smmu->nr_pending == ARRAY_SIZE(smmu->pending))
		native_fail("more invalidations than a queue holds");
	inval->cmd[0] = cmd[0];
	inval->cmd[1] = cmd[1];
	inval->seq = ++smmu->seq;
	/* Section 6.3.9.6: all that is in flight, and nothing less, with translation off */
	if (is_flush(inval))
		smmu->flushing = !(smmu->cr0ack & CR0_SMMUEN);
}

/* What they have no use for is reserved; an SMMU may look at it */
static void check_reserved(const u64 cmd[2])
{
	switch (FIELD_GET(CMDQ_0_OP, cmd[0])) {
	case CMDQ_OP_CMD_SYNC:
		/* Without a message it has no address */
		if (FIELD_GET(CMDQ_SYNC_0_CS, cmd[0]) == CMDQ_SYNC_0_CS_IRQ)
			return;
		break;
	case CMDQ_OP_TLBI_NH_ALL:
	case CMDQ_OP_TLBI_NH_ASID:
	case CMDQ_OP_TLBI_S12_VMALL:
	case CMDQ_OP_TLBI_NSNH_ALL:
	case CMDQ_OP_TLBI_EL2_ALL:
		break;
	default:
		return;
	}
	if (cmd[1])
		native_fail("reserved bits in command 0x%016lx 0x%016lx", cmd[0], cmd[1]);
}

/* False: not consumed */
static bool execute(struct sim_smmu *smmu, const u64 cmd[2])
{
	u8 op = FIELD_GET(CMDQ_0_OP, cmd[0]);

	if (fault_hits(FAULT_COMMAND)) {
		command_error(smmu, CMDQ_ERR_CERROR_ILL_IDX);
		return false;
	}

	check_reserved(cmd);
	if (sim_erratum_hangs(smmu, cmd)) {
		smmu->stuck = true;
		return false;
	}
	switch (op) {
	case CMDQ_OP_CMD_SYNC:
		if (FIELD_GET(CMDQ_SYNC_0_CS, cmd[0]) == 3)
			break;
		if (fault_hits(FAULT_SYNC)) {
			smmu->stuck = true;
			return false;
		}
		complete(smmu);
		return true;
	case CMDQ_OP_CFGI_STE:
	case CMDQ_OP_CFGI_ALL:
		add_pending(smmu, cmd);
		return true;
	case CMDQ_OP_TLBI_EL2_ALL:
		if (!(smmu->cfg.idr[0] & IDR0_HYP))
			break;
		add_pending(smmu, cmd);
		return true;
	case CMDQ_OP_TLBI_NH_ALL ... CMDQ_OP_TLBI_NH_VAA:
	case CMDQ_OP_TLBI_S12_VMALL:
	case CMDQ_OP_TLBI_S2_IPA:
	case CMDQ_OP_TLBI_NSNH_ALL:
		if (!sim_tlb_command_valid(smmu, cmd))
			break;
		add_pending(smmu, cmd);
		return true;
	}
	native_fail("illegal command 0x%016lx 0x%016lx", cmd[0], cmd[1]);
}

void sim_cmdq_run(struct sim_smmu *smmu, unsigned int budget)
{
	u32 size = 1u << (smmu->cmdq_base & Q_BASE_LOG2SIZE), mask = 2 * size - 1;
	u64 base = smmu->cmdq_base & Q_BASE_ADDR_MASK;

	while (budget-- && !smmu->stuck && (smmu->cr0ack & CR0_CMDQEN) &&
	       !((smmu->gerror ^ smmu->gerrorn) & GERROR_CMDQ_ERR) &&
	       ((smmu->cmdq_prod ^ smmu->cmdq_cons) & mask)) {
		u64 phys = base + (smmu->cmdq_cons & (size - 1)) * 16, cmd[2];

		cmd[0] = sim_read64(smmu, phys, "command");
		cmd[1] = sim_read64(smmu, phys + 8, "command");
		smmu->nr_commands++;
		if (!execute(smmu, cmd))
			return;
		smmu->cmdq_cons = (smmu->cmdq_cons & ~mask) | ((smmu->cmdq_cons + 1) & mask);
	}
}
