/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deadlines for hardware that EL2 polls.
 */
#ifndef __PKVM_IOMMU_DEADLINE_H__
#define __PKVM_IOMMU_DEADLINE_H__

#include <asm/sysreg.h>

/* Deadline for hardware to answer what EL2 asks now: 1 s, as in the stock driver */
static inline u64 hyp_deadline(void)
{
	return read_sysreg(cntpct_el0) + read_sysreg(cntfrq_el0);
}

static inline bool hyp_expired(u64 deadline)
{
	return (s64)(read_sysreg(cntpct_el0) - deadline) > 0;
}

#endif /* __PKVM_IOMMU_DEADLINE_H__ */
