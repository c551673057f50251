/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plain VM whose device maps what the host has lent it.
 */
#ifndef PKVM_IOMMU_PROGRAMS_GUEST_PLAIN_H
#define PKVM_IOMMU_PROGRAMS_GUEST_PLAIN_H

#include "guest_dma.h"
#include "raw_hvc.h"

#define PAGES		8

extern struct vfio_dev pair;
uint64_t open_mapped(struct guest *g, size_t mapped);
void close_mapped(struct guest *g);
int set_slot(const struct pvm *pvm, uint32_t slot, uint32_t flags, uint64_t ipa,
	     uint64_t size, void *mem);

#endif
