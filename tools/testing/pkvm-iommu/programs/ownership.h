/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random calls about who owns a few pages and who reaches them by DMA, and a model that
 * says what each returns. The native tests make them of native/hyp/mem_protect.c, a boot
 * test of the real EL2: both do what the model says, so the one stands for the other.
 */
#ifndef PKVM_IOMMU_PROGRAMS_OWNERSHIP_H
#define PKVM_IOMMU_PROGRAMS_OWNERSHIP_H

#include <stdbool.h>
#include <stdint.h>

#define OWN_PAGES	8	/* next to each other */
#define OWN_SLOTS	12	/* pages of IOVA that they are mapped at */
#define OWN_IOVA	0x40000000ULL
/* Where there is neither memory nor registers, and where no VM has an IPA */
#define OWN_NOWHERE	(1ULL << 43)
#define OWN_FAR		(1ULL << 50)

enum own_op {
	OWN_SHARE_HYP, OWN_UNSHARE_HYP, OWN_TOPUP, OWN_RECLAIM, OWN_MAP, OWN_UNMAP,
	OWN_LEND, OWN_TAKE_BACK, OWN_WRPROTECT, OWN_FORCE_RECLAIM, NR_OWN_OPS
};

/**
 * struct own_call - a call to make
 * @op: which
 * @page: the first page, also where the VM has it
 * @nr: pages; calls about one page look at the first
 * @slot: OWN_MAP, OWN_UNMAP: the first page of IOVA
 * @odd: something is wrong with it: the address is OWN_NOWHERE or OWN_FAR, or not aligned
 * @lent: OWN_TAKE_BACK: the VM has the page
 * @writable: OWN_TOPUP: the host may write so many of the pages
 */
struct own_call {
	enum own_op op;
	unsigned int page, nr, slot;
	bool odd, lent;
	unsigned int writable;
};

/**
 * struct own_answer - what it returned
 * @ret: 0 or -errno
 * @done: pages that were given, given back, mapped or unmapped
 * @pages: OWN_RECLAIM: which came back, as bits
 */
struct own_answer {
	int64_t ret;
	unsigned int done;
	uint32_t pages;
};

static inline struct own_answer own_ret(int64_t ret)
{
	return (struct own_answer) { .ret = ret };
}

/**
 * struct own_backend - who makes the calls
 * @call: make one
 * @say: print a line
 */
struct own_backend {
	struct own_answer (*call)(const struct own_call *call);
	void (*say)(const char *line);
};

/*
 * Make @steps calls, then give everything back. At the start the host owns all pages, none
 * is mapped, EL2 has no other free page, and MAP needs no table. False if an answer was not
 * the model's; that was said then.
 */
bool ownership_run(const struct own_backend *backend, uint64_t seed, unsigned int steps);

#endif
