/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The specification of DMA isolation, in a form that can be executed.
 *
 * struct ghost is the abstract state: who owns what, what each domain maps, which
 * stream uses which domain. It knows nothing of page tables, STEs, queues or
 * locks. Reading order:
 *
 *	this file		the state
 *	invariants.c		what is true of every state (I1 to I6)
 *	spec_host.c		calls of the host about its own domains
 *	spec_vm.c		calls of the host about VMs
 *	spec_device.c		devices that change hands, and their registers
 *	spec_guest.c		calls of guests
 *	spec_event.c		faults: who learns what of them
 *	spec_memory.c		ownership of pages, and the life of VMs
 *	abstract.c		how the state is read off the running EL2 code
 *	concrete.c, derived.c	what that code's structures must agree on
 *	reach.c			what is true of each access of a device, and of
 *				everything that an SMMU has cached
 *
 * The invariants, by the numbers of pkvm-iommu.rst, and where each is checked:
 *
 *	I1	reach_own_memory(), pages(), groups(), registers() in invariants.c, of
 *		each state; device_reached() in reach.c, of each access of a device
 *	I2	routes(), groups(); VM_ROUTE in spec_vm.c and spec_device.c
 *	I3	VM_ROUTE and MEM_VM_INIT: a VM that exists gets no route, nor any device
 *	I4	attachments(); every handle in a specification is looked up by owner
 *	I5	pages(), counts; owner_changes(), page_is_freed(), ghost_caches() in
 *		reach.c: what SMMUs have cached
 *	I6	live_streams(); drain_step() in spec_vm.c, the order; groups(); check_ste()
 *		in concrete.c; boot tests: nothing passes before the first attach
 *	I7	steps are bounded (GHOST_MAX_STEP, PKVM_IOMMU_TOPUP_MAX, waits() in
 *		spec_guest.c), and calls end (walk/shrink.c); what fails changed nothing, or
 *		just what it says: compare.c after each call, fail_nth for each failure
 *	I8	spec_after_failure(), lose(): what may be different after hardware failed;
 *		WARN_ON() is a failure of the test
 *	I9	pools: each owner gets back what it lent, no more and no less
 *		(ghost_differ(), boot_pages() in walk/step.c); locks in hyp/lock.c: their
 *		order, and none kept. How long a CPU waits for a lock is not measured here.
 *
 * A specification is a relation: given the state before a call, the call and its
 * result, which states may follow? Where the interface leaves a choice (how much of
 * a mapping is done in one step), the function looks at the result or at the
 * state that followed, and checks that the choice was allowed.
 */
#ifndef NATIVE_GHOST_H
#define NATIVE_GHOST_H

#include "../hyp/machine.h"

#define GHOST_MAX_VMS		4
#define GHOST_MAX_DOMAINS	24
#define GHOST_MAX_ROUTES	16
#define GHOST_MAX_PAGES		2048

/* Owners of pages, streams, domains and devices; VM n is GHOST_VM + n */
enum { GHOST_HOST, GHOST_EL2, GHOST_VM, GHOST_NOBODY = 255 };

/**
 * struct ghost_page - a page of memory
 * @owner: who owns it
 * @host: PKVM_PAGE_*: what the host may do with it
 * @idmap: devices with the host's identity domain reach it
 * @dma: how often domains map it
 * @lent: how often plain VMs have it
 */
struct ghost_page {
	u8	owner;
	u8	host;
	bool	idmap;
	u32	dma;
	u32	lent;
};

/**
 * struct ghost_leaf - what a domain maps in one piece
 * @iova: input address
 * @phys: output address
 * @size: a page or a block; it can be unmapped as a whole only
 * @read: devices may read
 * @write: devices may write
 * @stale: unmapped, but an SMMU did not confirm that it forgot
 */
struct ghost_leaf {
	u64	iova, phys, size;
	bool	read, write, stale;
};

struct ghost_map {
	struct ghost_leaf	*leaf;	/* sorted by iova */
	unsigned int		nr, max;
};

/**
 * struct ghost_domain - an IO address space
 * @used: exists
 * @owner: who made it; the handle means nothing to anyone else (I4)
 * @handle: its name
 * @dying: FREE_DOMAIN has begun and will be repeated
 * @wedged: an SMMU did not confirm an invalidation: nothing of it is ever released
 * @streams: streams attached
 * @map: what it maps
 */
struct ghost_domain {
	bool			used, dying, wedged;
	u8			owner;
	u64			handle;
	u32			streams;
	struct ghost_map	map;
};

/**
 * struct ghost_stream - a stream of a device
 * @known: the host has had it attached once
 * @owner: GHOST_HOST, a VM, or GHOST_NOBODY: of a device that is lost
 * @domain: handle, or PKVM_IOMMU_DOMAIN_BLOCKED or _IDENTITY
 * @live: an SMMU may translate for it; without a domain: it did not confirm that the
 *	stream aborts, after an attach that failed
 */
struct ghost_stream {
	bool	known, live;
	u8	owner;
	u64	domain;
};

/* (pvIOMMU, vSID) of a VM names a stream (I2) */
struct ghost_route {
	u32	pviommu, vsid, sid;
	u8	smmu;
	bool	blocked;
};

