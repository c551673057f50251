/* SPDX-License-Identifier: GPL-2.0-only */
/* Nobody listens: as in a kernel without CONFIG_NVHE_EL2_TRACING */
#ifndef NATIVE_ASM_KVM_HYPEVENTS_H
#define NATIVE_ASM_KVM_HYPEVENTS_H

#include <linux/types.h>

static inline void trace_iommu_attach(u32 vm, u64 smmu, u32 sid, int ret) { }
static inline void trace_iommu_detach(u32 vm, u64 smmu, u32 sid, int ret) { }
static inline void trace_iommu_map(u32 vm, u64 iova, u64 size, int ret) { }
static inline void trace_iommu_unmap(u32 vm, u64 iova, u64 size, int ret) { }
static inline void trace_iommu_fault(u64 smmu, u32 sid, u32 type) { }
static inline void trace_iommu_teardown(u32 vm, int ret) { }

#endif /* NATIVE_ASM_KVM_HYPEVENTS_H */
