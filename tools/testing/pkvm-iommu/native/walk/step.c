// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes one call, and compares what followed with what may follow.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/arm-smccc.h>

#include "../hyp/edu.h"

#include "walk.h"

static struct ghost *before, *after, *want;
static u64 baseline;

const struct ghost *walk_state(void)
{
	return before;
}

/* EL2's pages that are in no pool: they came at boot, and do not change */
static u64 boot_pages(const struct ghost *g)
{
	u64 nr = 0;
	unsigned int i;

	for (i = 0; i < g->nr_pages; i++)
		nr += g->page[i].owner == GHOST_EL2;
	for (i = 0; i <= GHOST_MAX_VMS; i++)
		nr -= g->pool[i].free + g->pool[i].used;

	return nr;
}

void walk_start(struct walk *walk)
{
	unsigned int i;

	before = calloc(1, sizeof(*before));
	after = calloc(1, sizeof(*after));
	want = calloc(1, sizeof(*want));
	machine_boot(&walk->machine, walk->seed);
	for (i = 0; i < sim_nr_smmus; i++) {
		sim_smmus[i]->cfg.deaf_cr0 = walk->deaf;
		sim_smmus[i]->cfg.dead_queue = walk->seed & 1;
	}
	ghost_watch_devices();
	ghost_watch_events();
	ghost_read(before);
	baseline = boot_pages(before);
}

void walk_resume(void)
{
	ghost_verdict v;

	ghost_read(before);
	v = ghost_invariants(before) ?: ghost_concrete() ?: ghost_caches(before);
	if (v)
		native_fail("%s", v);
	baseline = boot_pages(before);
}

/* Writes a list of pages into host memory; pages that are not the host's stay */
static u64 write_list(u64 first, u64 nr, u64 stride)
{
	u64 i, phys = first;

	for (i = 0; i < nr && i < PKVM_IOMMU_TOPUP_MAX + 4; i++, phys += stride) {
		if (!page_is_memory(phys & PAGE_MASK) || phys >= NATIVE_PHYS_END ||
		    native_page(phys)->owner != OWNER_HOST)
			continue;
		outside_fill(phys & PAGE_MASK, NATIVE_MEM_START | 0x7c3);
		outside_write64(phys & PAGE_MASK, (phys + stride) & PAGE_MASK);
	}

	return first;
}

/*
 * The host changes what it is lending while EL2 reads it. Lists of pages are all that
 * EL2 ever reads of host or guest: TOPUP and VM_TOPUP, whose first page may become a
 * context. Every other argument is in registers, which EL2 has copied, and no call
 * looks into memory of a guest. That this list is complete AddressSanitizer says: what
 * is not EL2's is poisoned for it (page_set_owner()).
 */
static struct {
	struct rng	rng;
	u64		first, stride, nr;
	void		(*dma)(void);
} hostile;

static void change_memory(void)
{
	u64 phys = hostile.first + rng_below(&hostile.rng, hostile.nr) * hostile.stride;

	if (hostile.dma)
		hostile.dma();
	phys &= PAGE_MASK;
	if (rng_one_in(&hostile.rng, 2) && phys < NATIVE_PHYS_END && page_is_memory(phys) &&
	    native_page(phys)->owner == OWNER_HOST)
		outside_write64(phys, page_phys(rng_below(&hostile.rng, before->nr_pages)));
}

static void start_hostile(const struct step *step, unsigned int at)
{
	if (!step->hostile || !step->arg[at + 1])
		return;
	weather.hostile = true;
	rng_seed(&hostile.rng, step->seed);
	hostile.first = step->arg[at];
	hostile.nr = min_t(u64, step->arg[at + 1], PKVM_IOMMU_TOPUP_MAX);
	hostile.stride = step->arg[at + 2];
	hostile.dma = native_hooks.dma;
	native_hooks.dma = change_memory;
}

static void call_host(const struct step *step, struct ghost_call *c)
{
	bool list = step->op == PKVM_IOMMU_OP_TOPUP || step->op == PKVM_IOMMU_OP_VM_TOPUP;
	unsigned int at = step->op == PKVM_IOMMU_OP_VM_TOPUP;

	if (list) {
		write_list(step->arg[at], step->arg[at + 1], step->arg[at + 2]);
		start_hostile(step, at);
	}
	c->result = host_call7(step->op, step->arg);
}