/* A fault that a VM has not asked for; and how many it can have */
struct ghost_event {
	u64	iova, reason;
	u32	pviommu, vsid;
};

#define GHOST_MAX_EVENTS	16

/*
 * Devices of a group change hands together:
 *
 *	HOST --VM_ROUTE--> TO_VM --reset--> VM --VM_DRAIN--> TO_HOST --reset--> HOST
 *	                     '------ failed ------> LOST <------ failed ------'
 *
 * In HOST the host's CPUs reach the registers, and those of plain VMs to which it
 * lends them; in VM those of the VM, each page at one address; else nobody. No device
 * reaches them, ever.
 */
enum ghost_group_state { GROUP_HOST, GROUP_TO_VM, GROUP_VM, GROUP_TO_HOST, GROUP_LOST };

/**
 * struct ghost_group - devices that are assigned together
 * @state: how far
 * @owner: GHOST_HOST, a VM, or GHOST_NOBODY; all their streams have it too
 * @clean: no device of it holds what its last owner left
 * @host: a page of their registers is in the stage 2 of the host
 * @lent: leaves of plain VMs that have registers of it
 */
struct ghost_group {
	enum ghost_group_state	state;
	u8			owner;
	bool			clean, host;
	u64			lent;
};

enum ghost_life { VM_NONE, VM_RESERVED, VM_LIVE, VM_DYING };

/**
 * struct ghost_vm - a VM
 * @life: how far it is
 * @context: it has memory or routes at EL2's IOMMU code
 * @dead: the drain has begun: the context ends
 * @served: its hypercalls are handled: the context was there when it started
 * @plain: it owns no memory, but is lent pages of the host's
 * @host_has_regs: a route is to a device whose registers stayed with the host
 * @routes: routes, in the order in which they were made
 * @nr_routes: how many
 * @wait_for: what its last call waits for: a page, or memory, see memory()
 * @waits: how often the host was asked for it
 * @gfn: its memory, as entries of its stage 2
 * @events: its faults, the oldest first
 * @nr_events: how many
 * @lost: how many more there were
 */
struct ghost_vm {
	enum ghost_life		life;
	bool			context, dead, served, plain, host_has_regs;
	struct ghost_route	routes[GHOST_MAX_ROUTES];
	unsigned int		nr_routes;
	u64			wait_for;
	unsigned int		waits;
	kvm_pte_t		gfn[NATIVE_GUEST_PAGES];
	struct ghost_event	events[GHOST_MAX_EVENTS];
	unsigned int		nr_events;
	u32			lost;
};

/* Memory that an owner lent to EL2 (I9) */
struct ghost_pool {
	u64	free, used;
};

struct ghost {
	struct ghost_page	page[GHOST_MAX_PAGES];
	unsigned int		nr_pages;
	struct ghost_domain	domain[GHOST_MAX_DOMAINS];
	struct ghost_stream	stream[SIM_MAX_SMMUS][NR_SIDS];
	bool			smmu_dead[SIM_MAX_SMMUS];
	struct ghost_group	group[MACHINE_MAX_GROUPS];
	struct ghost_vm		vm[GHOST_MAX_VMS];
	struct ghost_pool	pool[1 + GHOST_MAX_VMS];	/* the host's, then VMs' */
};

/* Who calls, what, and how it ended */
struct ghost_call {
	u8			caller;
	u64			op;
	u64			arg[6];		/* x2 to x7 */
	struct call_result	result;		/* of the host */
	struct guest_result	guest;		/* of a guest */
	u64			func;		/* x0 of a guest */
};

/* NULL: allowed. Else what the specification says against it. */
typedef const char *ghost_verdict;

/* @post becomes what it should be: the caller compares */
ghost_verdict spec_host(struct ghost *g, const struct ghost_call *c, const struct ghost *post);
ghost_verdict spec_vm(struct ghost *g, const struct ghost_call *c, const struct ghost *post);
ghost_verdict spec_guest(struct ghost *g, const struct ghost_call *c, const struct ghost *post);

/* Calls about memory and the life of VMs, which others handle (spec_memory.c) */
enum ghost_memory_op {
	MEM_SHARE_HYP, MEM_UNSHARE_HYP,		/* pfn */
	MEM_DONATE_GUEST,			/* pfn, gfn, vm */
	MEM_GUEST_SHARE, MEM_GUEST_UNSHARE,	/* vm, gfn */
	MEM_FORCE_RECLAIM,			/* phys */
	MEM_VM_RESERVE,
	MEM_VM_UNRESERVE, MEM_VM_INIT /* , plain */, MEM_VM_DYING, MEM_VM_FINALIZE,	/* vm */
	MEM_VM_RECLAIM,				/* vm, gfn */
	MEM_LEND_GUEST,				/* pfn, gfn, vm, pinned */
	MEM_TAKE_BACK, MEM_WRPROTECT,		/* vm, gfn */
	MEM_MAP_REGISTERS,			/* pfn, gfn, vm */
	MEM_HOST_TOUCH,				/* phys, outside memory */
	MEM_VM_TOUCH,				/* vm, gfn of registers */
	MEM_LEND_MMIO,				/* pfn, gfn, vm */
	MEM_TAKE_BACK_MMIO,			/* vm, gfn */
	NR_MEM_OPS,
};

