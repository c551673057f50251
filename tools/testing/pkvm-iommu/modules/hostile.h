/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hostile hypercalls: what their files share.
 *
 *	hostile.c	random numbers, choice of a call, clearing up
 *	hostile_iommu.c	calls about DMA
 *	hostile_vm.c	calls about memory and VMs, as far as they matter for DMA
 */
#ifndef PKVM_IOMMU_TEST_HOSTILE_H
#define PKVM_IOMMU_TEST_HOSTILE_H

#include <linux/types.h>

#include <asm/kvm_asm.h>
#include <asm/kvm_pkvm.h>

#include "pkvm_iommu_test.h"

/* VM handles that hostile calls are mostly about */
#define HOSTILE_VM_FIRST	0x1000
#define HOSTILE_VM_SOME		8

/* Frames of the victims that KVM does not use */
#define HOSTILE_GFN		0x100000ULL
#define HOSTILE_NR_GFNS		1024

/**
 * struct hostile - one run
 * @arg: what user space asked for, and is told
 * @state: of the random numbers
 * @good: VM whose handle may be used in calls that must fail only
 * @victim: protected VM that gets and loses pages
 * @plain: VM that shares pages with the host
 */
struct hostile {
	struct pkvm_test_hostile *arg;
	u64 state;
	u32 good;
	u32 victim;
	u32 plain;
};

struct hostile_action {
	unsigned int weight;
	void (*run)(struct hostile *h);
};

/* One hypercall: -EOPNOTSUPP if EL2 does not know it, else what x1 holds after it */
s64 hostile_call(struct hostile *h, u32 func, const u64 x[7], u64 *x2);
#define hcall(h, name, ...)						\
	hostile_call(h, KVM_HOST_SMCCC_FUNC(name), (const u64 [7]) { __VA_ARGS__ }, NULL)

/* The last call must have failed; if not it is the test that did */
void hostile_must_fail(struct hostile *h, bool failed);

u64 hostile_random(struct hostile *h);
bool hostile_one_in(struct hostile *h, unsigned int n);

/* Anything: small, a power of two or next to one, all bits */
u64 hostile_number(struct hostile *h);
/* A page of the arena */
u64 hostile_own(struct hostile *h);
/* A page that is EL2's or the good VM's, or registers */
u64 hostile_foreign(struct hostile *h);
/* An address that is not one of the host's memory */
u64 hostile_nowhere(struct hostile *h);
/* A VM, most often one that hostile calls have reserved */
u64 hostile_vm(struct hostile *h);
/* Is it one of those that KVM has made? */
bool hostile_vm_is_kvms(const struct hostile *h, u64 vm);

extern const struct hostile_action hostile_iommu_actions[];
extern const unsigned int hostile_nr_iommu_actions;
extern const struct hostile_action hostile_vm_actions[];
extern const unsigned int hostile_nr_vm_actions;

void hostile_vm_end(struct hostile *h);
void hostile_iommu_end(struct hostile *h);

#endif
