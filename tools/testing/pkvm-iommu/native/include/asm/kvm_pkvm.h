/* SPDX-License-Identifier: GPL-2.0-only */
/* What pKVM's host and EL2 share about memory */
#ifndef NATIVE_ASM_KVM_PKVM_H
#define NATIVE_ASM_KVM_PKVM_H

#include <asm/kvm_pgtable.h>

#define KVM_MAX_PVMS		255
#define HYP_MEMBLOCK_REGIONS	128

struct memblock_region {
	phys_addr_t	base;
	phys_addr_t	size;
};

extern struct memblock_region hyp_memory[];
extern unsigned int hyp_memblock_nr;

/* As in the kernel: tables that map this many pages one by one */
static inline unsigned long __hyp_pgtable_max_pages(unsigned long nr_pages)
{
	unsigned long total = 0;
	int i;

	for (i = KVM_PGTABLE_FIRST_LEVEL; i <= KVM_PGTABLE_LAST_LEVEL; i++) {
		nr_pages = DIV_ROUND_UP(nr_pages, PTRS_PER_PTE);
		total += nr_pages;
	}

	return total;
}

#endif /* NATIVE_ASM_KVM_PKVM_H */
