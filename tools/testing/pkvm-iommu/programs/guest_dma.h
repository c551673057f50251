/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA of a guest's device, and what the guest sees of it.
 */
#ifndef PKVM_IOMMU_PROGRAMS_GUEST_DMA_H
#define PKVM_IOMMU_PROGRAMS_GUEST_DMA_H

#include "edu.h"
#include "guest.h"

void edu_dma(struct guest *g, unsigned int engine, bool to_bus, uint64_t addr,
	     uint64_t bytes);
int64_t guest_words(struct guest *g, enum pvm_order order, size_t page, uint64_t seed);
uint64_t next_seed(void);
bool dma_copies(struct guest *g, unsigned int engine, uint64_t from_iova, size_t from,
		uint64_t to_iova, size_t to);
bool dma_faults(struct guest *g, unsigned int engine, uint64_t iova);

#endif
