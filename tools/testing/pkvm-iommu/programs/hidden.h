/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PKVM_IOMMU_PROGRAMS_HIDDEN_H
#define PKVM_IOMMU_PROGRAMS_HIDDEN_H

#include "test.h"

/*
 * All memory that the CPU cannot read from the host is EL2's or a guest's: find
 * it page by page, as the stage-2 page table says it, not as EL2 was asked.
 */
struct hidden {
	uint64_t start, end;
};

extern struct hidden hidden[512];
extern size_t nr_hidden;
extern uint64_t hidden_pages;
uint64_t hidden_scan(void);
bool is_hidden(uint64_t phys);

#endif
