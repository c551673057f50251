/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of the pKVM IOMMU's host driver that KVM calls at boot.
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
	pr_warn("pKVM isolates no DMA: the kernel was built without CONFIG_ARM_SMMU_V3_PKVM\n");
	return 0;
}
#endif

#endif /* __ASM_PKVM_IOMMU_BOOT_H */
