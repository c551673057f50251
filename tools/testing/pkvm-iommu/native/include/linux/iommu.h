/* SPDX-License-Identifier: GPL-2.0-only */
/* What the product takes from the IOMMU API: permissions */
#ifndef NATIVE_LINUX_IOMMU_H
#define NATIVE_LINUX_IOMMU_H

#include <native/kernel.h>

#define IOMMU_READ	(1 << 0)
#define IOMMU_WRITE	(1 << 1)
#define IOMMU_CACHE	(1 << 2)
#define IOMMU_NOEXEC	(1 << 3)
#define IOMMU_MMIO	(1 << 4)
#define IOMMU_PRIV	(1 << 5)

#define IOMMU_NO_PASID	0

#endif /* NATIVE_LINUX_IOMMU_H */
