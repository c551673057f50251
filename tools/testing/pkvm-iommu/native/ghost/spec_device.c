// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that change hands: all of a group or nothing, and never without a reset
 * in between. What a reset is, only the device can say: it is clean, or not.
 */
#include <device/device.h>

#include "../hyp/edu.h"

#include "spec.h"

static void give_streams(struct ghost *g, unsigned int group, u8 owner)
{
	unsigned int i, j;

	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++) {
			if (group_of_stream(i, machine_sids[j]) == group)
				g->stream[i][j].owner = owner;
		}
	}
}

/* Why the streams of a group cannot be had, in the order of their description */
static long streams_to_take(struct ghost *g, unsigned int group)
{
	unsigned int i, j;

	for (i = 0; i < machine_now.nr_devices; i++) {
		const struct machine_device *d = &machine_now.devices[i];

		for (j = 0; d->group == group && j < d->nr_streams; j++) {
			const struct ghost_stream *s = find_stream(g, d->stream[j].smmu,
								   d->stream[j].sid);

			if (!s->known)
				return -ENOENT;
			if (s->owner != GHOST_HOST || s->domain != PKVM_IOMMU_DOMAIN_BLOCKED)
				return -EBUSY;
		}
	}

	return 0;
}

/* May @vm have the group? 0: it has it; -EAGAIN: it takes a reset, or more of it */
long spec_take(struct ghost *g, unsigned int nr, u8 vm)
{
	const struct ghost_group *group = &g->group[nr];

	if (group->state == GROUP_LOST)
		return -EIO;
	if (group->state != GROUP_HOST)
		return group->owner != vm ? -EBUSY : group->state == GROUP_VM ? 0 : -EAGAIN;
	if (group_is_broken(nr) || (!group_is_resettable(nr) && !hyp_device_may_skip_reset))
		return -EACCES;
	/* I1: nobody else reaches what a VM owns */
	if (group->lent)
		return -EBUSY;

	return streams_to_take(g, nr) ?: -EAGAIN;
}

/* I8: nobody has a device any more that could not be reset */
static ghost_verdict lose(struct ghost *g, unsigned int group)
{
	ALLOWED(weather.devices, "a device is lost that is well");
	g->group[group].state = GROUP_LOST;
	g->group[group].owner = GHOST_NOBODY;
	give_streams(g, group, GHOST_NOBODY);

	return NULL;
}

/* The state of a device in the middle of a reset is its own affair */
static ghost_verdict reset_done(struct ghost *g, const struct ghost *post, unsigned int group)
{
	ALLOWED(post->group[group].clean || !group_is_resettable(group),
		"a device changes hands and is not reset");

	return NULL;
}

/* It was taken, or its reset went on, or came to an end */
ghost_verdict spec_taken(struct ghost *g, const struct ghost *post, unsigned int nr, u8 vm,
			 long ret)
{
	enum ghost_group_state from = g->group[nr].state, to = post->group[nr].state;
	struct ghost_group *group = &g->group[nr];

	if (from == GROUP_HOST && to == GROUP_HOST) {
		ALLOWED((ret == -EIO && weather.hardware) ||
			(ret == -ENOMEM && weather.no_donation),
			"VM_ROUTE does not take what it may");
		/* What was taken from the host's stage 2 comes back when it is needed */
		group->host = post->group[nr].host;
		return ret == -EIO ? spec_after_failure(g, post) : NULL;
	}
	group->clean = post->group[nr].clean;
	group->host = false;
	if (to == GROUP_LOST) {
		ALLOWED(ret == -EIO, "VM_ROUTE loses a device and does not say so");
		return lose(g, nr);
	}
	ALLOWED(ret == -EAGAIN, "VM_ROUTE does not return what it must");
	ALLOWED(to == GROUP_TO_VM || to == GROUP_VM, "a device goes where it must not");
	group->state = to;
	group->owner = vm;
	give_streams(g, nr, vm);

	return to == GROUP_VM ? reset_done(g, post, nr) : NULL;
}

bool spec_owns_group(const struct ghost *g, u8 vm)
{
	unsigned int i;

	for (i = 0; i < MACHINE_MAX_GROUPS; i++) {
		if (g->group[i].owner == vm)
			return true;
	}

	return false;
}

/* A dead VM's devices go back, a step at a time; @left: some are not back yet */
ghost_verdict spec_return_groups(struct ghost *g, const struct ghost *post, u8 vm, bool *left)
{
	ghost_verdict v = NULL;
	unsigned int i;

	*left = false;
	for (i = 0; i < MACHINE_MAX_GROUPS && !v; i++) {
		enum ghost_group_state to = post->group[i].state;
		struct ghost_group *group = &g->group[i];

		if (group->owner != vm)
			continue;
		group->clean = post->group[i].clean;
		*left |= to != GROUP_HOST && to != GROUP_LOST;
		switch (to) {
		case GROUP_LOST:
			v = lose(g, i);
			break;
		case GROUP_HOST:
			v = reset_done(g, post, i);
			group->state = GROUP_HOST;
			group->owner = GHOST_HOST;
			give_streams(g, i, GHOST_HOST);
			break;
		case GROUP_TO_HOST:
			group->state = GROUP_TO_HOST;
			break;
		default:
			ALLOWED(to == group->state, "a device of a dead VM goes to a VM");
		}
	}

	return v;
}

