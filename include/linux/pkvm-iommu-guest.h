/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest interface of the pKVM paravirtual IOMMU: with these hypercalls a guest maps its
 * own memory for the devices that are assigned to it. EL2 handles them without the host.
 *
 * This header has the numbers. Documentation/virt/kvm/arm/pkvm-pviommu-guest-abi.rst
 * has the registers and results of each call, and what EL2 refuses. The ABI is stable:
 * functions, and ops below 0x10, are deployed in guests and never change. A guest
 * discovers other ops by PVIOMMU_OP_FEATURES.
 */
#ifndef __LINUX_PKVM_IOMMU_GUEST_H
#define __LINUX_PKVM_IOMMU_GUEST_H

#include <linux/arm-smccc.h>
#include <linux/bits.h>
#include <linux/types.h>

#define PVIOMMU_HYP_CALL(nr)						\
	ARM_SMCCC_CALL_VAL(ARM_SMCCC_FAST_CALL, ARM_SMCCC_SMC_64,	\
			   ARM_SMCCC_OWNER_VENDOR_HYP, nr)

#define PVIOMMU_DEV_REQ_DMA_FUNC_ID	PVIOMMU_HYP_CALL(0x3d)
#define PVIOMMU_OP_FUNC_ID		PVIOMMU_HYP_CALL(0x3e)
#define PVIOMMU_DEV_REQ_MMIO_FUNC_ID	PVIOMMU_HYP_CALL(0x3f)

/**
 * enum pviommu_op - x1 of PVIOMMU_OP_FUNC_ID
 * @PVIOMMU_OP_ATTACH_DEV: attach a blocked stream to a domain
 * @PVIOMMU_OP_DETACH_DEV: block a stream
 * @PVIOMMU_OP_ALLOC_DOMAIN: make a domain
 * @PVIOMMU_OP_FREE_DOMAIN: free a domain
 * @PVIOMMU_OP_MAP_PAGES: map a range of the guest's memory in a domain
 * @PVIOMMU_OP_UNMAP_PAGES: unmap a range of IOVAs
 * @PVIOMMU_OP_FEATURES: say which ops, page sizes and IOVAs there are
 * @PVIOMMU_OP_GET_EVENT: take the oldest fault of the VM's devices
 * @PVIOMMU_OP_MAP_LIST: map a list of ranges of the guest's memory
 * @PVIOMMU_OP_UNMAP_LIST: unmap a list of ranges of IOVAs
 */
enum pviommu_op {
	PVIOMMU_OP_ATTACH_DEV	= 0,
	PVIOMMU_OP_DETACH_DEV	= 1,
	PVIOMMU_OP_ALLOC_DOMAIN	= 2,
	PVIOMMU_OP_FREE_DOMAIN	= 3,
	PVIOMMU_OP_MAP_PAGES	= 4,
	PVIOMMU_OP_UNMAP_PAGES	= 5,

	PVIOMMU_OP_FEATURES	= 0x10,
	PVIOMMU_OP_GET_EVENT	= 0x11,
	PVIOMMU_OP_MAP_LIST	= 0x12,
	PVIOMMU_OP_UNMAP_LIST	= 0x13,
};

/* MAP_PAGES x6; EL2 refuses other bits */
#define PVIOMMU_PROT_READ	BIT(0)
#define PVIOMMU_PROT_WRITE	BIT(1)
#define PVIOMMU_PROT_CACHE	BIT(2)
#define PVIOMMU_PROT_NOEXEC	BIT(3)
#define PVIOMMU_PROT_MMIO	BIT(4)
#define PVIOMMU_PROT_PRIV	BIT(5)

/* FEATURES x1 */
#define PVIOMMU_FEATURE_EVENTS	BIT(0)	/* PVIOMMU_OP_GET_EVENT */
#define PVIOMMU_FEATURE_MAP_LIST BIT(1)	/* PVIOMMU_OP_MAP_LIST */
#define PVIOMMU_FEATURE_UNMAP_LIST BIT(2)	/* PVIOMMU_OP_UNMAP_LIST */

/* GET_EVENT x3: the type is the SMMUv3's number of the event */
#define PVIOMMU_EVENT_TYPE	GENMASK_ULL(7, 0)
#define PVIOMMU_EVENT_PRIV	BIT(8)	/* privileged access */
#define PVIOMMU_EVENT_INSTR	BIT(9)	/* instruction fetch */
#define PVIOMMU_EVENT_READ	BIT(10)	/* read, else write */
#define PVIOMMU_EVENT_IOVA	BIT(11)	/* x2, PRIV, INSTR and READ are valid */
#define PVIOMMU_EVENT_VALID	BIT(12)	/* there was a record */
#define PVIOMMU_EVENT_LOST	GENMASK_ULL(63, 32)	/* records without room */

/* MAP_LIST x4: PVIOMMU_PROT_*, and the number of ranges */
#define PVIOMMU_LIST_PROT	GENMASK_ULL(31, 0)
#define PVIOMMU_LIST_NR		GENMASK_ULL(63, 32)
#define PVIOMMU_LIST_MAX	13	/* ranges in x5 to x17, also of UNMAP_LIST */

struct device;

#ifdef CONFIG_PKVM_PVIOMMU
bool pkvm_pviommu_has_device(struct device *dev);
#else
static inline bool pkvm_pviommu_has_device(struct device *dev)
{
	return false;
}
#endif

#endif /* __LINUX_PKVM_IOMMU_GUEST_H */
