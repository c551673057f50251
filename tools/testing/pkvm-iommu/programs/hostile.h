/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A well-behaved protected VM at work: its device copies its pages, the guest
 * compares them. For programs in which others are up to something meanwhile.
 */
#ifndef PKVM_IOMMU_PROGRAMS_HOSTILE_H
#define PKVM_IOMMU_PROGRAMS_HOSTILE_H

#include "guest_device.h"

#define GOOD_PAGES	16

/* The upper bits of each word of the VM's pages, see next_seed() */
#define GOOD_WORD	0x5eedULL

uint64_t attack_seed(void);
uint64_t seed_of(uint64_t seed, uint64_t a, uint64_t b);
bool good_open(struct guest *g, const struct vfio_dev *dev, uint64_t *domain);
bool good_works(struct guest *g, unsigned int n);

#endif
