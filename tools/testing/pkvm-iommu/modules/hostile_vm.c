// SPDX-License-Identifier: GPL-2.0-only
/* Hostile hypercalls about memory and VMs. */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "hostile.h"

#ifdef PKVM_IOMMU_OP	/* set by Kbuild where the kernel has the hypercalls */

#include <asm/pkvm-iommu-host.h>

/* What EL2 makes of an address that is donated, at most */
#define TAIL_PAGES	64

static u64 gfn(struct hostile *h)
{
	u64 frame = HOSTILE_GFN + hostile_random(h) % HOSTILE_NR_GFNS;

	switch (hostile_random(h) % 32) {
	case 0:		/* no VM has as many */
		return hostile_number(h) | BIT_ULL(40);
	case 1:		/* a bit that an address does not have */
		return frame | BIT_ULL(52);
	default:
		return frame;
	}
}

static void share_hyp(struct hostile *h)
{
	if (hostile_one_in(h, 4))
		hostile_must_fail(h, hcall(h, __pkvm_host_share_hyp,
					   PHYS_PFN(hostile_foreign(h))) < 0);
	else if (hostile_one_in(h, 8))
		hcall(h, __pkvm_host_share_hyp, hostile_nowhere(h));
	else
		hcall(h, __pkvm_host_share_hyp, PHYS_PFN(hostile_own(h)));
}

static void unshare_hyp(struct hostile *h)
{
	if (hostile_one_in(h, 4))
		hostile_must_fail(h, hcall(h, __pkvm_host_unshare_hyp,
					   PHYS_PFN(hostile_foreign(h))) < 0);
	else if (hostile_one_in(h, 8))
		hcall(h, __pkvm_host_unshare_hyp, hostile_nowhere(h));
	else
		hcall(h, __pkvm_host_unshare_hyp, PHYS_PFN(hostile_own(h)));
}

/* All pages of the good VM in the list are mapped for DMA */
static void force_reclaim(struct hostile *h)
{
	u64 offset = hostile_random(h) % PAGE_SIZE;

	if (hostile_one_in(h, 4))
		hostile_must_fail(h, hcall(h, __pkvm_force_reclaim_guest_page,
					   hostile_foreign(h) + offset) < 0);
	else if (hostile_one_in(h, 8))
		hcall(h, __pkvm_force_reclaim_guest_page, hostile_nowhere(h));
	else
		hcall(h, __pkvm_force_reclaim_guest_page, hostile_own(h) + offset);
}

static void reclaim_dying(struct hostile *h)
{
	hostile_must_fail(h, hcall(h, __pkvm_reclaim_dying_guest_page,
				   hostile_vm(h), gfn(h)) < 0);
}

static void reserve(struct hostile *h)
{
	hcall(h, __pkvm_reserve_vm, hostile_number(h));
}

static void unreserve(struct hostile *h)
{
	u64 vm = hostile_vm(h);

	if (!hostile_vm_is_kvms(h, vm))
		hcall(h, __pkvm_unreserve_vm, vm);
}

static void start_teardown(struct hostile *h)
{
	u64 vm = hostile_vm(h);

	if (!hostile_vm_is_kvms(h, vm))
		hostile_must_fail(h, hcall(h, __pkvm_start_teardown_vm, vm) < 0);
}

static void finalize_teardown(struct hostile *h)
{
	hostile_must_fail(h, hcall(h, __pkvm_finalize_teardown_vm, hostile_vm(h)) < 0);
}

/*
 * Pointers to memory that is not shared with EL2, or not the host's. EL2 makes of
 * any pointer one to memory: what it would take there must not be the kernel's.
 */
static u64 pointer(struct hostile *h)
{
	u64 last = h->arg->arena + h->arg->size - TAIL_PAGES * PAGE_SIZE;
	u64 foreign = hostile_foreign(h), own = hostile_own(h);

	if (hostile_one_in(h, 2) && pfn_valid(PHYS_PFN(foreign)))
		return (u64)phys_to_virt(foreign);

	return (u64)phys_to_virt(min(own, last));
}

static void init_vm(struct hostile *h)
{
	hcall(h, __pkvm_init_vm, pointer(h), pointer(h), pointer(h));
}

static void init_vcpu(struct hostile *h)
{
	hcall(h, __pkvm_init_vcpu, hostile_vm(h), pointer(h), pointer(h));
}

/* Calls about the vCPU that is loaded, most often with one */
static void load(struct hostile *h, u32 vm)
{
	u64 other = hostile_vm(h);

	preempt_disable();
	if (!hostile_one_in(h, 16))
		hcall(h, __pkvm_vcpu_load, vm, 0, hostile_number(h));
	else if (!hostile_vm_is_kvms(h, other))
		hcall(h, __pkvm_vcpu_load, other, hostile_number(h), hostile_number(h));
}

