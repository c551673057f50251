/* SPDX-License-Identifier: GPL-2.0-only */
/* EL2's own address space; hyp/mem_protect.c */
#ifndef NATIVE_NVHE_MM_H
#define NATIVE_NVHE_MM_H

#include <asm/kvm_pkvm.h>

#include <nvhe/memory.h>
#include <nvhe/spinlock.h>

int __pkvm_create_private_mapping(phys_addr_t phys, size_t size, int prot, unsigned long *haddr);

#endif /* NATIVE_NVHE_MM_H */
