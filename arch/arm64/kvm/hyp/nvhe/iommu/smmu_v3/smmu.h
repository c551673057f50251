/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SMMUv3 driver at EL2: structures and functions that its files share.
 *
 * The formats of registers, queues and tables are those of the SMMU architecture
 * specification (Arm IHI 0070), chapters 3 to 7. The names are those of the stock
 * driver's header.
 */
#ifndef __PKVM_IOMMU_SMMU_H__
#define __PKVM_IOMMU_SMMU_H__

#include "arm-smmu-v3.h"

#include <nvhe/spinlock.h>

#include <deadline.h>
#include <hw.h>

struct iommu_pgtable;

/**
 * struct smmu_features - what the ID registers report (section 6.3) and the host allows
 * @sid_bits: StreamID bits
 * @oas: output address bits
 * @asid_bits: 8 or 16; 0 without stage 1
 * @vmid_bits: 8 or 16; 0 without stage 2
 * @cmdq_log2: log2 of the most entries of the command queue
 * @evtq_log2: log2 of the most entries of the event queue
 * @stage1: stage 1 translation
 * @stage2: stage 2 translation
 * @two_level: 2-level stream tables
 * @coherent: accesses to tables and queues are coherent, and the DT says so, too
 * @range_inv: range invalidation (RIL)
 * @bbml2: a block can be replaced by a table and back without break-before-make
 * @stall: transactions can stall, which stage 1 STEs must disable
 * @ats: ATS: devices can send transactions with translated addresses
 * @hyp: EL2 stream world
 * @msi: interrupts can be messages
 * @attr_ovr: attributes of a transaction can be overridden
 * @repeat: an entry can survive one invalidation, so EL2 sends each of them twice
 */
struct smmu_features {
	u8	sid_bits, oas, asid_bits, vmid_bits, cmdq_log2, evtq_log2;
	bool	stage1, stage2, two_level, coherent, range_inv, bbml2, stall,
		ats, hyp, msi, attr_ovr, repeat;
};

/**
 * struct hyp_smmu - one SMMU
 * @iommu: part that the core uses; hyp_iommu::lock guards the stream table
 * @base: registers, mapped at EL2
 * @feat: features
 * @strtab: stream table: all STEs if it is linear; if it has 2 levels, level 1
 *	descriptors, each for a page with the STEs of a chunk, see hyp_iommu::chunk_bits
 * @cmdq_lock: guards @cmdq, @cmdq_prod, GERRORN, @gerror and writes of hyp_iommu::state
 * @cmdq: command queue
 * @cmdq_prod: producer index with wrap bit
 * @cmdq_log2: log2 of its entries
 * @gerror: global errors that EL2 has acknowledged but not reported to the host yet
 * @evtq_lock: guards the event queue and @evtq_taken; taken before @cmdq_lock
 * @evtq: event queue
 * @evtq_log2: log2 of its entries
 * @evtq_taken: number of events that EL2 has taken off the queue
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

/* probe.c; decode is pure, and returns 0 or enum pkvm_iommu_unsupported */
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
 * smmu_issue() - run commands and wait until they are complete
 * @smmu: SMMU
 * @cmds: commands
 * @nr: number of commands
 *
 * Appends a CMD_SYNC and waits for it, for a bounded time. If the SMMU reports an error
 * or does not answer, EL2 turns it off, so that all its streams abort (I8).
 *
 * Return: 0 if no TLB and no configuration cache holds what the commands invalidate,
 * which is also so if the SMMU is off; -EIO if the SMMU hangs, so that this is unknown.
 */
int smmu_issue(struct hyp_smmu *smmu, const struct arm_smmu_cmd *cmds, unsigned int nr);
void smmu_fail(struct hyp_smmu *smmu);
u32 smmu_gerror(const struct hyp_smmu *smmu);
void smmu_ack_gerror(struct hyp_smmu *smmu);

#endif /* __PKVM_IOMMU_SMMU_H__ */
