/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software SMMUv3 (Arm IHI 0070), as hostile as the specification allows: it
 * caches whatever it may for as long as it may, executes commands as late as it
 * may, and uses old and new configuration side by side until a CMD_SYNC ends
 * that. DMA therefore has a set of outcomes, and all of them are looked at.
 */
#ifndef NATIVE_SIM_H
#define NATIVE_SIM_H

#include "../hyp/hyp.h"

#define SIM_MAX_SMMUS		4
#define SIM_MAX_DEVICES		16
#define SIM_MMIO_SIZE		SZ_128K
#define SIM_TLB_SIZE		512
#define SIM_CFG_SIZE		64
#define SIM_ECMDQ_PAGES		2
#define SIM_ECMDQ_QUEUES	4	/* in each */

/**
 * struct sim_config - how an SMMU is made
 * @base: physical address of its registers
 * @idr: ID registers
 * @ecmdq_base: where its SIM_ECMDQ_PAGES control pages of command queues are; 0: none
 * @ecmdq_idr6: what IDR6 says of them, if not the truth
 * @ecmdq_gap: bytes between the first of them and the others
 * @deaf_ecmdq: does not switch them off
 * @forgetful: an invalidation takes effect when it comes a second time (Tegra264)
 * @iidr: implementation: it has the errata that the stock driver works around
 * @coherent: snoops the caches of the CPUs
 * @deaf_cr0: does not acknowledge writes of CR0
 * @deaf_gbpa: does not complete updates of GBPA
 * @deaf_irq: does not acknowledge writes of IRQ_CTRL
 * @dead_queue: once it executes no command any more, it never does again
 * @held_up: the next look at CMDQ_CONS takes longer than any wait, and then all is done
 * @lazy: one in this many looks at CMDQ_CONS makes it execute nothing
 */
struct sim_config {
	u64	base;
	u32	idr[6];
	u64	ecmdq_base, ecmdq_gap;
	u32	ecmdq_idr6;
	bool	deaf_ecmdq, forgetful;
	u32	iidr;
	bool	coherent;
	bool	deaf_cr0, deaf_gbpa, deaf_irq, dead_queue, held_up;
	bool	overflow_aborts;	/* a full queue is a global error, as QEMU has it */
	u32	lazy;
};

/* Common ID registers: QEMU's virt-10.0 */
#define SIM_IDR0	0x0d44101bU
#define SIM_IDR1	0x02730010U
#define SIM_IDR3	0x1414U
#define SIM_IDR5	0x74U

/* Implementations with errata: product, variant, revision, Arm */
#define SIM_IIDR_MMU_600_R0P0	0x4830043bU
#define SIM_IIDR_MMU_700_R0P0	0x4870043bU
#define SIM_IIDR_MMU_S3_R0P0	0x4980043bU

/* A cached translation: of one leaf */
struct sim_tlb_entry {
	bool	valid, read, write, stage1;
	s8	level;
	u16	vmid, asid;
	u32	sid;
	u64	iova, size, pa, seq;
};

/* A cached walk: where the table for a range is */
struct sim_walk_entry {
	bool	valid, stage1;
	s8	level;
	u16	vmid, asid;
	u64	iova, size, table, seq;
};

/* Cached configuration: STE, CD, or level 1 descriptor; or a torn STE in flight */
enum sim_cfg_kind { CFG_STE, CFG_CD, CFG_L1, CFG_TORN };

struct sim_cfg_entry {
	bool			valid;
	enum sim_cfg_kind	kind;
	u32			sid;
	u64			seq;
	u64			data[8];
};

/* An invalidation that has been executed but not synchronised */
struct sim_inval {
	u64	cmd[2];
	u64	seq;
};

/**
 * struct sim_event - an event, as it was made
 * @record: what is in the queue
 * @owner: what sim_event_owner() said then
 */
struct sim_event {
	u64	record[4];
	u64	owner;
};

#define SIM_MAX_EVENTS		2048

struct sim_ecmdq {
	u32	prod, cons;
};

struct sim_smmu {
	struct sim_config	cfg;
	void			*va;
	struct rng		rng;

	u32	cr[3], cr0ack, gbpa, irq_ctrl, irq_ctrlack, gerror, gerrorn;
	u32	strtab_base_cfg, cmdq_prod, cmdq_cons, evtq_prod, evtq_cons;
	u64	strtab_base, cmdq_base, evtq_base;
	struct sim_ecmdq	ecmdq[SIM_ECMDQ_PAGES][SIM_ECMDQ_QUEUES];
	void			*ecmdq_va;
	bool	stuck;		/* executes no command any more */
	bool	in_flight;	/* off, but not all that it let pass before has landed */
	unsigned int	waits;	/* looks at CMDQ_CONS, see @held_up */
	bool	flushing;	/* ... has, once the next CMD_SYNC completes */

	/* What is in the event queue, and what was last taken off it */
	struct sim_event	events[SIM_MAX_EVENTS], taken;

	u64			seq;
	struct sim_tlb_entry	tlb[SIM_TLB_SIZE];
	struct sim_walk_entry	walks[SIM_TLB_SIZE];
	struct sim_cfg_entry	cfgs[SIM_CFG_SIZE];
	struct sim_inval	pending[128], before[128];
	unsigned int		nr_pending, nr_before;
	unsigned int		unsynced;	/* commands since the last CMD_SYNC */

	/* Statistics */
	u64			nr_commands, nr_syncs, nr_dma, nr_events;
};

extern struct sim_smmu *sim_smmus[SIM_MAX_SMMUS];
extern unsigned int sim_nr_smmus;

