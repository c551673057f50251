/* SPDX-License-Identifier: GPL-2.0-only */
/* Ownership of pages; hyp/mem_protect.c */
#ifndef NATIVE_NVHE_MEM_PROTECT_H
#define NATIVE_NVHE_MEM_PROTECT_H

#include <nvhe/memory.h>
#include <nvhe/pkvm.h>
#include <nvhe/spinlock.h>

struct host_mmu {
	struct kvm_pgtable	pgt;
	hyp_spinlock_t		lock;
};

extern struct host_mmu host_mmu;

bool addr_is_memory(phys_addr_t phys);
int __pkvm_host_donate_hyp(u64 pfn, u64 nr_pages);
int __pkvm_hyp_donate_host(u64 pfn, u64 nr_pages);

#endif /* NATIVE_NVHE_MEM_PROTECT_H */
