// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults. Each is the business of whoever owned the stream when it happened, by what
 * the model saw then: of the host, or of one VM, which gets all of it, while the host
 * learns what kind of fault it was, but not where. If the stream has changed hands
 * since, it is nobody's.
 */
#include <linux/pkvm-iommu-guest.h>

#include "arm-smmu-v3.h"

#include "spec.h"

/* How often a stream has changed hands, with its owner: the same stay of an owner */
static u64 changes[SIM_MAX_SMMUS][NR_SIDS];

static u64 stay(unsigned int smmu, unsigned int idx, u8 owner)
{
	return changes[smmu][idx] << 8 | owner;
}

static unsigned int index_of(u32 sid)
{
	unsigned int i;

	for (i = 0; i < NR_SIDS && machine_sids[i] != sid; i++)
		;

	return i;
}

static u64 owner_now(struct sim_smmu *sim, u32 sid)
{
	unsigned int smmu, idx = index_of(sid);

	for (smmu = 0; sim_smmus[smmu] != sim; smmu++)
		;

	return idx < NR_SIDS ? stay(smmu, idx, ghost_stream_owner(smmu, sid)) : GHOST_HOST;
}

void ghost_watch_events(void)
{
	sim_event_owner = owner_now;
}

void ghost_streams_changed(const struct ghost *was, const struct ghost *is)
{
	unsigned int i, j;

	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++)
			changes[i][j] += was->stream[i][j].owner != is->stream[i][j].owner;
	}
}

static const struct ghost_route *route_to(const struct ghost_vm *vm, u64 smmu, u32 sid)
{
	unsigned int i;

	for (i = 0; i < vm->nr_routes; i++) {
		if (vm->routes[i].smmu == smmu && vm->routes[i].sid == sid)
			return &vm->routes[i];
	}

	return NULL;
}

static struct ghost_event expected(const struct ghost_route *r, const u64 *record)
{
	struct ghost_event e = {
		.pviommu	= r->pviommu,
		.vsid		= r->vsid,
		.reason		= record[0] & 0xff,
	};

	/* Other addresses can be those of EL2's own tables */
	if (e.reason >= SIM_F_TRANSLATION && e.reason <= SIM_F_PERMISSION) {
		e.iova = record[2];
		e.reason |= PVIOMMU_EVENT_IOVA;
		if (record[1] & EVTQ_1_RnW)
			e.reason |= PVIOMMU_EVENT_READ;
	}

	return e;
}

static void deliver(struct ghost_vm *vm, const struct ghost_event *e)
{
	if (vm->nr_events < GHOST_MAX_EVENTS)
		vm->events[vm->nr_events++] = *e;
	else
		vm->lost++;
}

/* A record about a stream that is a VM's now, or was when it was made */
static ghost_verdict poll_vm_event(struct ghost *g, const struct ghost_call *c, u8 owner,
				   bool stale)
{
	const struct sim_event *taken = &sim_smmus[c->arg[0]]->taken;
	u32 sid = taken->record[0] >> 32;
	const u64 *out = c->result.out;
	const struct ghost_route *r;
	struct ghost_event e;
	struct ghost_vm *vm;

	ALLOWED(out[3] == sid, "POLL tells of another stream");
	/*
	 * One that became a VM's and the host's again in one race, or in one call that an
	 * SMMU failed, left no trace here.
	 */
	if (stale || (owner == GHOST_HOST && (weather.raced || weather.hardware))) {
		ALLOWED(!out[0] && !out[1] && !out[2], "I2: a fault goes to another owner");
		return NULL;
	}
	ALLOWED(owner >= GHOST_VM, "a fault of the host's is kept from it");
	vm = &g->vm[owner - GHOST_VM];
	r = route_to(vm, c->arg[0], sid);
	ALLOWED(r, "a fault of a stream without a route");
	e = expected(r, taken->record);
	ALLOWED(out[0] == NATIVE_HANDLE_OFFSET + owner - GHOST_VM &&
		out[1] == (r->pviommu | (u64)r->vsid << 32) && out[2] == e.reason,
		"POLL tells of another fault");
	deliver(vm, &e);

	return NULL;
}

ghost_verdict spec_poll(struct ghost *g, const struct ghost_call *c)
{
	const struct sim_event *taken = &sim_smmus[c->arg[0]]->taken;
	bool host = c->result.ret & PKVM_IOMMU_POLL_EVENT;
	bool vm = c->result.ret & PKVM_IOMMU_POLL_VM_EVENT;
	u32 sid = taken->record[0] >> 32;
	u8 owner = GHOST_HOST;
	bool stale = false;

	ALLOWED(!host || !vm, "POLL returns two records in one");
	if (!host && !vm) {
		ALLOWED(!c->result.out[0] && !c->result.out[1] && !c->result.out[2] &&
			!c->result.out[3], "POLL returns a record without saying so");
		return NULL;
	}
	if (index_of(sid) < NR_SIDS) {
		owner = find_stream(g, c->arg[0], sid)->owner;
		stale = taken->owner != stay(c->arg[0], index_of(sid), owner);
	}
	if (vm)
		return poll_vm_event(g, c, owner, stale);
	ALLOWED(owner == GHOST_HOST && !stale, "the host sees the fault of a VM");
	ALLOWED(!memcmp(c->result.out, taken->record, sizeof(taken->record)),
		"POLL returns another record than that in the queue");

	return NULL;
}

ghost_verdict spec_get_event(struct ghost_vm *vm, const u64 x[4])
{
	const struct ghost_event *e = &vm->events[0];
	u64 lost = (u64)vm->lost << 32;

	vm->lost = 0;
	if (!vm->nr_events) {
		ALLOWED(!x[1] && !x[2] && x[3] == lost, "GET_EVENT makes something up");
		return NULL;
	}
	ALLOWED(x[1] == (e->pviommu | (u64)e->vsid << 32) && x[2] == e->iova &&
		x[3] == (lost | e->reason | PVIOMMU_EVENT_VALID),
		"GET_EVENT does not give the oldest fault");
	memmove(&vm->events[0], &vm->events[1], --vm->nr_events * sizeof(*e));

	return NULL;
}
