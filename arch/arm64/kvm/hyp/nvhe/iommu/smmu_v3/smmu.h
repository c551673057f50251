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

struct hyp_iommu_domain;
struct iommu_owner;
struct iommu_pgtable;
struct iommu_pgtable_cfg;
struct iommu_pool;

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
 * struct smmu_stream - what EL2 knows about a stream besides its STE
 * @domain: what it is attached to, or NULL
 * @owner: who may attach it, NULL: the host
 * @may_be_live: the SMMU may translate for it: set before an STE that does is
 *	written, cleared only once the SMMU has confirmed that the stream aborts
 * @pviommu: and @vsid: what its owner, a VM, calls it
 * @vsid: see @pviommu
 * @first_event: number of the first event that is @owner's
 */
struct smmu_stream {
	struct hyp_iommu_domain	*domain;
	struct iommu_owner	*owner;
	bool			may_be_live;
	u32			pviommu;
	u32			vsid;
	u64			first_event;
};

/**
 * enum smmu_state - how far an SMMU can be trusted to do what it is told
 * @SMMU_ABORTING: translation is off, all transactions abort (GBPA), and none that
 *	it let pass before is still on its way
 * @SMMU_LIVE: translation is on, or about to be
 * @SMMU_HUNG: did not acknowledge being switched off, or did not complete what was
 *	on its way; what it does is unknown
 */
enum smmu_state { SMMU_ABORTING, SMMU_LIVE, SMMU_HUNG };

/* Layout of the memory the host gave, see strtab.c */
struct smmu_layout {
	size_t	strtab, streams, cmdq, evtq, ids, total;
};

/**
 * struct hyp_smmu - one SMMU
 * @mmio_phys: registers, physical
 * @mmio_size: their size in bytes
 * @base: registers, mapped at EL2
 * @feat: features
 * @lock: guards the stream table, @streams and @ids
 * @strtab: stream table: STEs, or level 1 descriptors
 * @streams: linear: array by SID; 2-level: pointers to one array per chunk
 * @sid_bits: SIDs below BIT(sid_bits) can have an STE
 * @split: 2-level: SID bits of the second level, one page of STEs; else 0
 * @ids: VMIDs or ASIDs in use
 * @nr_ids: how many there are
 * @cmdq_lock: guards @cmdq, @cmdq_prod, GERRORN, @gerror and writes of @state
 * @cmdq: command queue
 * @cmdq_prod: producer index with wrap bit
 * @cmdq_log2: its size
 * @gerror: global errors that are acknowledged, and that nobody was told of
 * @evtq_lock: guards the event queue and @evtq_taken
 * @evtq: event queue
 * @evtq_log2: its size
 * @evtq_taken: events that were taken off it
 * @state: see enum smmu_state; leaves SMMU_LIVE for good
 */
struct hyp_smmu {
	phys_addr_t		mmio_phys;
	size_t			mmio_size;
	void __iomem		*base;
	struct smmu_features	feat;

	hyp_spinlock_t		lock;
	void			*strtab;
	void			*streams;
	u8			sid_bits, split;
	unsigned long		*ids;
	u32			nr_ids;

	hyp_spinlock_t		cmdq_lock;
	struct arm_smmu_cmd	*cmdq;
	u32			cmdq_prod;
	u8			cmdq_log2;
	u32			gerror;

	hyp_spinlock_t		evtq_lock;
	__le64			*evtq;
	u8			evtq_log2;
	u64			evtq_taken;

	enum smmu_state		state;
};

/* probe.c (pure): 0 or enum pkvm_iommu_unsupported */
int smmu_features_decode(const u32 idr[6], u64 flags, struct smmu_features *feat);
void smmu_read_idrs(void __iomem *base, u32 idr[6]);

/* ste.c (pure) */
void smmu_make_abort_ste(struct arm_smmu_ste *ste);
void smmu_make_ste(struct arm_smmu_ste *ste, const struct smmu_features *feat,
		   const struct iommu_pgtable *pgt, u64 cd_phys, u16 id);
void smmu_make_cd(struct arm_smmu_cd *cd, const struct iommu_pgtable *pgt, u16 asid);

/* strtab.c: hyp_smmu::lock held */
struct smmu_layout smmu_layout(const struct smmu_features *feat);
void smmu_strtab_init(struct hyp_smmu *smmu);
int smmu_stream_get(struct hyp_smmu *smmu, u64 sid, struct iommu_pool *pool,
		    struct smmu_stream **stream);
int smmu_ste_abort(struct hyp_smmu *smmu, u32 sid);
int smmu_ste_install(struct hyp_smmu *smmu, u32 sid, const struct iommu_pgtable *pgt,
		     struct arm_smmu_cd *cd, u16 id);
int smmu_id_alloc(struct hyp_smmu *smmu);
void smmu_id_free(struct hyp_smmu *smmu, u16 id);

/* pages.c */
int smmu_withhold_pages(struct hyp_smmu *smmu);

/* reset.c */
int smmu_disable(void __iomem *base);
int smmu_reset(struct hyp_smmu *smmu);
int smmu_enable(struct hyp_smmu *smmu);
void smmu_reset_cmdq(struct hyp_smmu *smmu);
void smmu_resume(struct hyp_smmu *smmu);
int smmu_write_sync(void __iomem *base, u32 val, u32 reg, u32 ack);
int smmu_wait(void __iomem *base, u32 reg, u32 mask, u32 val);

/* How long hardware may take before it counts as hung: 1 s, as the stock driver */
static inline u64 smmu_deadline(void)
{
	return read_sysreg(cntpct_el0) + read_sysreg(cntfrq_el0);
}

static inline bool smmu_expired(u64 deadline)
{
	return (s64)(read_sysreg(cntpct_el0) - deadline) > 0;
}

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

/* tlb.c: as smmu_issue() */
/**
 * smmu_tlb_inv() - invalidate a range of one address space
 * @smmu: SMMU
 * @id: its VMID or ASID
 * @iova: start
 * @size: bytes
 * @level: level of all leaves in the range; 0: unknown, and walks cached for
 *	the range are invalidated too
 *
 * Return: as smmu_issue().
 */
int smmu_tlb_inv(struct hyp_smmu *smmu, u16 id, u64 iova, u64 size, s8 level);
int smmu_tlb_inv_all(struct hyp_smmu *smmu, u16 id);

/* event.c */
u32 smmu_poll(struct hyp_smmu *smmu, u64 record[EVTQ_ENT_DWORDS], u64 *nr);
u64 smmu_next_event(struct hyp_smmu *smmu);

#endif /* __PKVM_IOMMU_SMMU_H__ */
