/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls of KVM that its host part would not make: it has pinned what it lends, and
 * knows what are registers.
 */
#ifndef PKVM_IOMMU_PROGRAMS_RAW_HVC_H
#define PKVM_IOMMU_PROGRAMS_RAW_HVC_H

#include "test.h"

#define HANDLES		0x1000ULL	/* of VMs at EL2: the first, and how many there are */
#define NR_HANDLES	256

int64_t raw(enum pkvm_test_hvc_func func, uint64_t a1, uint64_t a2, uint64_t a3,
	    uint64_t a4);
int64_t raw_any(enum pkvm_test_hvc_func func, uint64_t ipa, uint64_t nr);

#endif
