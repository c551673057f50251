/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hook of the stock SMMUv3 driver: whether EL2 owns an SMMU.
 */
#ifndef __PKVM_SMMU_HOOK_H__
#define __PKVM_SMMU_HOOK_H__

#include <linux/types.h>

struct device;

#ifdef CONFIG_ARM_SMMU_V3_PKVM
bool pkvm_smmu_owned_by_el2(struct device *dev);
#else
static inline bool pkvm_smmu_owned_by_el2(struct device *dev)
{
	return false;
}
#endif

#endif /* __PKVM_SMMU_HOOK_H__ */
