/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own: struct hyp_page and the linear map */
#ifndef NATIVE_NVHE_MEMORY_H
#define NATIVE_NVHE_MEMORY_H

#include <asm/kvm_mmu.h>

#include <arch/arm64/kvm/hyp/include/nvhe/memory.h>

#endif /* NATIVE_NVHE_MEMORY_H */
