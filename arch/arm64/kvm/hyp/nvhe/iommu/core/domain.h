/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains, streams and their owners, and the lock order of DMA isolation at EL2.
 *
 * Lock order, outermost first:
 *
 *	vm_table_lock			VMs (pkvm.c), their contexts and routes (vm.h)
 *	host_mmu.lock			owners of pages and of devices' registers
 *	  pkvm_hyp_vm::lock		stage 2 of one guest
 *	  hyp_iommu::lock		streams and address space IDs of one IOMMU
 *	    hyp_iommu_domain::lock	page table and bindings of one domain
 *	      iommu_pool::lock		unused pages of one owner
 *	      locks of the IOMMU driver
 *	    iommu_events::lock		queued faults of one VM
 *	iommu_handles::lock		allocation of one owner's handles
 *	  iommu_pool::lock
 *
 * EL2 takes host_mmu.lock while it holds no lock of this list but vm_table_lock. Map
 * first pins pages: those of a guest under pkvm_hyp_vm::lock, those of the host without a
 * lock. Map and unmap then take the domain's lock and the locks below it. EL2 looks up a
 * handle without a lock, see domain_handle.h.
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
 * struct iommu_owner - an owner of streams and domains: the host or one VM
 * @pool: pages that the host donated to EL2 for this owner
 * @handles: the owner's domains; a handle is valid for this owner only (I4)
 * @events: queued faults of the VM's devices; NULL if the owner is not a VM
 * @vm: handle of the VM; 0 if the owner is not a VM
 */
struct iommu_owner {
	struct iommu_pool	pool;
	struct iommu_handles	handles;
	struct iommu_events	*events;
	pkvm_handle_t		vm;
};

/**
 * struct hyp_stream - what the core knows about a stream
 * @domain: domain that the stream is attached to, or NULL
 * @owner: owner of the stream; NULL if the host owns it
 * @may_be_live: the IOMMU can translate for the stream. The core sets this before it
 *	installs a page table, and clears it once the IOMMU confirmed that the stream
 *	aborts.
 * @pviommu: with @vsid, the name that the owning VM has for the stream
 * @vsid: virtual stream ID on @pviommu
 * @first_event: number of the first event that belongs to the current owner
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
 * @lock: guards all fields below
 * @pgt: page table
 * @owner: owner that allocated the domain
 * @slot: slot of the domain's handle, see domain_handle.h; NULL for the identity domain
 * @nr_streams: attached streams, over all IOMMUs
 * @wedged: an IOMMU did not answer an invalidation; EL2 never frees the domain
 * @nr_bindings: entries in @bindings: what fits in the page, or one for each IOMMU in the
 *	identity domain
 * @nr_used: entries of @bindings that have ever been in use; they come first
 * @bindings: IOMMUs that the domain is attached on
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

/* init.c: the IOMMUs; they do not change once pKVM is finalised */
extern struct hyp_iommu **hyp_iommus;
extern unsigned int hyp_nr_iommus;
struct hyp_iommu *iommu_by_id(u64 id);

#define for_each_iommu(iommu)						\
	for (unsigned int __i = 0;					\
	     __i < hyp_nr_iommus && ((iommu) = hyp_iommus[__i], true); __i++)

long iommu_register(u64 base, u64 size, u64 flags, u64 pfn, u64 nr_pages, u64 *out);
int iommu_finalise(u64 flags);

/* domain.c */
void domain_init(struct hyp_iommu_domain *domain, struct iommu_owner *owner, size_t size);
long domain_alloc(struct iommu_owner *owner, u64 *pages);
int domain_free(struct iommu_owner *owner, u64 handle);
int domain_tlb_inv(struct hyp_iommu_domain *domain, u64 iova, u64 size, s8 level);
/* Context: hyp_iommu::lock held */
struct iommu_binding *domain_bind(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu);
int domain_unbind(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu);

/* stream.c; stream_table_size(): bytes of hyp_iommu::streams, without chunks */
size_t stream_table_size(const struct hyp_iommu *iommu);
/* Context: hyp_iommu::lock held */
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
/* An entry of a list, in one register: page address, and number of pages minus one */
#define LIST_ADDR(piece)	((piece) & PAGE_MASK)
#define LIST_SIZE(piece)	((((piece) & ~PAGE_MASK) + 1) << PAGE_SHIFT)

/**
 * struct map_run - a contiguous range to map, all of it pinned in the same way
 * @phys: physical address, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 * @prot: IOMMU_READ | ..., and in IOMMU_PROT_PIN how the range is pinned
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
