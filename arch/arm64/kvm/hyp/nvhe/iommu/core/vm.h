/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VM has at the IOMMU: memory it paid for, routes, domains.
 *
 *	(none) --topup--> OPEN --__pkvm_init_vm--> FROZEN --dies--> drained --> (none)
 *	                   '------ never starts ---------------------^
 *
 * The host fills in routes while the VM's handle is only reserved. From the
 * moment the VM's EL2 object exists they are frozen (I3) and read without a
 * lock. A VM that has a context can neither have its pages reclaimed nor its
 * handle released until it is drained: its streams abort, synchronised, before
 * anything else happens (I6).
 *
 * vm_table_lock guards the table of contexts and iommu_vm::users, ::draining and
 * ::dead.
 */
#ifndef __PKVM_IOMMU_VM_H__
#define __PKVM_IOMMU_VM_H__

#include <asm/kvm_pkvm.h>

#include <core/domain.h>

/**
 * struct iommu_route - (pvIOMMU, vSID) of one VM names one stream, 1:1 (I2)
 * @pviommu: pvIOMMU, as the guest names it
 * @vsid: virtual stream ID on it
 * @sid: stream ID on @iommu
 * @blocked: the VM is dead and the stream aborts
 * @hung: the VM is dead, and the IOMMU hangs and may translate for the stream
 * @iommu: IOMMU
 */
struct iommu_route {
	u32			pviommu;
	u32			vsid;
	u32			sid;
	bool			blocked, hung;
	struct hyp_iommu		*iommu;
};

/**
 * struct iommu_route_page - as many routes as a page holds
 * @next: page that was filled before this one
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
 * @owner: its memory and domains
 * @users: host calls in progress
 * @draining: a step of the drain is in progress
 * @dead: the drain has begun: nobody else uses the context from now on, nor does
 *	the VM get it, should the host bring it to life in the middle
 * @host_has_regs: a route is to an assignable device whose registers stayed with
 *	the host, which is no good for a protected VM
 * @routes: routes, newest page first
 * @events: faults that the VM has not asked for
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
