/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A protected VM that owns the platform device as a whole: its guest has the
 * registers, and what it does with them is one load or store at a time.
 */
#ifndef PKVM_IOMMU_PROGRAMS_GUEST_DEVICE_H
#define PKVM_IOMMU_PROGRAMS_GUEST_DEVICE_H

#include "guest_dma.h"

#define REGS_IPA	0x20000000ULL

uint64_t regs_ipa(unsigned int engine, uint64_t reg);
bool add_slot(struct guest *g, uint32_t slot, uint64_t ipa, volatile void *at,
	      uint64_t size);
int64_t guest_access(struct guest *g, enum pvm_order order, uint64_t ipa, uint64_t value);
void guest_write(struct guest *g, unsigned int engine, uint64_t reg, uint64_t value);
bool guest_reads(struct guest *g, unsigned int engine, uint64_t reg, uint64_t value);
void guest_dma(struct guest *g, unsigned int engine, bool to_bus, uint64_t addr);
bool guest_copies(struct guest *g, unsigned int engine, size_t from, size_t to);

#endif
