/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains, their owners, and the locks of DMA isolation.
 *
 * Lock order, outermost first:
 *
 *	vm_table_lock			life of VMs (pkvm.c), see vm.h
 *	host_mmu.lock			page ownership (mem_protect.c)
 *	  hyp_iommu::lock		streams of one IOMMU, its address space IDs
 *	    hyp_iommu_domain::lock	page table and bindings of one domain
 *	      iommu_pool::lock		free pages of one owner
 *	      locks of the IOMMU's driver
 *	    iommu_events::lock	faults that wait for one VM
 *
 * host_mmu.lock is never taken with another of these held, nor is the lock of a
 * guest's stage 2, which a guest's map takes to pin its pages. Map and unmap
 * take the domain's lock and those below it only. A handle is looked up without
 * a lock, see domain_handle.h.
 */
#ifndef __PKVM_IOMMU_DOMAIN_H__
#define __PKVM_IOMMU_DOMAIN_H__

#include <asm/kvm_pkvm.h>
#include <asm/pkvm-iommu-host.h>

#include <nvhe/spinlock.h>

#include <core/domain_handle.h>
#include <core/events.h>
#include <hw.h>
#include <memory/pgtable.h>
#include <memory/pool.h>

/**
 * struct iommu_owner - the host, or a VM
 * @pool: memory it lent to EL2
 * @handles: its domains; a handle means nothing to anyone else (I4)
 * @events: faults of its devices; NULL if it is not a VM
 * @vm: handle of the VM that it is, 0 for the host
 */
struct iommu_owner {
	struct iommu_pool	pool;
	struct iommu_handles	handles;
	struct iommu_events	*events;
	pkvm_handle_t		vm;
};

/**
 * struct hyp_stream - what the core knows about a stream
 * @domain: what it is attached to, or NULL
 * @owner: who may attach it, NULL: the host
 * @may_be_live: the IOMMU may translate for it: set before it is told to, cleared only
 *	once it has confirmed that the stream aborts
 * @pviommu: and @vsid: what its owner, a VM, calls it
 * @vsid: see @pviommu
 * @first_event: number of the first event that is @owner's
 */
struct hyp_stream {
	struct hyp_iommu_domain	*domain;
	struct iommu_owner	*owner;
	bool			may_be_live;
	u32			pviommu;
	u32			vsid;
	u64			first_event;
};

/**
 * struct hyp_iommu_domain - an IO address space
 * @lock: guards all that follows
 * @pgt: page table
 * @owner: who made it
 * @slot: that of its handle, see domain_handle.h
 * @nr_streams: attached streams, over all IOMMUs
 * @wedged: an IOMMU did not answer an invalidation: never freed, pins stay
 * @nr_bindings: size of @bindings, what fits in the page; for the identity map, all IOMMUs
 * @nr_used: of @bindings, those beyond were never in use
 * @bindings: where the domain is attached
 */
struct hyp_iommu_domain {
	hyp_spinlock_t		lock;
	struct iommu_pgtable	pgt;
	struct iommu_owner	*owner;
	u64			*slot;
	u32			nr_streams;
	bool			wedged;
	u32			nr_bindings;
	u32			nr_used;
	struct iommu_binding	bindings[];
};

extern struct iommu_owner iommu_host;

/* init.c: IOMMUs, fixed once pKVM is finalised */
extern struct hyp_iommu **hyp_iommus;
extern unsigned int hyp_nr_iommus;
struct hyp_iommu *iommu_by_id(u64 id);

#define for_each_iommu(iommu)						\
	for (unsigned int __i = 0;					\
	     __i < hyp_nr_iommus && ((iommu) = hyp_iommus[__i], true); __i++)

long iommu_register(u64 base, u64 size, u64 flags, u64 pfn, u64 nr_pages, u64 *out);
int iommu_finalise(void);

/* domain.c */
void domain_init(struct hyp_iommu_domain *domain, struct iommu_owner *owner, size_t size);
long domain_alloc(struct iommu_owner *owner, u64 *pages);
int domain_free(struct iommu_owner *owner, u64 handle);
int domain_tlb_inv(struct hyp_iommu_domain *domain, u64 iova, u64 size, s8 level);
/* hyp_iommu::lock held */
struct iommu_binding *domain_bind(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu);
int domain_unbind(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu);

/* stream.c; how many bytes an IOMMU's table of streams takes at first */
size_t stream_table_size(const struct hyp_iommu *iommu);
/* hyp_iommu::lock held */
int stream_get(struct hyp_iommu *iommu, u64 sid, struct iommu_pool *pool,
	       struct hyp_stream **stream);
int stream_attach_host(u64 iommu, u64 sid, u64 handle, u64 *pages);
int stream_attach_guest(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid, u64 handle,
			bool attach);
int stream_check_free(struct hyp_iommu *iommu, u64 sid);
int stream_claim(struct iommu_owner *owner, struct hyp_iommu *iommu, u64 sid);
int stream_block(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid);
void stream_set_vsid(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid, u32 pviommu,
		     u32 vsid);
void stream_disown(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid,
		   struct iommu_owner *heir);

/* map.c */
/* A piece of memory in a register: number of pages, less one, in the low bits */
#define LIST_ADDR(piece)	((piece) & PAGE_MASK)
#define LIST_SIZE(piece)	((((piece) & ~PAGE_MASK) + 1) << PAGE_SHIFT)

/**
 * struct map_run - memory or registers to map: contiguous, and pinned alike
 * @phys: start
 * @size: bytes, a multiple of the page size
 * @prot: IOMMU_READ | ..., and how it is pinned, see IOMMU_PTE_PIN
 */
struct map_run {
	u64	phys, size;
	int	prot;
};

int iova_check_range(u64 iova, u64 size);
bool prot_is_valid(u64 prot);
int domain_map_runs(struct hyp_iommu_domain *domain, u64 iova, const struct map_run *run,
		    unsigned int nr, u64 *done);
int domain_map(struct iommu_owner *owner, u64 handle, u64 iova, u64 phys, u64 size,
	       u64 prot, u64 *done, u64 *pages);
int domain_map_list(struct iommu_owner *owner, u64 handle, u64 iova, const u64 *pieces,
		    u32 nr, u64 prot, u64 *done, u64 *pages);
int domain_unmap(struct iommu_owner *owner, u64 handle, u64 iova, u64 size, u64 *done);
int domain_unmap_list(struct iommu_owner *owner, u64 handle, const u64 *ranges, u32 nr, u64 *done);

/* idmap.c */
void *host_idmap_alloc(unsigned int nr_pages);
int host_idmap_add_window(u64 base, u64 size);
int host_idmap_build(bool blocks);
extern struct hyp_iommu_domain *host_idmap;

#endif /* __PKVM_IOMMU_DOMAIN_H__ */
