/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM calls in the host driver of the pKVM IOMMU.
 */
#ifndef __ASM_PKVM_IOMMU_BOOT_H
#define __ASM_PKVM_IOMMU_BOOT_H

#include <linux/printk.h>

#ifdef CONFIG_PKVM_IOMMU
unsigned long pkvm_iommu_reserve_size(void);
int pkvm_iommu_take_over(void);
#else
static inline unsigned long pkvm_iommu_reserve_size(void)
{
	return 0;
}

static inline int pkvm_iommu_take_over(void)
{
	pr_warn("pKVM isolates no DMA: the kernel has no CONFIG_ARM_SMMU_V3_PKVM\n");
	return 0;
}
#endif

#endif /* __ASM_PKVM_IOMMU_BOOT_H */