static void put(struct hostile *h)
{
	hcall(h, __pkvm_vcpu_put);
	preempt_enable();
}

static void donate_guest(struct hostile *h)
{
	s64 ret;

	load(h, hostile_one_in(h, 8) ? h->plain : h->victim);
	if (hostile_one_in(h, 4)) {
		ret = hcall(h, __pkvm_host_donate_guest, PHYS_PFN(hostile_foreign(h)), gfn(h));
		hostile_must_fail(h, ret < 0);
	} else if (hostile_one_in(h, 8)) {
		hcall(h, __pkvm_host_donate_guest, hostile_nowhere(h), gfn(h));
	} else {
		hcall(h, __pkvm_host_donate_guest, PHYS_PFN(hostile_own(h)), gfn(h));
	}
	put(h);
}

/* The victims have no device, so this is all wrong */
static void map_mmio(struct hostile *h)
{
	u64 frame = PHYS_PFN(hostile_one_in(h, 2) ? hostile_foreign(h) : hostile_own(h));

	if (hostile_one_in(h, 4))
		frame = hostile_nowhere(h);
	load(h, hostile_one_in(h, 8) ? h->plain : h->victim);
	hostile_must_fail(h, hcall(h, __pkvm_host_map_mmio_guest, frame, gfn(h)) < 0);
	put(h);
}

static u64 nr_pages(struct hostile *h)
{
	u64 r = hostile_random(h);

	switch (r % 8) {
	case 0:
		return hostile_number(h);
	case 1:
		return PTRS_PER_PTE;
	default:
		return 1;
	}
}

static void share_guest(struct hostile *h)
{
	u64 nr = nr_pages(h), prot = hostile_one_in(h, 8) ? hostile_number(h) : 6, frame = gfn(h);
	s64 ret;

	load(h, hostile_one_in(h, 8) ? h->victim : h->plain);
	if (hostile_one_in(h, 4)) {
		ret = hcall(h, __pkvm_host_share_guest, PHYS_PFN(hostile_foreign(h)), frame,
			    nr, prot);
		hostile_must_fail(h, ret < 0);
	} else if (nr == PTRS_PER_PTE) {
		hcall(h, __pkvm_host_share_guest, PHYS_PFN(h->arg->arena),
		      round_down(frame, PTRS_PER_PTE), nr, prot);
	} else {
		hcall(h, __pkvm_host_share_guest, PHYS_PFN(hostile_own(h)), frame, nr, prot);
	}
	put(h);
}

static bool is_mmio_prot(u64 prot)
{
	u64 type = prot & ~(u64)KVM_PGTABLE_PROT_RW;

	return prot & KVM_PGTABLE_PROT_R && (type == KVM_PGTABLE_PROT_DEVICE ||
					     type == KVM_PGTABLE_PROT_NORMAL_NC);
}

/*
 * Memory is no register, whoever it belongs to; nor are others' registers the host's. No
 * VM may execute them, or have them in its caches.
 */
static void share_mmio(struct hostile *h)
{
	static const u64 prots[] = {
		KVM_PGTABLE_PROT_RW | KVM_PGTABLE_PROT_DEVICE,
		KVM_PGTABLE_PROT_R | KVM_PGTABLE_PROT_NORMAL_NC,
		KVM_PGTABLE_PROT_RW, KVM_PGTABLE_PROT_W | KVM_PGTABLE_PROT_DEVICE,
		KVM_PGTABLE_PROT_RWX | KVM_PGTABLE_PROT_DEVICE,
		KVM_PGTABLE_PROT_RW | KVM_PGTABLE_PROT_DEVICE | KVM_PGTABLE_PROT_NORMAL_NC,
		KVM_PGTABLE_PROT_RW | KVM_PGTABLE_PROT_DEVICE | PKVM_PGTABLE_PROT_PINNED,
	};
	u64 prot = prots[hostile_random(h) % ARRAY_SIZE(prots)], nr = nr_pages(h), at = gfn(h);
	u64 frame = PHYS_PFN(hostile_one_in(h, 2) ? hostile_foreign(h) : hostile_own(h));
	bool nowhere = hostile_one_in(h, 2);
	s64 ret;

	if (hostile_one_in(h, 8))
		prot = hostile_number(h);
	if (nowhere)
		frame = PHYS_PFN(hostile_nowhere(h));
	if (nr == PTRS_PER_PTE) {
		at = round_down(at, PTRS_PER_PTE);
		frame = round_down(frame, PTRS_PER_PTE);
	}
	load(h, hostile_one_in(h, 8) ? h->victim : h->plain);
	ret = hcall(h, __pkvm_host_share_mmio_guest, frame, at, nr, prot);
	hostile_must_fail(h, (nowhere && is_mmio_prot(prot)) || ret < 0);
	put(h);
}

