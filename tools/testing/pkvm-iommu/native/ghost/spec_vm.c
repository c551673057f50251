// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the host about VMs: memory, routes, the end.
 */
#include "spec.h"

/* A VM has memory and routes from its reservation until it dies */
static bool may_have_context(const struct ghost_vm *vm)
{
	return vm && (vm->life == VM_RESERVED || vm->life == VM_LIVE) && !vm->dead;
}

static ghost_verdict vm_topup(struct ghost *g, const struct ghost_call *c,
			      const struct ghost *post)
{
	u64 handle = c->arg[0], nr = c->arg[2], left = c->result.out[1];
	struct ghost_vm *vm = find_vm(g, handle);
	long ret = c->result.ret;

	if (nr > PKVM_IOMMU_TOPUP_MAX) {
		ALLOWED(ret == -E2BIG, "an over-long list is not -E2BIG");
		return NULL;
	}
	if (!may_have_context(vm)) {
		ALLOWED(ret == -ENOENT && left == nr, "a VM that may have nothing gets memory");
		return NULL;
	}
	if (!vm->context && !nr) {
		ALLOWED(ret == -ENOENT, "a VM is known without a page");
		return NULL;
	}
	/* The first page makes the VM known */
	if (left < nr)
		vm->context = true;

	return spec_list(g, c, post, GHOST_VM + vm_number(handle), nr);
}

static bool names_stream(const struct ghost_vm *vm, u64 smmu, u64 sid)
{
	unsigned int i;

	for (i = 0; i < vm->nr_routes; i++) {
		if (vm->routes[i].smmu == smmu && vm->routes[i].sid == sid)
			return true;
	}

	return false;
}

/* What a route without registers takes: one stream, from the host */
static long take_stream(const struct ghost_stream *s)
{
	if (!s)
		return -ERANGE;
	if (!s->known)
		return -ENOENT;

	return s->owner != GHOST_HOST || s->domain != PKVM_IOMMU_DOMAIN_BLOCKED ? -EBUSY : 0;
}

static ghost_verdict vm_route(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	u64 handle = c->arg[0], pviommu = c->arg[1], vsid = c->arg[2];
	u64 smmu = c->arg[3], sid = c->arg[4], flags = c->arg[5];
	int group = flags & PKVM_IOMMU_ROUTE_REGS ? group_of_stream(smmu, sid) : -1;
	struct ghost_vm *vm = find_vm(g, handle);
	long ret = c->result.ret, want = 0;
	struct ghost_stream *s;

	s = smmu < sim_nr_smmus ? find_stream(g, smmu, sid) : NULL;
	if (pviommu >> 32 || vsid >> 32 || flags & ~(u64)PKVM_IOMMU_ROUTE_REGS)
		want = -EINVAL;
	else if (smmu >= sim_nr_smmus)
		want = -ENOENT;
	else if (!may_have_context(vm) || !vm->context)
		want = -ENOENT;
	else if (vm->life != VM_RESERVED)
		want = -EPERM;			/* I3 */
	else if (find_route(vm, pviommu, vsid))
		want = -EEXIST;			/* I2 */
	else if (ret == -ENOMEM && (!pool_of(g, GHOST_VM + vm_number(handle))->free ||
				    weather.no_memory))
		return NULL;
	else if (group < 0)
		want = take_stream(s);		/* I2 */
	else
		want = spec_take(g, group, GHOST_VM + vm_number(handle));
	if (group >= 0 && want == -EAGAIN)
		return spec_taken(g, post, group, GHOST_VM + vm_number(handle), ret);
	/* I2: what is the VM's already has a name */
	if (group >= 0 && !want && names_stream(vm, smmu, sid))
		want = -EBUSY;
	/* I2: what may not abort stays the host's */
	ALLOWED(ret == want || (ret == -EIO && (!want || group >= 0) && weather.hardware),
		"VM_ROUTE does not return what it must");
	if (ret)
		return NULL;

	s->owner = GHOST_VM + vm_number(handle);
	vm->host_has_regs |= group < 0 && group_of_stream(smmu, sid) >= 0;
	vm->routes[vm->nr_routes++] = (struct ghost_route) { pviommu, vsid, sid, smmu, false };

	return NULL;
}

/*
 * One step of the drain, in this order (I6): all streams abort; devices are reset
 * and go back; domains unmap; streams and memory go back to the host.
 */
