/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest driver of the pKVM paravirtual IOMMU: shared declarations.
 *
 *	core.c		pvIOMMUs and devices; uses all other files, which do not use it
 *	features.c	features of the hypervisor
 *	domain.c	domains: map, unmap
 *	attach.c	attaching the streams of a device
 *	../iova-map.c	what a domain maps
 *	../map-list.c	scatterlists
 *	../lazy.c	what a flush queue unmaps
 *	verify.c	does this VM own the registers of a device?
 *	pools.c		bounce buffers and atomic allocations
 *	events.c	faults of devices
 *
 * linux/pkvm-iommu-guest.h declares the hypercalls, and
 * Documentation/virt/kvm/arm/pkvm-pviommu-guest-abi.rst describes them.
 *
 * Locking, outermost first:
 *
 *	iommu_probe_device_lock (iommu core) serialises of_xlate, probe_device and
 *	device_group;
 *	group->mutex (iommu core) serialises attach and release in one group, and so
 *	guards pviommu_master.streams;
 *	pviommu.lock guards the devices in pviommu.streams and their domains against the
 *	report of faults;
 *	the lock of the xarray pviommu.streams guards the xarray.
 *
 * The driver holds only pkvm_lazy.flush_lock across a hypercall. EL2 serialises accesses to
 * shared state, and callers of map and unmap own their IOVA range.
 */
#ifndef __PKVM_PVIOMMU_PRIV_H__
#define __PKVM_PVIOMMU_PRIV_H__

#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/pkvm-iommu-guest.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../lazy.h"
#include "../map-list.h"

/**
 * struct pviommu - one pvIOMMU of the device tree
 * @iommu: its registration in the iommu core
 * @dev: the platform device; never unbound
 * @id: its number, an argument of each call that names a stream
 * @pgsize_bitmap: page and block sizes, the smallest is EL2's granule; or only the guest's
 *	PAGE_SIZE if the hypervisor lacks PVIOMMU_OP_FEATURES
 * @input_bits: input address bits of a domain
 * @features: PVIOMMU_FEATURE_*
 * @streams: vSID -> struct pviommu_master
 * @lock: see the top of this file
 * @has_events: the hypervisor reports faults
 * @poll: polls for faults if the pvIOMMU has no interrupt
 */
struct pviommu {
	struct iommu_device	iommu;
	struct device		*dev;
	u32			id;
	u64			pgsize_bitmap;
	unsigned int		input_bits;
	u64			features;
	struct xarray		streams;
	struct mutex		lock;	/* see the top of this file */
	bool			has_events;
	struct delayed_work	poll;
};

/**
 * struct pviommu_stream - a stream of a device
 * @handle: handle of the domain to which it is attached. Not a pointer, because the stream
 *	stays attached if EL2 refuses to detach it, even when the core frees the domain
 * @vsid: its virtual stream ID
 * @attached: @handle is valid
 */
struct pviommu_stream {
	u64	handle;
	u32	vsid;
	bool	attached;
};

/**
 * struct pviommu_master - a device behind a pvIOMMU
 * @dev: the device
 * @pviommu: the pvIOMMU of all its streams
 * @domain: the domain to which all its streams are attached, or NULL
 * @nr_streams: number of its streams
 * @streams: its streams, each vSID once
 */
struct pviommu_master {
	struct device		*dev;
	struct pviommu		*pviommu;
	struct iommu_domain	*domain;
	unsigned int		nr_streams;
	struct pviommu_stream	streams[] __counted_by(nr_streams);
};

struct platform_device;

/**
 * struct pviommu_domain - a paging domain
 * @domain: the domain in the iommu core
 * @pviommu: pvIOMMU of the device for which the domain was made. Devices of other pvIOMMUs
 *	can be attached as well, since to EL2 a domain belongs to the VM
 * @handle: handle of the domain at EL2, valid in this VM
 * @map: its mappings. EL2 could translate only to physical addresses, which it must not
 *	disclose to a guest
 * @lazy: ranges that a flush queue has unmapped, and that EL2 has still mapped
 */
struct pviommu_domain {
	struct iommu_domain	domain;
	struct pviommu		*pviommu;
	u64			handle;
	struct pkvm_iova_map	map;
	struct pkvm_lazy	lazy;
};

static inline struct pviommu_domain *
to_pviommu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct pviommu_domain, domain);
}

static inline int pviommu_errno(const struct arm_smccc_res *res)
{
	switch ((s32)res->a0) {
	case SMCCC_RET_SUCCESS:
		return 0;
	case SMCCC_RET_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case SMCCC_RET_INVALID_PARAMETER:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* Make a hypercall. pviommu_probe() has checked that the conduit is HVC. */
static inline int pviommu_call(enum pviommu_op op, u64 a2, u64 a3, u64 a4,
			       u64 a5, u64 a6, struct arm_smccc_res *res)
{
	/* EL2 reads 64 bits of x1: an enum would leave the upper half undefined */
	arm_smccc_1_1_hvc(PVIOMMU_OP_FUNC_ID, (u64)op, a2, a3, a4, a5, a6, res);

	return pviommu_errno(res);
}

/* features.c */
int pviommu_features(struct pviommu *pviommu);

/* attach.c */
extern struct iommu_domain pviommu_blocked_domain;
int pviommu_attach_dev(struct iommu_domain *domain, struct device *dev,
		       struct iommu_domain *old);

/* domain.c */
struct iommu_domain *pviommu_domain_alloc(struct pviommu *pviommu);
u64 pviommu_prot(int prot);	/* exported for the KUnit tests */

/* verify.c */
int pviommu_verify(const struct pviommu *pviommu, struct device *dev);

/* pools.c */
void pviommu_private_pools(struct device *dev);

/* events.c */
int pviommu_events_init(struct pviommu *pviommu, struct platform_device *pdev);

#endif /* __PKVM_PVIOMMU_PRIV_H__ */