static bool is_mapped(const struct ghost_vm *vm, u64 phys)
{
	unsigned int gfn;

	for (gfn = 0; gfn < NATIVE_GUEST_PAGES; gfn++) {
		if (vm->gfn[gfn] == guest_pte(phys, PKVM_PAGE_OWNED))
			return true;
	}

	return false;
}

/* The host asks to have a page of registers mapped in a VM that runs */
ghost_verdict spec_map_registers(struct ghost *g, const struct ghost_call *c)
{
	u64 phys = c->arg[0] << PAGE_SHIFT, gfn = c->arg[1];
	struct ghost_vm *vm = find_vm(g, c->arg[2]);
	int group = group_of_registers(phys);
	long want = 0;

	if (gfn >= NATIVE_GUEST_PAGES)
		want = -EINVAL;
	else if (vm->gfn[gfn])
		want = -EEXIST;
	else if (!vm->served || group < 0 || g->group[group].state != GROUP_VM ||
		 g->group[group].owner != GHOST_VM + vm_number(c->arg[2]))
		want = -EPERM;
	else if (is_mapped(vm, phys))
		want = -EBUSY;
	ALLOWED(c->result.ret == want, "registers are mapped that must not be, or not those that may");
	if (!want)
		vm->gfn[gfn] = guest_pte(phys, PKVM_PAGE_OWNED);

	return NULL;
}

/* The host lends registers of its own to a plain VM */
ghost_verdict spec_lend_mmio(struct ghost *g, const struct ghost_call *c)
{
	u64 phys = c->arg[0] << PAGE_SHIFT, gfn = c->arg[1];
	struct ghost_vm *vm = find_vm(g, c->arg[2]);
	int group = group_of_registers(phys);
	long want = 0;

	if (gfn >= NATIVE_GUEST_PAGES)
		want = -EINVAL;
	else if (page_is_memory(phys) || vm->gfn[gfn])
		want = -EPERM;
	else if (group >= 0 ? g->group[group].state != GROUP_HOST : in_registers(phys))
		want = -EPERM;
	ALLOWED(c->result.ret == want,
		"registers are lent that must not be, or not those that may");
	if (want)
		return NULL;
	vm->gfn[gfn] = guest_pte(phys, PKVM_PAGE_SHARED_BORROWED);
	if (group >= 0)
		g->group[group].lent++;

	return NULL;
}

/* ... and takes them back, as often as it likes and as the VM dies */
ghost_verdict spec_take_back_mmio(struct ghost *g, const struct ghost_call *c)
{
	struct ghost_vm *vm = find_vm(g, c->arg[0]);
	u64 gfn = c->arg[1], phys;
	int group;

	if (gfn >= NATIVE_GUEST_PAGES || !kvm_pte_valid(vm->gfn[gfn])) {
		ALLOWED(c->result.ret, "registers are taken back that were not lent");
		return NULL;
	}
	phys = kvm_pte_to_phys(vm->gfn[gfn]);
	if (page_is_memory(phys)) {
		ALLOWED(c->result.ret == -EPERM, "memory is taken back as registers");
		return NULL;
	}
	ALLOWED(!c->result.ret, "registers cannot be taken back");
	vm->gfn[gfn] = 0;
	group = group_of_registers(phys);
	if (group >= 0)
		g->group[group].lent--;

	return NULL;
}

/* A CPU accesses registers: what it leaves there is the next owner's to be spared */
ghost_verdict spec_touch(struct ghost *g, const struct ghost_call *c)
{
	const struct ghost_vm *vm;
	int group;

	if (c->op == MEM_VM_TOUCH) {
		vm = find_vm(g, c->arg[0]);
		group = group_of_registers(kvm_pte_to_phys(vm->gfn[c->arg[1]]));
		ALLOWED(g->group[group].state == (vm->plain ? GROUP_HOST : GROUP_VM),
			"a VM reaches registers");
		g->group[group].clean = false;
		return NULL;
	}
	group = group_of_registers(c->arg[0]);
	if (group < 0) {
		ALLOWED(!c->result.ret == !in_registers(c->arg[0]),
			"the host reaches EL2's registers, or not its own");
		return NULL;
	}
	ALLOWED(!c->result.ret == (g->group[group].state == GROUP_HOST),
		"the host reaches registers that it must not, or not those that it may");
	if (!c->result.ret) {
		g->group[group].host = true;
		g->group[group].clean = false;
	}

	return NULL;
}

/* DEV_REQ_MMIO: which registers does a VM see at an address? */
long spec_seen_registers(struct ghost *g, u8 owner, u64 ipa, u64 *phys)
{
	const struct ghost_vm *vm = &g->vm[owner - GHOST_VM];
	u64 gfn = ipa >> PAGE_SHIFT;
	kvm_pte_t pte = gfn < NATIVE_GUEST_PAGES ? vm->gfn[gfn] : 0;

	if (!PAGE_ALIGNED(ipa) || !spec_owns_group(g, owner) || ipa >> NATIVE_GUEST_IA_BITS)
		return -EPERM;
	if (!pte)
		return -ENOENT;
	*phys = kvm_pte_to_phys(pte);

	return kvm_pte_valid(pte) && !page_is_memory(*phys) ? 0 : -EPERM;
}