static void call_guest(const struct step *step, struct ghost_call *c)
{
	u64 x[7] = { step->func, step->op };

	memcpy(&x[2], step->arg, 5 * sizeof(*x));
	c->func = step->func;
	c->guest = guest_call(vm_of(NATIVE_HANDLE_OFFSET + step->vm), x);
}

static bool has_pages(const struct pkvm_hyp_vm *vm)
{
	unsigned int gfn;

	for (gfn = 0; gfn < NATIVE_GUEST_PAGES; gfn++) {
		if (kvm_pte_valid(vm->pte[gfn]) && page_is_memory(kvm_pte_to_phys(vm->pte[gfn])))
			return true;
	}

	return false;
}

/* Whoever reaches registers leaves something there */
static bool touch_registers(const struct step *step, struct ghost_call *c)
{
	struct pkvm_hyp_vm *vm = vm_of(step->arg[0]);
	u64 phys = step->arg[0], gfn = step->arg[1];
	struct edu *edu;

	if (step->op == MEM_VM_TOUCH) {
		if (!vm || vm->kvm.arch.pkvm.is_dying || gfn >= NATIVE_GUEST_PAGES ||
		    !kvm_pte_valid(vm->pte[gfn]))
			return false;
		phys = kvm_pte_to_phys(vm->pte[gfn]);
	}
	if (page_is_memory(phys))
		return false;
	if (step->op == MEM_HOST_TOUCH)
		c->result.ret = host_touch(phys);
	edu = edu_at(phys);
	if (step->op == MEM_VM_TOUCH && !edu)
		return false;
	if (edu && !c->result.ret)
		edu_use(edu);

	return true;
}

