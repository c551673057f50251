/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single accesses of a VM, to registers above all, and memory slots of them.
 */
#ifndef PKVM_IOMMU_PROGRAMS_PVM_ACCESS_H
#define PKVM_IOMMU_PROGRAMS_PVM_ACCESS_H

#include "pvm.h"

int64_t pvm_store32(struct pvm *pvm, uint64_t ipa, uint32_t value);
int64_t pvm_load32(struct pvm *pvm, uint64_t ipa);
bool pvm_traps(struct pvm *pvm, uint64_t ipa);
int64_t pvm_answer(struct pvm *pvm, uint32_t value);
int pvm_set_slot(struct pvm *pvm, uint32_t slot, uint32_t flags, uint64_t ipa,
		 uint64_t size, volatile void *at);

#endif
