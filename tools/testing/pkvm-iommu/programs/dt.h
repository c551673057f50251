/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine as its device tree describes it: where registers are, which SMMU a
 * device is behind, and what its streams are called.
 */
#ifndef PKVM_IOMMU_PROGRAMS_DT_H
#define PKVM_IOMMU_PROGRAMS_DT_H

#include "test.h"

#include <endian.h>

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };

/* Nodes have addresses and sizes of two cells each */
struct dt_regs {
	uint64_t base, size;
};

/* What is known of a node until its first child begins or it ends */
struct dt_node {
	bool open, wanted, off;
	struct dt_regs regs;
};

struct dt_regs dt_regs(const char *compatible);

#define MAX_SMMUS	16

extern struct dt_regs smmus[MAX_SMMUS];
unsigned int nr_smmus(void);
unsigned int smmu_of(const char *bus, const char *name, uint64_t *base);
unsigned int smmu_of_engine(const struct pkvm_test_engine *engine);
uint32_t stream_of(const char *name, unsigned int index);

#endif
