/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs and vCPUs, as far as the product looks at them, and lists of pages.
 */
#ifndef NATIVE_LINUX_KVM_HOST_H
#define NATIVE_LINUX_KVM_HOST_H

#include <native/kernel.h>

typedef u16 pkvm_handle_t;

#define kvm_nvhe_sym(sym)	sym

struct user_pt_regs {
	u64	regs[31];
};

struct kvm_cpu_context {
	struct user_pt_regs	regs;
};

struct kvm {
	struct {
		struct {
			pkvm_handle_t	handle;
			bool		is_dying;
			bool		is_protected;
		} pkvm;
	} arch;
};

struct kvm_vcpu {
	struct kvm	*kvm;
	struct {
		struct {
			u64	hpfar_el2;
			u64	far_el2;
		} fault;
	} arch;
	u64		regs[31];
};

struct kvm_s2_mmu;
struct kvm_mmu_memory_cache;

/**
 * struct kvm_hyp_memcache - pages linked through their first word
 * @head: physical address of the first
 * @nr_pages: how many
 */
struct kvm_hyp_memcache {
	phys_addr_t	head;
	unsigned long	nr_pages;
};

/* hyp/memcache.c: like the kernel's, but they can fail and notice misuse */
void push_hyp_memcache(struct kvm_hyp_memcache *mc, phys_addr_t *p,
		       phys_addr_t (*to_pa)(void *virt));
void *pop_hyp_memcache(struct kvm_hyp_memcache *mc, void *(*to_va)(phys_addr_t phys));

#endif /* NATIVE_LINUX_KVM_HOST_H */