ghost_verdict spec_memory(struct ghost *g, const struct ghost_call *c, const struct ghost *post);

/* Tolerance: what may go on besides, or have gone wrong, while a call runs */
struct ghost_weather {
	bool	raced;		/* other calls ran at the same time before */
	bool	no_memory;	/* an allocation was made to fail */
	bool	no_donation;	/* a donation was made to fail */
	bool	hardware;	/* an SMMU was made to fail, now or before */
	bool	devices;	/* a device was made to fail, now or before */
	bool	hostile;	/* shared memory changed during the call */
};

extern struct ghost_weather weather;

/* abstract.c */
void ghost_read(struct ghost *g);
/* Has @now all that @was has, and the other way round? */
ghost_verdict ghost_differ(const struct ghost *want, const struct ghost *have);
void ghost_copy(struct ghost *to, const struct ghost *from);
struct iommu_vm *ghost_context(unsigned int vm);
u8 ghost_stream_owner(unsigned int smmu, unsigned int sid);
/* What EL2 knows of a stream, or NULL */
struct hyp_iommu;
struct hyp_stream *ghost_stream_of(const struct hyp_iommu *smmu, u32 sid);
/* The owner of streams and domains that EL2 knows by this address */
struct iommu_owner;
u8 ghost_owner(const struct iommu_owner *owner);

/* invariants.c */
ghost_verdict ghost_invariants(const struct ghost *g);

/*
 * smmu/check.c, hw_ideal/model.c: what the IOMMU has is what the core thinks. A stream
 * may be NULL: there is no room for it. @id: of the domain that it is attached to, or 0.
 */
struct hyp_iommu;
struct hyp_stream;
struct sim_smmu;
ghost_verdict hw_check_stream(struct hyp_iommu *iommu, u32 sid, const struct hyp_stream *stream,
			      u16 id);
/* Events are numbered from 0 on, whoever reads them and when */
ghost_verdict hw_check_events(struct hyp_iommu *iommu, const struct sim_smmu *sim);

/* concrete.c: what the EL2 code's structures must agree on among themselves */
ghost_verdict ghost_concrete(void);

/* derived.c: what these structures keep although it follows from others of them */
ghost_verdict ghost_derived(void);
/* Each leaf of a domain, while ghost_read() is at it */
void ghost_forget_leaves(void);
void ghost_note_leaf(u64 pte, s8 level);

/* spec_event.c: follow the streams, so as to know whose an event was when it came */
void ghost_watch_events(void);
void ghost_streams_changed(const struct ghost *was, const struct ghost *is);

/* reach.c */
void ghost_watch_devices(void);
ghost_verdict ghost_caches(const struct ghost *g);

/* lookup.c */
unsigned int page_index(u64 phys);
u64 page_phys(unsigned int idx);
struct ghost_page *page_at(struct ghost *g, u64 phys);
bool page_is_memory(u64 phys);
bool in_registers(u64 phys);
struct ghost_domain *find_domain(struct ghost *g, u8 owner, u64 handle);
struct ghost_domain *unused_domain(struct ghost *g);
struct ghost_stream *find_stream(struct ghost *g, u64 smmu, u64 sid);
struct ghost_vm *find_vm(struct ghost *g, u64 handle);
struct ghost_pool *pool_of(struct ghost *g, u8 owner);
struct ghost_route *find_route(struct ghost_vm *vm, u64 pviommu, u64 vsid);
bool host_reaches(const struct ghost_page *page);
bool was_lent(const kvm_pte_t gfn[NATIVE_GUEST_PAGES], u64 phys, bool write);
u8 vm_number(u64 handle);

/* Devices are described by machine_now.devices; -1: it is of none */
int group_of_stream(u64 smmu, u64 sid);
int group_of_registers(u64 phys);
bool group_is_resettable(unsigned int group);
bool group_is_broken(unsigned int group);

/* map.c */
const struct ghost_leaf *map_find(const struct ghost_map *map, u64 iova);
bool map_overlaps(const struct ghost_map *map, u64 iova, u64 size);
void map_add(struct ghost *g, struct ghost_domain *domain, const struct ghost_leaf *leaf);
void map_append(struct ghost_map *map, const struct ghost_leaf *leaf);
void map_del(struct ghost *g, struct ghost_domain *domain, u64 iova);
void map_clear(struct ghost *g, struct ghost_domain *domain);

/* Geometry that is the same for every domain */
u64 ghost_ias(void);
u64 ghost_oas(void);
#define GHOST_BLOCK		(PAGE_SIZE * PTRS_PER_PTE)
/* How often a page can be mapped */
#define GHOST_MAX_MAPS		BIT(30)
/* Most that one call maps or unmaps (I7) */
#define GHOST_MAX_STEP		GHOST_BLOCK
/* ... and what one call takes out, if it is all blocks */
#define GHOST_MAX_LIST		(16 * GHOST_BLOCK)

#endif /* NATIVE_GHOST_H */
