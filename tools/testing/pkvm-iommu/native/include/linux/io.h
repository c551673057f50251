/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers: every access goes to the software SMMU */
#ifndef NATIVE_LINUX_IO_H
#define NATIVE_LINUX_IO_H

#include <native/kernel.h>

/* smmu/mmio.c */
u64 sim_mmio_read(const volatile void __iomem *addr, unsigned int size);
void sim_mmio_write(volatile void __iomem *addr, u64 val, unsigned int size);

#define readl_relaxed(a)	((u32)sim_mmio_read(a, 4))
#define readq_relaxed(addr)	sim_mmio_read(addr, 8)
#define writel_relaxed(v, a)	sim_mmio_write(a, v, 4)
#define writeq_relaxed(v, a)	sim_mmio_write(a, v, 8)
#define readl(a)		readl_relaxed(a)
#define writel(v, a)		writel_relaxed(v, a)
#define writeq(v, a)		writeq_relaxed(v, a)

#endif /* NATIVE_LINUX_IO_H */
