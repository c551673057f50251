/* SPDX-License-Identifier: GPL-2.0-only */
/* EL2's linear map and caches */
#ifndef NATIVE_ASM_KVM_MMU_H
#define NATIVE_ASM_KVM_MMU_H

#include <asm/kvm_pgtable.h>

extern s64 hyp_physvirt_offset;

#define __hyp_pa(virt)		((phys_addr_t)(virt) + hyp_physvirt_offset)

/* Attributes of stage 1 */
#define MAIR_ATTR_DEVICE_nGnRE		0x04UL
#define MAIR_ATTR_NORMAL_NC		0x44UL
#define MAIR_ATTR_NORMAL		0xffUL
#define MAIR_ATTRIDX(attr, idx)		((attr) << ((idx) * 8))

/* hyp/cache.c */
void kvm_flush_dcache_to_poc(void *start, size_t size);

#endif /* NATIVE_ASM_KVM_MMU_H */
