/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Context of a VM at the IOMMU: its memory, routes and domains.
 *
 *	none --VM_TOPUP--> OPEN --__pkvm_init_vm--> FROZEN --VM_DRAIN--> draining --> none
 *	                    '- VM_DRAIN, if the VM did not get the context ^
 *
 * The host adds routes while the VM's handle is only reserved. Once the VM's EL2 object
 * exists, the routes do not change (I3), and EL2 reads them without a lock. VM_DRAIN
 * works in bounded steps. The first makes all streams of the VM abort, synchronised (I6).
 * As long as the context exists, the host can neither reclaim pages of the VM nor release
 * its handle.
 *
 * vm_table_lock guards the table of contexts and iommu_vm::users, ::draining and ::dead.
 */
#ifndef __PKVM_IOMMU_VM_H__
#define __PKVM_IOMMU_VM_H__

#include <asm/kvm_pkvm.h>

#include <core/domain.h>

/**
 * struct iommu_route - the name (pvIOMMU, vSID) of one stream in one VM, 1:1 (I2)
 * @pviommu: number of the pvIOMMU, as the guest knows it
 * @vsid: virtual stream ID on @pviommu
 * @sid: stream ID on @iommu
 * @blocked: VM_DRAIN has made the stream abort, synchronised
 * @hung: VM_DRAIN could not make the stream abort: @iommu can still translate for it
 * @iommu: IOMMU of the stream
 */
struct iommu_route {
	u32			pviommu;
	u32			vsid;
	u32			sid;
	bool			blocked, hung;
	struct hyp_iommu		*iommu;
};

/**
 * struct iommu_route_page - as many routes as fit in a page
 * @next: page that was filled before this one, or NULL
 * @nr: routes in use
 * @routes: routes
 */
struct iommu_route_page {
	struct iommu_route_page	*next;
	u32			nr;
	struct iommu_route	routes[];
};

#define ROUTES_PER_PAGE							\
	((PAGE_SIZE - offsetof(struct iommu_route_page, routes)) / sizeof(struct iommu_route))

/**
 * struct iommu_vm - context of a VM, one page
 * @owner: the VM as an owner of memory, streams and domains
 * @users: number of host calls that use the context now
 * @draining: a VM_DRAIN call is in progress
 * @dead: VM_DRAIN has begun. From now on only VM_DRAIN uses the context, and a VM that
 *	the host starts now does not get it.
 * @host_has_regs: a route names a stream of an assignable device whose registers the host
 *	kept, so a protected VM must not get the context
 * @routes: routes, newest page first
 * @events: faults that the guest has not fetched yet
 */
struct iommu_vm {
	struct iommu_owner	owner;
	u32			users;
	bool			draining;
	bool			dead;
	bool			host_has_regs;
	struct iommu_route_page	*routes;
	struct iommu_events	events;
};

/* Host calls, see enum pkvm_iommu_op */
int iommu_vm_topup(u64 handle, struct kvm_hyp_memcache *mc);
int iommu_vm_route(u64 handle, u32 pviommu, u32 vsid, u64 iommu, u64 sid, u64 flags,
		   u64 *pages);
int iommu_vm_drain(u64 handle, struct kvm_hyp_memcache *mc);

const struct iommu_route *iommu_vm_find_route(const struct iommu_vm *vm, u32 pviommu, u32 vsid);

#endif /* __PKVM_IOMMU_VM_H__ */
