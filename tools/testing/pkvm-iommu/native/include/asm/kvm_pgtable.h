/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own: page-table formats, and functions faked in hyp/stage2.c */
#ifndef NATIVE_ASM_KVM_PGTABLE_H
#define NATIVE_ASM_KVM_PGTABLE_H

#include <native/kernel.h>

#define system_supports_lpa2()			false
#define ID_AA64MMFR0_EL1_PARANGE_52		6
#define ID_AA64MMFR0_EL1_PARANGE_48		5
#define ID_AA64MMFR0_EL1_PARANGE_SHIFT		0
#define cpuid_feature_extract_unsigned_field(r, s)	((r) >> (s) & 0xf)
#define __phys_to_pfn(phys)			((phys) >> PAGE_SHIFT)

struct rb_root_cached {
	void	*rb_root;
};

#include <arch/arm64/include/asm/kvm_pgtable.h>

#endif /* NATIVE_ASM_KVM_PGTABLE_H */
