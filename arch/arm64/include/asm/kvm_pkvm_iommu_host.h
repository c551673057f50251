/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM calls in the host driver of the pKVM IOMMU.
 */
#ifndef __ARM64_KVM_PKVM_IOMMU_HOST_H__
#define __ARM64_KVM_PKVM_IOMMU_HOST_H__

#include <linux/printk.h>

#ifdef CONFIG_PKVM_IOMMU
unsigned long pkvm_iommu_reserve_pages(void);
int pkvm_iommu_take_over(void);
#else
static inline unsigned long pkvm_iommu_reserve_pages(void)
{
	return 0;
}

static inline int pkvm_iommu_take_over(void)
{
	pr_warn("pKVM isolates no DMA: the kernel has no CONFIG_ARM_SMMU_V3_PKVM\n");
	return 0;
}
#endif

#endif /* __ARM64_KVM_PKVM_IOMMU_HOST_H__ */
