/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pKVM IOMMU host driver: macros with which hypercall.c and hypercall-init.c call EL2.
 */
#ifndef __PKVM_IOMMU_HYPERCALL_H__
#define __PKVM_IOMMU_HYPERCALL_H__

#include <linux/arm-smccc.h>
#include <linux/kvm_host.h>

#include <asm/kvm_asm.h>

/*
 * x0 is an error only if the hypervisor does not know the call, which cannot be while host
 * and EL2 are one image. -EPROTO says so, since no op returns this errno.
 */
static inline long hyp_result(unsigned long x0, unsigned long x1)
{
	if (WARN_ON_ONCE(x0 != SMCCC_RET_SUCCESS))
		return -EPROTO;

	return x1;
}

#define hyp_call(func, op, a2, a3, a4, a5, a6, res)			\
({									\
	struct arm_smccc_res *__r = (res);				\
									\
	arm_smccc_1_1_hvc(KVM_HOST_SMCCC_FUNC(func), (u64)(op),		\
			  (u64)(a2), (u64)(a3), (u64)(a4), (u64)(a5),	\
			  (u64)(a6), __r);				\
	hyp_result(__r->a0, __r->a1);					\
})

#define hyp_op(op, a2, a3, a4, a5, a6, res)				\
	hyp_call(__pkvm_iommu_op, PKVM_IOMMU_OP_##op, a2, a3, a4, a5, a6, res)

#endif /* __PKVM_IOMMU_HYPERCALL_H__ */
