/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's IOMMU hypercalls from user space, by way of the test module, which
 * passes registers on and looks at nothing.
 */
#ifndef PKVM_IOMMU_PROGRAMS_HCALL_H
#define PKVM_IOMMU_PROGRAMS_HCALL_H

#include "test.h"

/* No call will ever have a number as high as this */
#define OP_UNKNOWN		0x1000

#define TOPUP_MAX		64
#define DOMAIN_BLOCKED		0
#define DOMAIN_IDENTITY		1
#define PROT_R			1
#define PROT_W			2
#define PROT_RW			3
#define PROT_CACHE		4

/* What a call left in x1 to x5 */
struct answer {
	int64_t ret;
	uint64_t x2, x3, x4, x5;
};

struct answer hcall_func(enum pkvm_test_hvc_func func, uint64_t op, uint64_t a,
			 uint64_t b, uint64_t c, uint64_t d, uint64_t e);
struct answer hcall(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		    uint64_t e);
uint64_t page_list(uint64_t nr);
uint64_t page_list_next(uint64_t phys);
void supply(uint64_t nr);
uint64_t reclaim_all(void);
uint64_t domain_new(void);
int64_t domain_delete(uint64_t domain);
int64_t attach_stream(uint64_t smmu, uint32_t sid, uint64_t domain);
int64_t map(uint64_t domain, uint64_t iova, uint64_t phys, uint64_t size, uint64_t prot,
	    uint64_t *mapped);
int64_t unmap(uint64_t domain, uint64_t iova, uint64_t size);
bool is_mapped(uint64_t domain, uint64_t iova, uint64_t phys);

#endif
