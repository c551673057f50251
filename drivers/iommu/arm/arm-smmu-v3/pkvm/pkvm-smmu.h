/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host driver of an SMMUv3 that the pKVM hypervisor owns: shared declarations.
 *
 * Only what is SMMUv3 is here, the rest of the host's driver is drivers/iommu/pkvm/:
 * see host.h there, also for the locks. Files, in the order in which a boot meets them:
 *
 *	takeover.c	before pKVM is finalised: hands every SMMUv3 to EL2
 *	withhold.c	registers that nobody is to have
 *	driver.c	binds to the SMMUs that EL2 took
 *	event.c		what fault records mean
 *	kdump.c		what a crash kernel must not see
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
