// SPDX-License-Identifier: GPL-2.0-only
/* Hostile hypercalls about DMA. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "hostile.h"

#ifdef PKVM_IOMMU_OP	/* set by Kbuild where the kernel has the hypercalls */
#include <asm/pkvm-iommu-host.h>

#define NR_HANDLES	32

#define op(h, nr, ...)	hcall(h, __pkvm_iommu_op, PKVM_IOMMU_OP_##nr, ##__VA_ARGS__)

static u64 handle(struct hostile *h)
{
	return hostile_one_in(h, 16) ? hostile_number(h) : hostile_random(h) % NR_HANDLES;
}

static u64 smmu(struct hostile *h)
{
	return hostile_one_in(h, 16) ? hostile_number(h) : h->arg->smmu;
}

static u64 iova(struct hostile *h)
{
	if (hostile_one_in(h, 16))
		return hostile_number(h);

	return PKVM_TEST_HOSTILE_IOVA +
	       hostile_random(h) % PKVM_TEST_HOSTILE_PAGES * PAGE_SIZE;
}

static u64 size(struct hostile *h)
{
	return hostile_one_in(h, 16) ? hostile_number(h) :
	       PAGE_SIZE << hostile_random(h) % 10;
}

/* True if the stream belongs to the good VM */
static bool sid(struct hostile *h, u64 *sid)
{
	u64 r = hostile_random(h);

	if (r % 16 == 0) {
		/* Streams beyond the last; others might be those of disks */
		*sid = 1ULL << (16 + r / 16 % 48) | r >> 48;
		return false;
	}
	r = r / 16 % h->arg->nr_sids;
	*sid = h->arg->sids[r];

	return r < h->arg->nr_vm_sids;
}

static void get_info(struct hostile *h)
{
	op(h, GET_INFO, smmu(h));
}

static void poll(struct hostile *h)
{
	op(h, POLL, smmu(h));
}

static void unknown_op(struct hostile *h)
{
	u64 nr = PKVM_IOMMU_NR_OPS + hostile_number(h) % (~0ULL - PKVM_IOMMU_NR_OPS);

	hostile_must_fail(h, hcall(h, __pkvm_iommu_op, nr, hostile_number(h),
				   hostile_number(h), hostile_number(h),
				   hostile_number(h), hostile_number(h)) < 0);
}

static void init_op(struct hostile *h)
{
	hostile_must_fail(h, hcall(h, __pkvm_iommu_init, hostile_random(h) % 8,
				   hostile_nowhere(h), hostile_number(h),
				   hostile_number(h), hostile_number(h),
				   hostile_number(h)) < 0);
}

/* A link of a list of pages; the page may be EL2's already */
static void set_link(u64 page, u64 next)
{
	pagefault_disable();
	__put_kernel_nofault(phys_to_virt(page), &next, u64, fault);
fault:
	pagefault_enable();
}

/* Lists that are good, that lead to others' pages, in circles, or nowhere */
static u64 list(struct hostile *h, unsigned int nr)
{
	u64 head = hostile_own(h), page, next;

	for (page = head; nr; nr--, page = next) {
		next = hostile_own(h);
		if (hostile_one_in(h, 32))
			next = hostile_foreign(h);
		else if (hostile_one_in(h, 32))
			next = hostile_nowhere(h);
		set_link(page, next);
		if (next < h->arg->arena || next >= h->arg->arena + h->arg->size ||
		    !PAGE_ALIGNED(next))
			break;
	}

	return head;
}

static u64 count_of_pages(struct hostile *h)
{
	u64 r = hostile_random(h);

	switch (r % 16) {
	case 0:
		return PKVM_IOMMU_TOPUP_MAX + r / 16 % 2;
	case 1:
		return hostile_number(h);
	default:
		return r / 16 % 8;
	}
}

static void topup(struct hostile *h)
{
	u64 nr = count_of_pages(h);

	if (hostile_one_in(h, 4))
		hostile_must_fail(h, op(h, TOPUP, hostile_foreign(h), nr ?: 1) < 0);
	else if (hostile_one_in(h, 8))
		op(h, TOPUP, hostile_nowhere(h), nr);
	else
		op(h, TOPUP, list(h, min(nr, 8)), nr);
}

static void reclaim(struct hostile *h)
{
	op(h, RECLAIM, hostile_one_in(h, 16) ? hostile_number(h) : hostile_random(h) % 8);
}

static void alloc_domain(struct hostile *h)
{
	op(h, ALLOC_DOMAIN, hostile_number(h));
}

