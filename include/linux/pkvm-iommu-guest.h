/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest interface of the pKVM paravirtual IOMMU: a guest maps its own memory for
 * the devices assigned to it by hypercalls that EL2 handles without the host.
 *
 * SMCCC, HVC64 conduit: function in x0, arguments from x1 on, status in x0,
 * results from x1 on. Functions and ops below 0x10 are deployed in guests and
 * never change; ops from PVIOMMU_OP_FEATURES on are discovered.
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
 *
 * Status SMCCC_RET_SUCCESS, SMCCC_RET_INVALID_PARAMETER (nothing changed, or
 * as the op says) or SMCCC_RET_NOT_SUPPORTED (unknown op). Arguments that are
 * not named must be zero. Addresses and sizes are in bytes and aligned to the
 * granule, which is the page size of the host.
 *
 * @PVIOMMU_OP_ATTACH_DEV: x2 = pvIOMMU, x3 = vSID, x4 = PASID (0), x5 = domain,
 *	x6 = PASID bits (at most 20, ignored). Replaces nothing: a stream that is
 *	attached must be detached first.
 * @PVIOMMU_OP_DETACH_DEV: x2..x5 as above; x5 must be the domain attached. The
 *	stream aborts when the call returns.
 * @PVIOMMU_OP_ALLOC_DOMAIN: x1 = domain, a handle of this VM.
 * @PVIOMMU_OP_FREE_DOMAIN: x2 = domain, which must not be attached. Unmaps all.
 * @PVIOMMU_OP_MAP_PAGES: x2 = domain, x3 = IOVA, x4 = IPA, x5 = size,
 *	x6 = PVIOMMU_PROT_*. x1 = bytes mapped; fewer than asked with
 *	SMCCC_RET_SUCCESS: call again with the rest.
 * @PVIOMMU_OP_UNMAP_PAGES: x2 = domain, x3 = IOVA, x4 = size. x1 = bytes
 *	unmapped; fewer as above. No device reaches the memory any more when the
 *	call returns. Refused where nothing is mapped at the IOVA, and where the
 *	range begins or ends within the block that is mapped there: blocks are
 *	never split.
 * @PVIOMMU_OP_FEATURES: x1 = PVIOMMU_FEATURE_*, x2 = bitmap of page and block
 *	sizes, smallest is the granule, x3 = input address bits of a domain.
 * @PVIOMMU_OP_GET_EVENT: takes the oldest fault of the VM's devices. x1 = pvIOMMU
 *	(bits 31:0) and vSID (63:32), x2 = IOVA, x3 = PVIOMMU_EVENT_*. Without
 *	PVIOMMU_EVENT_VALID there is none.
 * @PVIOMMU_OP_MAP_LIST: x2 = domain, x3 = IOVA, x4 = PVIOMMU_LIST_*, x5 to x17 =
 *	pieces of memory, each the IPA of a granule and, in the bits below, one less
 *	than the number of granules from there on. Maps them one after the other;
 *	x1 = bytes mapped; fewer as above.
 * @PVIOMMU_OP_UNMAP_LIST: x2 = domain, x3 = number of ranges, at most
 *	PVIOMMU_LIST_MAX, x5 to x17 = ranges, each an IOVA and number of granules as in
 *	MAP_LIST. Unmaps them one after the other, as UNMAP_PAGES but for the price of
 *	one; x1 = bytes unmapped, fewer as above.
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

/* MAP_PAGES x6; other bits are refused */
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

/* GET_EVENT x3: type as the SMMUv3 numbers events, the access, faults not kept */
#define PVIOMMU_EVENT_TYPE	GENMASK_ULL(7, 0)
#define PVIOMMU_EVENT_PRIV	BIT(8)	/* privileged access */
#define PVIOMMU_EVENT_INSTR	BIT(9)	/* instruction fetch */
#define PVIOMMU_EVENT_READ	BIT(10)	/* read, else write */
#define PVIOMMU_EVENT_IOVA	BIT(11)	/* x2 and the three above mean something */
#define PVIOMMU_EVENT_VALID	BIT(12)	/* there was a fault */
#define PVIOMMU_EVENT_LOST	GENMASK_ULL(63, 32)

/* MAP_LIST x4: PVIOMMU_PROT_*, number of pieces, at most as many as fit */
#define PVIOMMU_LIST_PROT	GENMASK_ULL(31, 0)
#define PVIOMMU_LIST_NR		GENMASK_ULL(63, 32)
#define PVIOMMU_LIST_MAX	13	/* also of UNMAP_LIST */

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