static void unshare_mmio(struct hostile *h)
{
	u64 vm = hostile_one_in(h, 8) ? hostile_vm(h) : h->plain;

	hcall(h, __pkvm_host_unshare_mmio_guest, vm, gfn(h), nr_pages(h));
}

static void unshare_guest(struct hostile *h)
{
	u64 vm = hostile_one_in(h, 8) ? hostile_vm(h) : h->plain;

	hcall(h, __pkvm_host_unshare_guest, vm, gfn(h), nr_pages(h));
}

static void change_guest(struct hostile *h)
{
	u64 vm = hostile_one_in(h, 8) ? hostile_vm(h) : h->plain;

	switch (hostile_random(h) % 5) {
	case 0:
		hcall(h, __pkvm_host_wrprotect_guest, vm, gfn(h), nr_pages(h));
		break;
	case 1:
		hcall(h, __pkvm_host_test_clear_young_guest, vm, gfn(h), nr_pages(h), 1);
		break;
	case 2:
		hcall(h, __pkvm_tlb_flush_vmid, vm);
		break;
	case 3:
		load(h, h->plain);
		hcall(h, __pkvm_host_relax_perms_guest, gfn(h), hostile_random(h) % 8);
		put(h);
		break;
	default:
		load(h, h->plain);
		hcall(h, __pkvm_host_mkyoung_guest, gfn(h));
		hcall(h, __pkvm_vcpu_in_poison_fault);
		put(h);
		break;
	}
}

/* Calls that ended when the host was deprivileged, and calls that never were */
static void no_such_call(struct hostile *h)
{
	u64 last = __KVM_HOST_SMCCC_FUNC_MIN_PKVM, r = hostile_random(h);
	u32 nr = r % 2 ? r / 2 % last : __KVM_HOST_SMCCC_FUNC_MAX + r / 2 % 0x1000;

	hostile_must_fail(h, hostile_call(h, KVM_HOST_SMCCC_ID(nr),
					  (const u64 [7]) { hostile_nowhere(h),
					  hostile_number(h), hostile_number(h) }, NULL) < 0);
}

const struct hostile_action hostile_vm_actions[] = {
	{ 6, share_hyp }, { 6, unshare_hyp }, { 16, force_reclaim }, { 6, reclaim_dying },
	{ 2, reserve }, { 2, unreserve }, { 2, start_teardown }, { 4, finalize_teardown },
	{ 1, init_vm }, { 1, init_vcpu }, { 6, donate_guest }, { 6, map_mmio },
	{ 4, share_guest }, { 6, unshare_guest }, { 4, change_guest }, { 6, no_such_call },
	{ 6, share_mmio }, { 4, unshare_mmio },
};

const unsigned int hostile_nr_vm_actions = ARRAY_SIZE(hostile_vm_actions);

void hostile_vm_end(struct hostile *h)
{
	u64 i;

	for (i = HOSTILE_VM_FIRST; i < HOSTILE_VM_FIRST + KVM_MAX_PVMS; i++) {
		if (!hostile_vm_is_kvms(h, i))
			hcall(h, __pkvm_unreserve_vm, i);
	}
	for (i = HOSTILE_GFN; i < HOSTILE_GFN + HOSTILE_NR_GFNS; i++) {
		if (!(i % PTRS_PER_PTE)) {
			hcall(h, __pkvm_host_unshare_guest, h->plain, i, PTRS_PER_PTE);
			hcall(h, __pkvm_host_unshare_mmio_guest, h->plain, i, PTRS_PER_PTE);
		}
		hcall(h, __pkvm_host_unshare_guest, h->plain, i, 1);
		hcall(h, __pkvm_host_unshare_mmio_guest, h->plain, i, 1);
		cond_resched();
	}
	for (i = h->arg->arena; i < h->arg->arena + h->arg->size; i += PAGE_SIZE) {
		hcall(h, __pkvm_host_unshare_hyp, PHYS_PFN(i));
		hcall(h, __pkvm_force_reclaim_guest_page, i);
		cond_resched();
	}
}

#else

const struct hostile_action hostile_vm_actions[] = { };
const unsigned int hostile_nr_vm_actions;

void hostile_vm_end(struct hostile *h)
{
}

#endif