/* A device: a stream that DMA comes from */
struct sim_device {
	u8	smmu;
	u32	sid;
};

extern struct sim_device sim_devices[SIM_MAX_DEVICES];
extern unsigned int sim_nr_devices;

/* What a loss of power does to an SMMU: registers as they are out of reset */
void sim_power_cycle(struct sim_smmu *smmu);
struct sim_smmu *sim_create(const struct sim_config *cfg, u64 seed);
void sim_add_device(u8 smmu, u32 sid);

/**
 * struct sim_dma - outcomes of a transaction
 * @ok: how many reach an address
 * @fault: how many fault
 * @pa: an address that is reached
 * @same: all outcomes reach @pa
 */
struct sim_dma {
	unsigned int	ok, fault;
	u64		pa;
	bool		same;
};

/* stream.c */
struct sim_dma sim_dma(struct sim_smmu *smmu, u32 sid, u64 iova, bool write);
bool sim_off(const struct sim_smmu *smmu);
/* Called for every address that a device reaches */
extern void (*sim_reached)(struct sim_smmu *smmu, u32 sid, u64 iova, u64 pa, bool write);

/* The hook for points: DMA by any device, once in @rate points */
void sim_dma_at_points(u64 seed, u32 rate);
void sim_dma_hint(u64 iova);
void sim_dma_stop(void);

/* ecmdq.c */
u32 sim_ecmdq_idr6(const struct sim_smmu *smmu);
u64 sim_ecmdq_page(const struct sim_smmu *smmu, u64 offset);
void sim_ecmdq_map(struct sim_smmu *smmu, u64 phys, u64 size, void *va);
u64 sim_ecmdq_read(struct sim_smmu *smmu, u64 offset);
void sim_ecmdq_write(struct sim_smmu *smmu, u64 offset, u32 val);
void sim_ecmdq_init(struct sim_smmu *smmu);
/* None is on, or about to go on or off */
bool sim_ecmdqs_off(const struct sim_smmu *smmu);

/* mem.c: the SMMU's own accesses to tables and queues */
u64 sim_read64(struct sim_smmu *smmu, u64 phys, const char *what);
void sim_write64(struct sim_smmu *smmu, u64 phys, u64 val);

/* errata.c */
bool sim_erratum_hangs(struct sim_smmu *smmu, const u64 cmd[2]);
void sim_erratum_enabled(struct sim_smmu *smmu);

/* cmdq.c */
void sim_cmdq_run(struct sim_smmu *smmu, unsigned int budget);
void sim_gerror(struct sim_smmu *smmu, u32 bits);

/* tlb.c, tlbi.c */
void sim_tlb_insert(struct sim_smmu *smmu, const struct sim_tlb_entry *entry);
void sim_walk_insert(struct sim_smmu *smmu, const struct sim_walk_entry *entry);
void sim_tlb_invalidate(struct sim_smmu *smmu, const struct sim_inval *inval);
bool sim_tlb_command_valid(const struct sim_smmu *smmu, const u64 cmd[2]);

/* config.c */
unsigned int sim_config_get(struct sim_smmu *smmu, u32 sid, u64 stes[][8], unsigned int max);
unsigned int sim_cd_get(struct sim_smmu *smmu, u32 sid, u64 phys, u64 cds[][8], unsigned int max);
void sim_config_invalidate(struct sim_smmu *smmu, const struct sim_inval *inval);
void sim_config_stored(const volatile void *addr);

/* walk.c */
struct sim_context {
	bool	stage1;
	u8	granule, ias, oas;
	s8	start;
	u16	vmid, asid;
	u64	root;
};

enum sim_fault {
	SIM_OK			= 0,
	SIM_C_BAD_STREAMID	= 0x02,
	SIM_C_BAD_STE		= 0x04,
	SIM_C_BAD_CD		= 0x0a,
	SIM_F_TRANSLATION	= 0x10,
	SIM_F_ADDR_SIZE		= 0x11,
	SIM_F_ACCESS		= 0x12,
	SIM_F_PERMISSION	= 0x13,
	SIM_ABORT		= 0x100,	/* no event */
};

/* dma.c: an access that is on its way */
struct sim_transaction {
	struct sim_smmu	*smmu;
	u32		sid;
	u64		iova;
	bool		write;
	struct sim_dma	result;
};

void sim_refuse(struct sim_transaction *t, enum sim_fault why);
void sim_reach(struct sim_transaction *t, u64 pa);
void sim_translate(struct sim_transaction *t, const struct sim_context *ctx);

enum sim_fault sim_walk(struct sim_smmu *smmu, const struct sim_context *ctx, u64 iova,
			u64 table, s8 level, u32 sid, struct sim_tlb_entry *leaf);

/* context.c: from STE and CD to a translation context */
enum sim_fault sim_context_s2(struct sim_smmu *smmu, const u64 ste[8], struct sim_context *ctx);
enum sim_fault sim_context_s1(struct sim_smmu *smmu, const u64 ste[8], const u64 cd[8],
			      struct sim_context *ctx);
u8 sim_address_bits(u8 encoding);

/* evtq.c; whose is a stream? */
extern u64 (*sim_event_owner)(struct sim_smmu *smmu, u32 sid);
/* Faults leave no record */
extern bool sim_no_events;
void sim_event(struct sim_smmu *smmu, enum sim_fault fault, u32 sid, u64 iova, bool write);

/* lock.c: one for all, only where CPUs are threads */
extern bool sim_threads;
void sim_lock(void);
void sim_unlock(void);

#endif /* NATIVE_SIM_H */