static ghost_verdict drain_step(struct ghost *g, struct ghost_vm *vm, u8 owner,
				const struct ghost *post)
{
	const struct ghost_vm *after = &post->vm[owner - GHOST_VM];
	bool all_blocked = true, domains = false, devices;
	ghost_verdict v;
	unsigned int i;

	for (i = 0; i < vm->nr_routes; i++) {
		struct ghost_route *r = &vm->routes[i];
		struct ghost_stream *s = find_stream(g, r->smmu, r->sid);
		struct ghost_domain *d;

		if (i < after->nr_routes && !after->routes[i].blocked) {
			all_blocked = false;
			continue;
		}
		d = s && s->owner == owner ? find_domain(g, owner, s->domain) : NULL;
		if (d)
			d->streams--;
		if (s && s->owner == owner) {
			s->domain = PKVM_IOMMU_DOMAIN_BLOCKED;
			s->live = false;
		}
		r->blocked = true;
	}
	v = spec_return_groups(g, post, owner, &devices);
	if (v)
		return v;
	ALLOWED(all_blocked || devices || !spec_owns_group(post, owner),
		"I6: a device goes back before all streams abort");
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		struct ghost_domain *d = &g->domain[i];
		const struct ghost_domain *p;

		if (!d->used || d->owner != owner)
			continue;
		p = find_domain((struct ghost *)post, owner, d->handle);
		if (!p) {
			ALLOWED(all_blocked, "I6: a domain is freed before all streams abort");
			ALLOWED(!devices, "I6: a domain is freed before a device is reset");
			ALLOWED(!d->wedged, "I5: a domain is freed that an SMMU may have cached");
			map_clear(g, d);
			d->used = false;
			continue;
		}
		domains = true;
		if (p->dying) {
			ALLOWED(all_blocked && !devices,
				"I6: pages are unpinned before all streams abort and devices are reset");
			spec_shrink(g, d, p);
		}
	}
	while (vm->nr_routes > after->nr_routes) {
		struct ghost_route *r = &vm->routes[--vm->nr_routes];
		struct ghost_stream *s = find_stream(g, r->smmu, r->sid);

		ALLOWED(all_blocked && !domains, "I6: a stream goes back before the VM's memory");
		if (s && s->owner == owner)
			s->owner = GHOST_HOST;
		memset(r, 0, sizeof(*r));
	}

	return NULL;
}

/* I8: an SMMU that hangs keeps its own streams, not those of others */
static bool healthy_are_blocked(const struct ghost *g, const struct ghost_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_routes; i++) {
		if (!vm->routes[i].blocked && !g->smmu_dead[vm->routes[i].smmu])
			return false;
	}

	return true;
}

static ghost_verdict vm_drain(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	struct ghost_vm *vm = find_vm(g, c->arg[0]);
	u8 owner = GHOST_VM + vm_number(c->arg[0]);
	long ret = c->result.ret;
	ghost_verdict v;

	if (!vm || !vm->context) {
		ALLOWED(!ret && !c->result.out[1], "a drain of nothing is not 0");
		return NULL;
	}
	if (vm->life == VM_LIVE && vm->served) {
		ALLOWED(ret == -EBUSY && !c->result.out[1], "a VM that runs is drained");
		return NULL;
	}

	vm->dead = true;
	v = drain_step(g, vm, owner, post);
	if (v)
		return v;
	ALLOWED(ret == 0 || ret == -EAGAIN || (ret == -EIO && weather.hardware),
		"VM_DRAIN returns what it must not");
	if (ret == -EIO) {
		ALLOWED(healthy_are_blocked(post, &post->vm[owner - GHOST_VM]),
			"I6: a drain ends while a stream of an SMMU that is well is not blocked");
		v = spec_after_failure(g, post);
	}
	v = v ?: spec_return(g, post, owner, c->result.out[1]);
	if (v || ret)
		return v;

	ALLOWED(!vm->nr_routes, "a drained VM has routes");
	ALLOWED(!pool_of(g, owner)->free && !pool_of(g, owner)->used,
		"I9: a drained VM does not get all its memory back");
	ALLOWED(!spec_owns_group(g, owner), "a drained VM has devices");
	vm->context = false;
	vm->nr_events = 0;
	vm->lost = 0;
	vm->dead = false;
	vm->served = false;
	vm->host_has_regs = false;

	return NULL;
}

ghost_verdict spec_vm(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	switch (c->op) {
	case PKVM_IOMMU_OP_VM_TOPUP:
		return vm_topup(g, c, post);
	case PKVM_IOMMU_OP_VM_ROUTE:
		return vm_route(g, c, post);
	default:
		return vm_drain(g, c, post);
	}
}