/* False: it does not make sense in this state, so there is no call */
static bool call_memory(const struct step *step, struct ghost_call *c)
{
	struct pkvm_hyp_vm *vm = vm_of(step->arg[0]);
	const u64 *arg = step->arg;

	switch (step->op) {
	case MEM_SHARE_HYP:
		c->result.ret = host_share_hyp(arg[0]);
		return true;
	case MEM_UNSHARE_HYP:
		c->result.ret = host_unshare_hyp(arg[0]);
		return true;
	case MEM_DONATE_GUEST:
		vm = vm_of(arg[2]);
		if (!vm || vm->kvm.arch.pkvm.is_dying || !pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = host_donate_guest(arg[0], arg[1], vm);
		return true;
	case MEM_LEND_GUEST:
		vm = vm_of(arg[2]);
		if (!vm || vm->kvm.arch.pkvm.is_dying || pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = host_share_guest(arg[0], arg[1], vm, arg[3]);
		return true;
	case MEM_TAKE_BACK:
	case MEM_WRPROTECT:
		if (!vm || pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = step->op == MEM_TAKE_BACK ? host_unshare_guest(arg[1], 1, vm) :
							    host_wrprotect_guest(arg[1], 1, vm);
		return true;
	case MEM_MAP_REGISTERS:
		vm = vm_of(arg[2]);
		if (!vm || vm->kvm.arch.pkvm.is_dying || !pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = host_map_registers(arg[0], arg[1], vm);
		return true;
	case MEM_LEND_MMIO:
		vm = vm_of(arg[2]);
		if (!vm || vm->kvm.arch.pkvm.is_dying || pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = host_share_mmio_guest(arg[0], arg[1], vm);
		return true;
	case MEM_TAKE_BACK_MMIO:
		if (!vm || pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = host_unshare_mmio_guest(arg[1], vm);
		return true;
	case MEM_HOST_TOUCH:
	case MEM_VM_TOUCH:
		return touch_registers(step, c);
	case MEM_GUEST_SHARE:
	case MEM_GUEST_UNSHARE:
		if (!vm || vm->kvm.arch.pkvm.is_dying || !pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = step->op == MEM_GUEST_SHARE ? guest_share_host(vm, arg[1]) :
							      guest_unshare_host(vm, arg[1]);
		return true;
	case MEM_FORCE_RECLAIM:
		c->result.ret = host_force_reclaim(arg[0]);
		return true;
	case MEM_VM_RESERVE:
		/* The model has room for a few */
		if (before->vm[0].life && before->vm[1].life && before->vm[2].life &&
		    before->vm[3].life)
			return false;
		c->result.ret = vm_reserve();
		return true;
	case MEM_VM_UNRESERVE:
		vm_unreserve(arg[0]);
		return true;
	case MEM_VM_INIT:
		c->result.ret = arg[1] ? vm_init_plain(arg[0]) : vm_init(arg[0]);
		return true;
	case MEM_VM_DYING:
		c->result.ret = vm_start_teardown(arg[0]);
		return true;
	case MEM_VM_RECLAIM:
		if (vm && !pkvm_hyp_vm_is_protected(vm))
			return false;
		c->result.ret = vm_reclaim_page(arg[0], arg[1]);
		return true;
	case MEM_VM_FINALIZE:
		/* Pages that the host does not reclaim are lost to it, and to us */
		if (vm && has_pages(vm))
			return false;
		c->result.ret = vm_finalize_teardown(arg[0]);
		return true;
	}

	return false;
}

/* A device does not come to rest, or does not answer, or does again */
static void device_event(const struct step *step)
{
	struct edu *edu = &edus[step->arg[2] % nr_edus];

	weather.devices = true;
	switch (step->arg[1]) {
	case EVENT_HANGS:
		edu->hung = true;
		break;
	case EVENT_GONE:
		edu->gone = true;
		break;
	case EVENT_RECOVERS:
		edu->hung = false;
		edu->gone = false;
		break;
	case EVENT_SLEEP:
		/* Longer than any reset may take */
		native_sleep(20 * NATIVE_COUNTER_FREQUENCY);
		break;
	}
}

/* Errors that no command caused, and events by the hundred */
static void hardware_event(const struct step *step)
{
	struct sim_smmu *smmu = sim_smmus[step->arg[0] % sim_nr_smmus];
	unsigned int i;

	if (step->arg[1] >= EVENT_HANGS) {
		device_event(step);
		return;
	}
	if (step->arg[1] == 0) {
		weather.hardware = true;
		sim_gerror(smmu, BIT(8));		/* service failure mode */
	} else if (step->arg[1] == 1) {
		sim_gerror(smmu, BIT(2));		/* event queue: write aborted */
	} else if (step->arg[1] == 2) {
		smmu->cfg.deaf_cr0 = true;		/* cannot be switched off any more */
	} else {
		for (i = 0; i < step->arg[1]; i++)
			sim_dma(smmu, 0xffff, i << PAGE_SHIFT, false);
	}
}

static void device_burst(const struct step *step)
{
	struct rng rng;
	unsigned int i;

	rng_seed(&rng, step->seed);
	for (i = 0; i < 16; i++) {
		const struct sim_device *dev = &sim_devices[rng_below(&rng, sim_nr_devices)];
		u64 iova = rng_one_in(&rng, 2) ? page_phys(rng_below(&rng, before->nr_pages)) :
						 rng_below(&rng, 2000) * PAGE_SIZE;

		sim_dma(sim_smmus[dev->smmu], dev->sid, iova, rng_one_in(&rng, 2));
	}
}

static bool make_call(const struct step *step, struct ghost_call *c)
{
	switch (step->kind) {
	case STEP_HOST:
		call_host(step, c);
		return true;
	case STEP_GUEST:
		if (!vm_of(NATIVE_HANDLE_OFFSET + step->vm) ||
		    vm_of(NATIVE_HANDLE_OFFSET + step->vm)->kvm.arch.pkvm.is_dying)
			return false;
		/* Of protected VMs it does not reach the IOMMU code */
		if (step->func == ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID &&
		    !before->vm[step->vm].plain)
			return false;
		call_guest(step, c);
		return true;
	case STEP_MEMORY:
		return call_memory(step, c);
	case STEP_DMA:
		device_burst(step);
		return false;
	default:
		hardware_event(step);
		return false;
	}
}

static ghost_verdict judge(const struct step *step, const struct ghost_call *c)
{
	switch (step->kind) {
	case STEP_HOST:
		return spec_host(want, c, after);
	case STEP_GUEST:
		return spec_guest(want, c, after);
	default:
		return spec_memory(want, c, after);
	}
}

static void fail(struct walk *walk, ghost_verdict v)
{
	snprintf(walk->failure, sizeof(walk->failure), "%s", v);
	native_fail("%s", v);
}

/* What is true of every state, and what a state tells of what led to it */
static ghost_verdict check_state(void)
{
	ghost_verdict v = ghost_invariants(after) ?: ghost_concrete() ?: ghost_caches(after);

	if (!v && boot_pages(after) != baseline)
		v = "I9: pages of EL2 are lost, or counted twice";

	return v;
}

static void go_on(void)
{
	struct ghost *swap = before;

	ghost_streams_changed(before, after);
	before = after;
	after = swap;
}

void walk_look(struct walk *walk)
{
	ghost_verdict v;

	ghost_read(after);
	v = check_state();
	if (v)
		fail(walk, v);
	go_on();
}

static void check(struct walk *walk, const struct step *step, const struct ghost_call *c,
		  bool called)
{
	ghost_verdict v = NULL;

	ghost_read(after);
	ghost_copy(want, before);
	if (called)
		v = judge(step, c);
	v = v ?: ghost_differ(want, after) ?: check_state();
	if (v) {
		printf("result %ld, 0x%lx, 0x%lx\n",
		       step->kind == STEP_GUEST ? (long)c->guest.x[0] : c->result.ret,
		       step->kind == STEP_GUEST ? c->guest.x[1] : c->result.out[0],
		       step->kind == STEP_GUEST ? c->guest.x[2] : c->result.out[1]);
		fail(walk, v);
	}
	go_on();
}

static bool succeeded(const struct step *step, const struct ghost_call *c)
{
	return step->kind == STEP_GUEST ? c->guest.handled && !c->guest.replay && !c->guest.x[0] :
					  c->result.ret >= 0;
}

/* Only what did fail is an excuse; hardware that failed once stays broken */
static void read_weather(struct walk *walk, const struct step *step)
{
	enum native_fault fault = walk->fault < NATIVE_NR_FAULTS ? walk->fault : step->fault;
	bool fired = fault_fired();

	weather.no_memory = fault == FAULT_ALLOC && fired;
	weather.no_donation = fault == FAULT_DONATE && fired;
	if (fault == FAULT_SYNC || fault == FAULT_COMMAND)
		weather.hardware |= fired;
}

void step_prepare(struct walk *walk, const struct step *step)
{
	unsigned int i;

	for (i = 0; i < sim_nr_smmus; i++)
		rng_seed(&sim_smmus[i]->rng, step->seed + i);
	sim_dma_at_points(step->seed, walk->dma_rate);
	if (walk->fault == NATIVE_NR_FAULTS)
		fault_disarm_all();
	if (step->fault < NATIVE_NR_FAULTS)
		fault_arm(step->fault, step->nth);
	weather.hostile = false;
}

bool step_call(const struct step *step, struct ghost_call *c)
{
	*c = (struct ghost_call) {
		.caller	= step->kind == STEP_GUEST ? GHOST_VM + step->vm : GHOST_HOST,
		.op	= step->op,
	};
	/* In lists the registers are: head, how many */
	memcpy(c->arg, step->arg, sizeof(c->arg));

	return make_call(step, c);
}

/* False: it does not make sense in this state */
bool walk_call(struct walk *walk, const struct step *step, struct ghost_call *c)
{
	bool called;

	step_prepare(walk, step);
	called = step_call(step, c);
	sim_dma_stop();
	read_weather(walk, step);
	check(walk, step, c, called);
	walk->nr_calls[step->kind] += called || step->kind >= STEP_DMA;
	walk->nr_good[step->kind] += called && succeeded(step, c);

	return called;
}

void walk_step(struct walk *walk, const struct step *step)
{
	struct ghost_call c;

	walk_call(walk, step, &c);
}
