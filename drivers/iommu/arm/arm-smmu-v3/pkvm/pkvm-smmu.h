/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host driver of an SMMUv3 that the pKVM hypervisor owns: shared declarations.
 *
 * This folder has what is specific to the SMMUv3. The rest of the host driver is in
 * drivers/iommu/pkvm/, whose host.h also describes the locks. Files, in the order in which
 * a boot uses them:
 *
 *	takeover.c	gives every SMMUv3 to EL2 before pKVM is finalised
 *	withhold.c	makes EL2 withhold registers that could bypass the SMMUs
 *	driver.c	binds to the SMMUs that EL2 drives
 *	event.c		decodes fault records
 *	kdump.c		hides the SMMUs from crash kernels
 */
#ifndef __PKVM_SMMU_H__
#define __PKVM_SMMU_H__

#include "../../../pkvm/host.h"

/* withhold.c */
unsigned int pkvm_smmu_count_withheld(void);
void pkvm_smmu_withhold(void);

/* event.c */
extern const struct pkvm_iommu_event_ops pkvm_smmu_event_ops;

#endif /* __PKVM_SMMU_H__ */