static void free_domain(struct hostile *h)
{
	op(h, FREE_DOMAIN, handle(h));
}

static void attach(struct hostile *h)
{
	u64 stream;
	bool is_vms = sid(h, &stream);
	s64 ret = op(h, ATTACH, smmu(h), stream, handle(h));

	if (is_vms)
		hostile_must_fail(h, ret < 0);
}

static void map(struct hostile *h)
{
	u64 prot = hostile_one_in(h, 16) ? hostile_number(h) : 1 + hostile_random(h) % 7;
	u64 r = hostile_random(h), bytes = size(h), phys, done;
	s64 ret;

	if (r % 8 == 0) {
		ret = hostile_call(h, KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
				   (const u64 [7]) { PKVM_IOMMU_OP_MAP, handle(h), iova(h),
						     hostile_foreign(h), bytes, prot },
				   &done);
		hostile_must_fail(h, ret < 0 && !done);
		return;
	}

	/* What is behind the arena is the kernel's, and registers are in use */
	phys = r % 8 == 1 ? hostile_nowhere(h) | BIT_ULL(43) : hostile_own(h);
	if (r % 8 != 1)
		bytes = min(bytes, h->arg->arena + h->arg->size - phys);
	op(h, MAP, handle(h), iova(h), phys, bytes, prot);
}

static void unmap(struct hostile *h)
{
	op(h, UNMAP, handle(h), iova(h), size(h));
}

static void vm_topup(struct hostile *h)
{
	u64 vm = hostile_vm(h), nr = count_of_pages(h);

	/* KVM would get pages back that are not its own */
	if (hostile_vm_is_kvms(h, vm) || hostile_one_in(h, 8))
		hostile_must_fail(h, op(h, VM_TOPUP, vm, hostile_foreign(h), nr ?: 1) < 0);
	else
		op(h, VM_TOPUP, vm, list(h, min(nr, 8)), nr);
}

static void vm_route(struct hostile *h)
{
	u64 vm = hostile_vm(h), pviommu = hostile_random(h) % 4, stream;
	bool must_fail = sid(h, &stream) || hostile_vm_is_kvms(h, vm);
	u64 vsid = hostile_one_in(h, 16) ? hostile_number(h) : hostile_random(h) % 8;
	u64 flags = hostile_one_in(h, 16) ? hostile_number(h) : hostile_random(h) % 2;
	s64 ret = op(h, VM_ROUTE, vm, pviommu, vsid, smmu(h), stream, flags);

	if (must_fail)
		hostile_must_fail(h, ret < 0);
}

static void vm_drain(struct hostile *h)
{
	u64 vm = hostile_vm(h);
	s64 ret = op(h, VM_DRAIN, vm);

	if (vm == h->good)
		hostile_must_fail(h, ret < 0);
}

const struct hostile_action hostile_iommu_actions[] = {
	{ 1, get_info }, { 1, poll }, { 2, unknown_op }, { 2, init_op },
	{ 3, topup }, { 1, reclaim }, { 6, alloc_domain }, { 12, free_domain },
	{ 16, attach }, { 32, map }, { 32, unmap },
	{ 2, vm_topup }, { 8, vm_route }, { 4, vm_drain },
};

const unsigned int hostile_nr_iommu_actions = ARRAY_SIZE(hostile_iommu_actions);

/* Which handles were given is not known: try them all */
void hostile_iommu_end(struct hostile *h)
{
	u64 i, nr;
	s64 ret;

	for (i = HOSTILE_VM_FIRST; i < HOSTILE_VM_FIRST + KVM_MAX_PVMS; i++) {
		while (!hostile_vm_is_kvms(h, i) && op(h, VM_DRAIN, i) == -EAGAIN)
			cond_resched();
	}
	for (i = h->arg->nr_vm_sids; i < h->arg->nr_sids; i++)
		op(h, ATTACH, 0, h->arg->sids[i], PKVM_IOMMU_DOMAIN_BLOCKED);
	for (i = PKVM_IOMMU_DOMAIN_IDENTITY + 1; i < 0x2000; i++) {
		while (op(h, FREE_DOMAIN, i) == -EAGAIN)
			cond_resched();
	}
	do {
		ret = hostile_call(h, KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
				   (const u64 [7]) { PKVM_IOMMU_OP_RECLAIM, 1 }, &nr);
		cond_resched();
	} while (!ret && nr);
}

#else

const struct hostile_action hostile_iommu_actions[] = { };
const unsigned int hostile_nr_iommu_actions;

void hostile_iommu_end(struct hostile *h)
{
}

#endif
