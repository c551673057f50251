/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PKVM_IOMMU_TEST_INTERNAL_H
#define PKVM_IOMMU_TEST_INTERNAL_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "pkvm_iommu_test.h"

struct iommu_domain;
struct test_sg;

/* One open file: what it must give back when it is closed */
struct test_file {
	struct mutex lock;		/* chunks */
	struct list_head chunks;
	struct rw_semaphore domain_lock;	/* for writing: what is below */
	struct iommu_domain *domain;
	struct device *attached;
	struct test_sg *sg;
};

/* engine.c */
int engines_init(void);
void engines_exit(void);
struct device *engine_device(u32 index);
int engine_info(struct pkvm_test_engine *info);
int engine_dma(const struct pkvm_test_dma *dma);
int engine_copy(const struct pkvm_test_buffer *copy);

/* pages.c */
int pages_alloc(struct test_file *file, struct pkvm_test_pages *pages);
int pages_free(struct test_file *file, u64 phys, bool forget);
void pages_release(struct test_file *file);

/* hostile.c */
int hostile_run(struct pkvm_test_hostile *arg);
int hostile_end(struct pkvm_test_hostile *arg);

/* domain.c */
int domain_ioctl(struct test_file *file, unsigned int cmd,
		 struct pkvm_test_map *map);
void domain_release(struct test_file *file);

/* sg.c */
int sg_map(struct test_file *file, struct pkvm_test_sg *arg);
void sg_unmap(struct test_file *file);

#endif
