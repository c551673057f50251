/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paging domains of the first DMA engine, by the kernel's IOMMU API.
 */
#ifndef PKVM_IOMMU_PROGRAMS_DOMAIN_API_H
#define PKVM_IOMMU_PROGRAMS_DOMAIN_API_H

#include "test.h"

#include <sched.h>

extern struct pkvm_test_engine engine;
int domain_open(void);
int domain_attach(int fd);
int domain_detach(int fd);
int domain_map(int fd, uint64_t iova, uint64_t phys, uint64_t size, int prot);
uint64_t domain_unmap(int fd, uint64_t iova, uint64_t size);
uint64_t domain_unmap_lazy(int fd, uint64_t iova, uint64_t size);
int domain_flush(int fd);
uint64_t domain_phys(int fd, uint64_t iova);

#define LAZY_PAGES	64
#define LAZY_IOVA	0x100000000ULL

int domain_leave_lazy(void);
int run_domain_tests(const struct test *tests, size_t nr, char **names);

#endif
