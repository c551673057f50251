/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SMMUv3 at EL2: the hardware side of DMA isolation.
 *
 * Register, queue and table formats are those of the SMMU architecture
 * specification (Arm IHI 0070), chapters 3 to 7, as the stock driver's header
 * spells them.
 */
#ifndef __PKVM_IOMMU_SMMU_H__
#define __PKVM_IOMMU_SMMU_H__

#include "arm-smmu-v3.h"

#include <nvhe/spinlock.h>

#include <deadline.h>
#include <hw.h>

struct iommu_pgtable;

/**
 * struct smmu_features - what the ID registers say (section 6.3)
 * @sid_bits: StreamID bits
 * @oas: output address bits
 * @asid_bits: 8 or 16, 0 without stage 1
 * @vmid_bits: 8 or 16, 0 without stage 2
 * @cmdq_log2: most entries of the command queue
 * @evtq_log2: most entries of the event queue
 * @stage1: stage 1 translation
 * @stage2: stage 2 translation
 * @two_level: 2-level stream tables
 * @coherent: accesses to tables and queues are coherent (and the DT agrees)
 * @range_inv: range invalidation (RIL)
 * @bbml2: a block may be replaced by a table and back at any time
 * @stall: transactions may stall; must be switched off in stage 1 STEs
 * @ats: devices can claim to have translated an address already
 * @hyp: EL2 stream world
 * @msi: interrupts can be messages
 * @attr_ovr: attributes of a transaction can be overridden
 * @repeat: an entry may outlive one invalidation: each is sent twice
 */
struct smmu_features {
	u8	sid_bits, oas, asid_bits, vmid_bits, cmdq_log2, evtq_log2;
	bool	stage1, stage2, two_level, coherent, range_inv, bbml2, stall,
		ats, hyp, msi, attr_ovr, repeat;
};

/**
 * struct hyp_smmu - one SMMU
 * @iommu: what the core knows of it; hyp_iommu::lock guards the stream table
 * @base: registers, mapped at EL2
 * @feat: features
 * @strtab: stream table: STEs, or level 1 descriptors; 2-level: a chunk of
 *	hyp_iommu::chunk_bits is the second level, one page of STEs
 * @cmdq_lock: guards @cmdq, @cmdq_prod, GERRORN, @gerror and writes of hyp_iommu::state
 * @cmdq: command queue
 * @cmdq_prod: producer index with wrap bit
 * @cmdq_log2: its size
 * @gerror: global errors that are acknowledged, and that nobody was told of
 * @evtq_lock: guards the event queue and @evtq_taken; taken before @cmdq_lock
 * @evtq: event queue
 * @evtq_log2: its size
 * @evtq_taken: events that were taken off it
 */
struct hyp_smmu {
	struct hyp_iommu	iommu;
	void __iomem		*base;
	struct smmu_features	feat;
	void			*strtab;

	hyp_spinlock_t		cmdq_lock;
	struct arm_smmu_cmd	*cmdq;
	u32			cmdq_prod;
	u8			cmdq_log2;
	u32			gerror;

	hyp_spinlock_t		evtq_lock;
	__le64			*evtq;
	u8			evtq_log2;
	u64			evtq_taken;
};

static inline struct hyp_smmu *to_smmu(struct hyp_iommu *iommu)
{
	return container_of(iommu, struct hyp_smmu, iommu);
}

/* probe.c (pure): 0 or enum pkvm_iommu_unsupported */
int smmu_features_decode(const u32 idr[6], u64 flags, struct smmu_features *feat);
void smmu_read_idrs(void __iomem *base, u32 idr[6]);

/* ste.c (pure) */
void smmu_make_abort_ste(struct arm_smmu_ste *ste);
void smmu_make_ste(struct arm_smmu_ste *ste, const struct smmu_features *feat,
		   const struct iommu_pgtable *pgt, u64 cd_phys, u16 id);
void smmu_make_cd(struct arm_smmu_cd *cd, const struct iommu_pgtable *pgt, u16 asid);

/* strtab.c */
u8 smmu_table_bits(const struct smmu_features *feat);
u8 smmu_chunk_bits(const struct smmu_features *feat);
size_t smmu_strtab_size(const struct smmu_features *feat);
void smmu_strtab_init(struct hyp_smmu *smmu);

/* regs.c */
int smmu_withhold_pages(struct hyp_smmu *smmu);

/* reset.c */
int smmu_disable(void __iomem *base);
int smmu_reset(struct hyp_smmu *smmu);
int smmu_enable(struct hyp_smmu *smmu);
void smmu_reset_cmdq(struct hyp_smmu *smmu);
int smmu_write_sync(void __iomem *base, u32 val, u32 reg, u32 ack);
int smmu_wait(void __iomem *base, u32 reg, u32 mask, u32 val);

/* cmdq.c */
/**
 * smmu_issue() - run commands to completion
 * @smmu: SMMU
 * @cmds: commands
 * @nr: how many
 *
 * Appends a CMD_SYNC and waits for it, for a bounded time. If the SMMU reports
 * an error or does not answer it is switched off: all its streams abort (I8).
 *
 * Return: 0: no TLB and no configuration cache holds what the commands
 * invalidate, be it because the SMMU is off. -EIO: unknown.
 */
int smmu_issue(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmds, unsigned int nr);
void smmu_fail(struct hyp_smmu *smmu);
u32 smmu_gerror(const struct hyp_smmu *smmu);
void smmu_ack_gerror(struct hyp_smmu *smmu);

#endif /* __PKVM_IOMMU_SMMU_H__ */
