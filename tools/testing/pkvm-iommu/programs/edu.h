/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's "edu" device by its registers, as user space has them from VFIO.
 */
#ifndef PKVM_IOMMU_PROGRAMS_EDU_H
#define PKVM_IOMMU_PROGRAMS_EDU_H

#include "test.h"

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_START	1
#define EDU_TO_BUS	2
#define EDU_BUFFER	0x40000
#define EDU_BYTES	4096

volatile uint64_t *edu_reg(volatile uint8_t *regs, unsigned int reg);
void edu_start(volatile uint8_t *regs, bool to_bus, uint64_t addr, uint64_t bytes);
void edu_transfer(volatile uint8_t *regs, bool to_bus, uint64_t addr, uint64_t bytes);

#endif
