// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which step next? Mostly one that the state makes sense of, sometimes with one
 * argument replaced by something that it does not.
 */
#include <linux/iommu.h>
#include <linux/pkvm-iommu-guest.h>

#include "../hyp/edu.h"

#include "walk.h"

/* Domains that live at a time */
#define MANY_DOMAINS	12

struct gen {
	struct rng		*rng;
	const struct ghost	*g;
	struct step		*step;
};

static u32 pick(struct gen *gen, u32 n)
{
	return rng_below(gen->rng, n);
}

static u64 some_page(struct gen *gen)
{
	return page_phys(pick(gen, gen->g->nr_pages));
}

/* A page of this owner; any, if it does not turn up */
static u64 page_of(struct gen *gen, u8 owner)
{
	unsigned int tries;
	u64 phys = 0;

	for (tries = 0; tries < 16; tries++) {
		phys = some_page(gen);
		if (gen->g->page[page_index(phys)].owner == owner)
			break;
	}

	return phys;
}

/* Pages that the host lends lie at the ends: blocks in the middle stay whole */
static u64 page_to_give(struct gen *gen)
{
	unsigned int tries;
	u64 phys = 0;

	for (tries = 0; tries < 16; tries++) {
		u32 nr = gen->g->nr_pages / 4;

		phys = page_phys(gen->g->nr_pages - 1 - pick(gen, nr));
		if (gen->g->page[page_index(phys)].owner == GHOST_HOST)
			break;
	}

	return phys;
}

/* A page of registers of an assignable device, or beside them */
static u64 some_registers(struct gen *gen)
{
	const struct edu *edu = &edus[pick(gen, nr_edus)];

	return edu->base + pick(gen, (edu->size >> PAGE_SHIFT) + !pick(gen, 8)) * PAGE_SIZE;
}

/* Registers that nobody is to have, or beside them */
static u64 some_withheld(struct gen *gen)
{
	return machine_now.withheld.base - PAGE_SIZE + pick(gen, 4) * PAGE_SIZE;
}

static u64 some_phys(struct gen *gen)
{
	switch (pick(gen, 12)) {
	case 0:
		return some_page(gen);
	case 1:
		if (!pick(gen, 4))
			return some_withheld(gen);
		return sim_smmus[0]->cfg.base + pick(gen, 33) * SZ_4K;
	case 2:
		if (!pick(gen, 4))
			return some_registers(gen);
		return 0x80000000 + pick(gen, 2) * GHOST_BLOCK;	/* MMIO */
	case 3:
	case 4:
		/* A whole block of the host's, or nearly */
		return NATIVE_MEM_START + GHOST_BLOCK + pick(gen, 2) * PAGE_SIZE;
	case 5:
		return page_of(gen, GHOST_VM + pick(gen, GHOST_MAX_VMS));
	default:
		return page_of(gen, GHOST_HOST);
	}
}

static u64 some_iova(struct gen *gen)
{
	switch (pick(gen, 10)) {
	case 0:
		return BIT(ghost_ias()) - (1 + pick(gen, 4)) * PAGE_SIZE;
	case 1:
	case 2:
		return GHOST_BLOCK * (1 + pick(gen, 3));
	case 3:
		return GHOST_BLOCK * (1 + pick(gen, 3)) - pick(gen, 4) * PAGE_SIZE;
	default:
		return pick(gen, 12) * PAGE_SIZE;
	}
}

static u64 some_size(struct gen *gen)
{
	switch (pick(gen, 12)) {
	case 0:
		return GHOST_BLOCK;
	case 1:
		return GHOST_BLOCK + pick(gen, 3) * PAGE_SIZE;
	case 2:
		return 2 * GHOST_BLOCK;
	case 3:
		return pick(gen, PTRS_PER_PTE) * PAGE_SIZE;
	case 4:
		return pick(gen, 40) * PAGE_SIZE;
	default:
		return (1 + pick(gen, 4)) * PAGE_SIZE;
	}
}

static u64 some_prot(struct gen *gen)
{
	return (1 + pick(gen, 3)) | (pick(gen, 2) ? IOMMU_CACHE : 0) |
	       (pick(gen, 6) ? 0 : pick(gen, 64));
}

/* A domain of this owner that exists, if any does */
static const struct ghost_domain *some_domain(struct gen *gen, u8 owner)
{
	unsigned int i, at = pick(gen, GHOST_MAX_DOMAINS);

	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		const struct ghost_domain *d = &gen->g->domain[(at + i) % GHOST_MAX_DOMAINS];

		if (d->used && d->owner == owner)
			return d;
	}

	return NULL;
}

static u64 some_handle(struct gen *gen, u8 owner)
{
	const struct ghost_domain *d = some_domain(gen, owner);

	return d ? d->handle : 2 + pick(gen, 4);
}

static unsigned int count_domains(struct gen *gen)
{
	unsigned int i, nr = 0;

	for (i = 0; i < GHOST_MAX_DOMAINS; i++)
		nr += gen->g->domain[i].used;

	return nr;
}

/* Somewhere in what a domain maps: the start of a leaf, or beside it */
static u64 mapped_iova(struct gen *gen, u8 owner, u64 handle)
{
	const struct ghost_domain *d = find_domain((struct ghost *)gen->g, owner, handle);
	const struct ghost_leaf *leaf;

	if (!d || !d->map.nr || !pick(gen, 8))
		return some_iova(gen);
	leaf = &d->map.leaf[pick(gen, d->map.nr)];

	return leaf->iova + (pick(gen, 8) ? 0 : PAGE_SIZE);
}

static u64 some_vm(struct gen *gen)
{
	return NATIVE_HANDLE_OFFSET + pick(gen, GHOST_MAX_VMS);
}

static u64 some_sid(struct gen *gen)
{
	return machine_sids[pick(gen, NR_SIDS)];
}

static void set(struct gen *gen, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 *arg = gen->step->arg;

	arg[0] = a0;
	arg[1] = a1;
	arg[2] = a2;
	arg[3] = a3;
	arg[4] = a4;
}

static void host_map(struct gen *gen)
{
	u64 handle = some_handle(gen, GHOST_HOST), iova = some_iova(gen);

	sim_dma_hint(iova);
	set(gen, handle, iova, some_phys(gen), some_size(gen), some_prot(gen));
}

static void host_unmap(struct gen *gen)
{
	u64 handle = some_handle(gen, GHOST_HOST);

	set(gen, handle, mapped_iova(gen, GHOST_HOST, handle), some_size(gen), 0, 0);
}

static void host_attach(struct gen *gen)
{
	u64 handle = some_handle(gen, GHOST_HOST);

	if (pick(gen, 3) == 0)
		handle = pick(gen, 2);
	set(gen, pick(gen, sim_nr_smmus), some_sid(gen), handle, 0, 0);
}

static void vm_route(struct gen *gen)
{
	set(gen, some_vm(gen), 1 + pick(gen, 2), pick(gen, 4), pick(gen, sim_nr_smmus),
	    some_sid(gen));
	gen->step->arg[5] = pick(gen, 4) ? PKVM_IOMMU_ROUTE_REGS : 0;
}

/* A short list from somewhere; how far apart decides whether it runs into others */
static void list(struct gen *gen, unsigned int at)
{
	u64 *arg = &gen->step->arg[at];

	arg[0] = page_to_give(gen);
	arg[1] = pick(gen, 12) ? 1 + pick(gen, 6) : 60 + pick(gen, 8);
	arg[2] = PAGE_SIZE * (pick(gen, 4) ? 1 : pick(gen, 3));
	gen->step->hostile = !pick(gen, 8);
}

/* Number of pieces in a list, where the call has it; now and then a bad one */
static u64 list_length(struct gen *gen)
{
	return (u64)(pick(gen, 10) ? 1 + pick(gen, PKVM_IOMMU_LIST_MAX) : pick(gen, 20)) << 32;
}

/* Ranges from what is mapped on: beside each other, apart, or one over the other */
static void unmap_list(struct gen *gen, u8 owner)
{
	struct step *step = gen->step;
	u64 first = mapped_iova(gen, owner, step->arg[0]), stride = pick(gen, 4) * PAGE_SIZE;

	if (!pick(gen, 4)) {
		/* Blocks, if there are any */
		first = ALIGN_DOWN(first, GHOST_BLOCK) + PTRS_PER_PTE - 1;
		stride = GHOST_BLOCK;
	} else {
		first += pick(gen, 3);
	}
	if (!pick(gen, 8))
		stride += pick(gen, PAGE_SIZE);
	set(gen, step->arg[0], list_length(gen) >> 32, 0, first, stride);
}

static void host_step(struct gen *gen)
{
	static const u8 ops[] = {
		PKVM_IOMMU_OP_MAP, PKVM_IOMMU_OP_MAP, PKVM_IOMMU_OP_MAP, PKVM_IOMMU_OP_MAP,
		PKVM_IOMMU_OP_MAP_LIST, PKVM_IOMMU_OP_MAP_LIST,
		PKVM_IOMMU_OP_UNMAP, PKVM_IOMMU_OP_UNMAP, PKVM_IOMMU_OP_UNMAP,
		PKVM_IOMMU_OP_UNMAP_LIST, PKVM_IOMMU_OP_UNMAP_LIST,
		PKVM_IOMMU_OP_ATTACH, PKVM_IOMMU_OP_ATTACH, PKVM_IOMMU_OP_ATTACH,
		PKVM_IOMMU_OP_ALLOC_DOMAIN, PKVM_IOMMU_OP_FREE_DOMAIN,
		PKVM_IOMMU_OP_TOPUP, PKVM_IOMMU_OP_RECLAIM,
		PKVM_IOMMU_OP_POLL, PKVM_IOMMU_OP_POLL,
		PKVM_IOMMU_OP_GET_INFO,
		PKVM_IOMMU_OP_VM_TOPUP, PKVM_IOMMU_OP_VM_TOPUP,
		PKVM_IOMMU_OP_VM_ROUTE, PKVM_IOMMU_OP_VM_ROUTE, PKVM_IOMMU_OP_VM_DRAIN,
	};
	struct step *step = gen->step;

	step->op = ops[pick(gen, ARRAY_SIZE(ops))];
	/* Memory that is short is asked for more often than not */
	if (gen->g->pool[0].free < 4 && pick(gen, 2))
		step->op = PKVM_IOMMU_OP_TOPUP;
	if (step->op == PKVM_IOMMU_OP_ALLOC_DOMAIN && count_domains(gen) > MANY_DOMAINS)
		step->op = PKVM_IOMMU_OP_FREE_DOMAIN;

	switch (step->op) {
	case PKVM_IOMMU_OP_GET_INFO:
	case PKVM_IOMMU_OP_POLL:
		set(gen, pick(gen, sim_nr_smmus), 0, 0, 0, 0);
		break;
	case PKVM_IOMMU_OP_TOPUP:
		list(gen, 0);
		break;
	case PKVM_IOMMU_OP_RECLAIM:
		set(gen, pick(gen, 8), 0, 0, 0, 0);
		break;
	case PKVM_IOMMU_OP_FREE_DOMAIN:
		set(gen, some_handle(gen, GHOST_HOST), 0, 0, 0, 0);
		break;
	case PKVM_IOMMU_OP_ATTACH:
		host_attach(gen);
		break;
	case PKVM_IOMMU_OP_MAP:
		host_map(gen);
		break;
	case PKVM_IOMMU_OP_MAP_LIST:
		host_map(gen);
		/* Size and permissions as they are: a few pieces, some far apart */
		set(gen, step->arg[0], step->arg[1], step->arg[4] | list_length(gen),
		    step->arg[2] + pick(gen, 3),
		    pick(gen, 4) * PAGE_SIZE + (pick(gen, 8) ? 0 : pick(gen, PAGE_SIZE)));
		break;
	case PKVM_IOMMU_OP_UNMAP:
		host_unmap(gen);
		break;
	case PKVM_IOMMU_OP_UNMAP_LIST:
		step->arg[0] = some_handle(gen, GHOST_HOST);
		unmap_list(gen, GHOST_HOST);
		break;
	case PKVM_IOMMU_OP_VM_TOPUP:
		step->arg[0] = some_vm(gen);
		list(gen, 1);
		break;
	case PKVM_IOMMU_OP_VM_ROUTE:
		vm_route(gen);
		break;
	case PKVM_IOMMU_OP_VM_DRAIN:
		step->arg[0] = some_vm(gen);
		break;
	}
}

static bool vm_runs(const struct ghost *g, unsigned int vm)
{
	return g->vm[vm].life == VM_LIVE;
}

static void guest_args(struct gen *gen, const struct ghost_vm *vm)
{
	u8 owner = GHOST_VM + gen->step->vm;
	u64 handle = some_handle(gen, owner), iova = some_iova(gen);
	const struct ghost_route *r = NULL;

	if (vm->nr_routes)
		r = &vm->routes[pick(gen, vm->nr_routes)];
	switch (gen->step->op) {
	case PVIOMMU_OP_ATTACH_DEV:
	case PVIOMMU_OP_DETACH_DEV:
		set(gen, r ? r->pviommu : 1, r ? r->vsid : 1, 0, handle,
		    gen->step->op == PVIOMMU_OP_ATTACH_DEV ? pick(gen, 21) : 0);
		break;
	case PVIOMMU_OP_FREE_DOMAIN:
		set(gen, handle, 0, 0, 0, 0);
		break;
	case PVIOMMU_OP_MAP_PAGES:
		sim_dma_hint(iova);
		set(gen, handle, iova, pick(gen, 20) * PAGE_SIZE, (1 + pick(gen, 6)) * PAGE_SIZE,
		    some_prot(gen));
		break;
	case PVIOMMU_OP_MAP_LIST:
		sim_dma_hint(iova);
		set(gen, handle, iova, some_prot(gen) | list_length(gen),
		    pick(gen, 20) * PAGE_SIZE + pick(gen, 3), pick(gen, 3) * PAGE_SIZE);
		break;
	case PVIOMMU_OP_UNMAP_LIST:
		gen->step->arg[0] = handle;
		unmap_list(gen, owner);
		break;
	case PVIOMMU_OP_UNMAP_PAGES:
		set(gen, handle, mapped_iova(gen, owner, handle), some_size(gen), 0, 0);
		break;
	}
}

static void guest_step(struct gen *gen)
{
	static const u8 ops[] = {
		PVIOMMU_OP_ATTACH_DEV, PVIOMMU_OP_ATTACH_DEV, PVIOMMU_OP_DETACH_DEV,
		PVIOMMU_OP_ALLOC_DOMAIN, PVIOMMU_OP_FREE_DOMAIN,
		PVIOMMU_OP_MAP_PAGES, PVIOMMU_OP_MAP_PAGES, PVIOMMU_OP_MAP_PAGES,
		PVIOMMU_OP_MAP_LIST, PVIOMMU_OP_MAP_LIST, PVIOMMU_OP_UNMAP_LIST,
		PVIOMMU_OP_UNMAP_PAGES, PVIOMMU_OP_UNMAP_PAGES, PVIOMMU_OP_FEATURES,
		PVIOMMU_OP_GET_EVENT,
	};
	struct step *step = gen->step;

	step->vm = pick(gen, GHOST_MAX_VMS);
	step->func = PVIOMMU_OP_FUNC_ID;
	step->op = ops[pick(gen, ARRAY_SIZE(ops))];
	if (step->op == PVIOMMU_OP_ALLOC_DOMAIN && count_domains(gen) > MANY_DOMAINS)
		step->op = PVIOMMU_OP_FREE_DOMAIN;
	guest_args(gen, &gen->g->vm[step->vm]);
	if (!pick(gen, 20)) {
		step->func = pick(gen, 3) ? PVIOMMU_DEV_REQ_DMA_FUNC_ID :
					    PVIOMMU_DEV_REQ_MMIO_FUNC_ID;
		step->op = step->func == PVIOMMU_DEV_REQ_DMA_FUNC_ID ? 1 + pick(gen, 2) :
			   pick(gen, 32) * PAGE_SIZE;
		set(gen, pick(gen, 4), 0, 0, 0, 0);
	} else if (gen->g->vm[step->vm].plain && !pick(gen, 20)) {
		step->func = ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID;
		step->op = !pick(gen, 4);
		set(gen, !pick(gen, 4), !pick(gen, 4), 0, 0, 0);
	}
}

/* What is done to protected VMs, for a plain one */
static u64 for_kind(const struct ghost_vm *vm, u64 op)
{
	if (!vm->plain)
		return op;

	switch (op) {
	case MEM_DONATE_GUEST:
		return MEM_LEND_GUEST;
	case MEM_GUEST_SHARE:
	case MEM_VM_RECLAIM:
		return MEM_TAKE_BACK;
	case MEM_GUEST_UNSHARE:
		return MEM_WRPROTECT;
	}

	return op;
}

static void memory_step(struct gen *gen)
{
	struct step *step = gen->step;
	unsigned int nr = pick(gen, GHOST_MAX_VMS);
	const struct ghost_vm *vm = &gen->g->vm[nr];
	u64 handle = NATIVE_HANDLE_OFFSET + nr;

	/* A VM goes on with its life, slowly */
	switch (vm->life) {
	case VM_NONE:
		step->op = MEM_VM_RESERVE;
		return;
	case VM_RESERVED:
		step->op = pick(gen, 4) ? pick(gen, 6) ? MEM_VM_RECLAIM : MEM_VM_INIT :
					  MEM_VM_UNRESERVE;
		break;
	case VM_LIVE:
		step->op = pick(gen, 60) ? MEM_DONATE_GUEST : MEM_VM_DYING;
		break;
	case VM_DYING:
		step->op = pick(gen, 4) ? for_kind(vm, MEM_VM_RECLAIM) : MEM_VM_FINALIZE;
		break;
	}
	set(gen, handle, pick(gen, 20), 0, 0, 0);
	if (step->op == MEM_VM_INIT)
		step->arg[1] = !pick(gen, 3);
	if (step->op != MEM_DONATE_GUEST)
		return;

	switch (pick(gen, 8)) {
	case 0:
		step->op = for_kind(vm, MEM_GUEST_SHARE);
		return;
	case 1:
		step->op = for_kind(vm, MEM_GUEST_UNSHARE);
		return;
	case 2:
		step->op = MEM_FORCE_RECLAIM;
		step->arg[0] = page_of(gen, GHOST_VM + nr);
		return;
	case 3:
		step->op = pick(gen, 2) ? MEM_SHARE_HYP : MEM_UNSHARE_HYP;
		step->arg[0] = page_to_give(gen) >> PAGE_SHIFT;
		return;
	default:
		/* Some run on in physical memory, so that a guest has contiguous pages */
		step->arg[0] = page_to_give(gen) >> PAGE_SHIFT;
		step->arg[1] = pick(gen, 20);
		if (step->arg[1] && kvm_pte_valid(vm->gfn[step->arg[1] - 1]))
			step->arg[0] = 1 + (kvm_pte_to_phys(vm->gfn[step->arg[1] - 1]) >>
					    PAGE_SHIFT);
		if (!page_is_memory(step->arg[0] << PAGE_SHIFT))
			step->arg[0] = page_to_give(gen) >> PAGE_SHIFT;
		step->arg[2] = handle;
		/* Of a plain VM: pinned, mostly */
		step->arg[3] = pick(gen, 4) != 0;
		step->op = for_kind(vm, MEM_DONATE_GUEST);
	}
}

static void host_op(struct gen *gen, u64 op)
{
	gen->step->kind = STEP_HOST;
	gen->step->op = op;
}

static void memory_op(struct gen *gen, u64 op, u64 a0, u64 a1, u64 a2)
{
	gen->step->kind = STEP_MEMORY;
	gen->step->op = op;
	set(gen, a0, a1, a2, 0, 0);
}

static void give_memory(struct gen *gen, u64 handle)
{
	host_op(gen, PKVM_IOMMU_OP_VM_TOPUP);
	gen->step->arg[0] = handle;
	list(gen, 1);
}

/* The host makes a stream known, and blocks it; false: that has been done */
static bool prepare_stream(struct gen *gen, u64 smmu, u64 sid)
{
	const struct ghost_stream *s = find_stream((struct ghost *)gen->g, smmu, sid);

	if (s->owner != GHOST_HOST || (s->known && s->domain == PKVM_IOMMU_DOMAIN_BLOCKED))
		return false;
	host_op(gen, PKVM_IOMMU_OP_ATTACH);
	set(gen, smmu, sid, s->known ? PKVM_IOMMU_DOMAIN_BLOCKED : PKVM_IOMMU_DOMAIN_IDENTITY,
	    0, 0);

	return true;
}

/* A stream for the VM: the host attaches it, blocks it, gives it away */
static void give_stream(struct gen *gen, u64 handle)
{
	u64 smmu = pick(gen, sim_nr_smmus), sid = some_sid(gen);
	bool regs = group_of_stream(smmu, sid) >= 0 && pick(gen, 16);

	if (prepare_stream(gen, smmu, sid))
		return;
	host_op(gen, PKVM_IOMMU_OP_VM_ROUTE);
	set(gen, handle, 1 + pick(gen, 2), pick(gen, 8), smmu, sid);
	gen->step->arg[5] = regs ? PKVM_IOMMU_ROUTE_REGS : 0;
}

/* A device with its registers: all streams are prepared, then it is taken */
static void give_device(struct gen *gen, u64 handle)
{
	const struct machine_device *d = &machine_now.devices[pick(gen, machine_now.nr_devices)];
	unsigned int i, j;

	for (i = 0; i < machine_now.nr_devices; i++) {
		const struct machine_device *other = &machine_now.devices[i];

		for (j = 0; other->group == d->group && j < other->nr_streams; j++) {
			if (other->stream[j].smmu < sim_nr_smmus && pick(gen, 16) &&
			    prepare_stream(gen, other->stream[j].smmu, other->stream[j].sid))
				return;
		}
	}
	host_op(gen, PKVM_IOMMU_OP_VM_ROUTE);
	i = pick(gen, d->nr_streams);
	set(gen, handle, 1 + pick(gen, 2), pick(gen, 8), d->stream[i].smmu, d->stream[i].sid);
	gen->step->arg[5] = PKVM_IOMMU_ROUTE_REGS;
}

/* What a plain VM may be lent, or must not */
static u64 some_mmio(struct gen *gen)
{
	switch (pick(gen, 8)) {
	case 0:
		return sim_smmus[0]->cfg.base - PAGE_SIZE + pick(gen, 33) * PAGE_SIZE;
	case 1:
		return pick(gen, 2) ? some_withheld(gen) : page_to_give(gen);
	default:
		return some_registers(gen);
	}
}

/* Registers appear in a VM, and are used; or the host tries */
static void registers_step(struct gen *gen, const struct ghost_vm *vm, u64 handle)
{
	switch (pick(gen, 4)) {
	case 0:
		memory_op(gen, MEM_HOST_TOUCH, pick(gen, 8) ? some_registers(gen) :
							      some_withheld(gen), 0, 0);
		return;
	case 1:
		memory_op(gen, MEM_VM_TOUCH, handle, 20 + pick(gen, 12), 0);
		return;
	default:
		if (!vm->plain)
			memory_op(gen, MEM_MAP_REGISTERS, some_registers(gen) >> PAGE_SHIFT,
				  16 + pick(gen, 16), handle);
		else if (pick(gen, 2))
			memory_op(gen, MEM_LEND_MMIO, some_mmio(gen) >> PAGE_SHIFT,
				  16 + pick(gen, 16), handle);
		else
			memory_op(gen, pick(gen, 6) ? MEM_TAKE_BACK_MMIO : MEM_TAKE_BACK, handle,
				  16 + pick(gen, 16), 0);
	}
}

/* One more page, next to the last in physical memory if that is the host's */
static void give_page(struct gen *gen, const struct ghost_vm *vm, u64 handle)
{
	u64 gfn = pick(gen, 16), phys = page_to_give(gen);

	if (gfn && kvm_pte_valid(vm->gfn[gfn - 1]) &&
	    page_is_memory(kvm_pte_to_phys(vm->gfn[gfn - 1]) + PAGE_SIZE))
		phys = kvm_pte_to_phys(vm->gfn[gfn - 1]) + PAGE_SIZE;
	memory_op(gen, for_kind(vm, MEM_DONATE_GUEST), phys >> PAGE_SHIFT, gfn, handle);
	gen->step->arg[3] = 1;
}

static void guest_op(struct gen *gen, unsigned int vm, u64 op)
{
	gen->step->kind = STEP_GUEST;
	gen->step->vm = vm;
	gen->step->func = PVIOMMU_OP_FUNC_ID;
	gen->step->op = op;
	guest_args(gen, &gen->g->vm[vm]);
}

static void run_vm(struct gen *gen, unsigned int nr, const struct ghost_vm *vm, u64 handle)
{
	u32 dice = pick(gen, 32);

	if (!pick(gen, 200))
		memory_op(gen, MEM_VM_DYING, handle, 0, 0);
	else if (!pick(gen, 12))
		registers_step(gen, vm, handle);
	else if (vm->context && pool_of((struct ghost *)gen->g, GHOST_VM + nr)->free < 6)
		give_memory(gen, handle);
	else if (dice < 4)
		give_page(gen, vm, handle);
	else if (!some_domain(gen, GHOST_VM + nr))
		guest_op(gen, nr, PVIOMMU_OP_ALLOC_DOMAIN);
	else if (dice < 8)
		guest_op(gen, nr, PVIOMMU_OP_ATTACH_DEV);
	else if (dice < 10)
		guest_op(gen, nr, PVIOMMU_OP_DETACH_DEV);
	else if (dice < 11)
		guest_op(gen, nr, PVIOMMU_OP_FREE_DOMAIN);
	else if (dice < 12)
		guest_op(gen, nr, PVIOMMU_OP_GET_EVENT);
	else if (dice < 19)
		guest_op(gen, nr, PVIOMMU_OP_MAP_PAGES);
	else if (dice < 22)
		guest_op(gen, nr, PVIOMMU_OP_MAP_LIST);
	else if (dice < 29)
		guest_op(gen, nr, PVIOMMU_OP_UNMAP_PAGES);
	else
		guest_op(gen, nr, PVIOMMU_OP_UNMAP_LIST);
}

/* What a VM would do, or have done to it, next */
static void vm_step(struct gen *gen)
{
	unsigned int nr = pick(gen, GHOST_MAX_VMS);
	const struct ghost_vm *vm = &gen->g->vm[nr];
	u64 handle = NATIVE_HANDLE_OFFSET + nr;

	switch (vm->life) {
	case VM_NONE:
		memory_op(gen, MEM_VM_RESERVE, 0, 0, 0);
		break;
	case VM_RESERVED:
		if (!vm->context || pool_of((struct ghost *)gen->g, GHOST_VM + nr)->free < 4)
			give_memory(gen, handle);
		else if (vm->nr_routes < 2 || pick(gen, 3))
			pick(gen, 2) ? give_stream(gen, handle) : give_device(gen, handle);
		else
			memory_op(gen, MEM_VM_INIT, handle, !pick(gen, 3), 0);
		break;
	case VM_LIVE:
		run_vm(gen, nr, vm, handle);
		break;
	case VM_DYING:
		host_op(gen, PKVM_IOMMU_OP_VM_DRAIN);
		gen->step->arg[0] = handle;
		if (!vm->context)
			memory_op(gen, pick(gen, 16) ? for_kind(vm, MEM_VM_RECLAIM) :
						       MEM_VM_FINALIZE,
				  handle, pick(gen, 20), 0);
		if (vm->plain && !pick(gen, 3))
			memory_op(gen, MEM_TAKE_BACK_MMIO, handle, 16 + pick(gen, 16), 0);
		break;
	}
}

/* One argument that the state makes no sense of */
static void spoil(struct gen *gen)
{
	static const u64 values[] = {
		0, 1, 2, 7, 63, 64, 65, 0x1000, 0x1001, 0xfff, ~0ULL, 1ULL << 32, 1ULL << 47,
		1ULL << 48, 1ULL << 63, ~0ULL << 12, 0xffff, 0x10000, 0x7fffffff,
	};
	u64 *arg = &gen->step->arg[pick(gen, 6)];

	if (gen->step->kind != STEP_HOST && gen->step->kind != STEP_GUEST)
		return;
	switch (pick(gen, 4)) {
	case 0:
		*arg ^= 1ULL << pick(gen, 64);
		break;
	case 1:
		*arg += pick(gen, 2) ? 1 : -1;
		break;
	case 2:
		gen->step->op = pick(gen, 32);
		break;
	default:
		*arg = values[pick(gen, ARRAY_SIZE(values))];
	}
}

/* Lists are host memory that has to exist, whatever the call says about it */
static void keep_lists_real(struct step *step)
{
	unsigned int at = step->op == PKVM_IOMMU_OP_VM_TOPUP;

	if (step->kind == STEP_HOST && step->arg[at + 1] > PKVM_IOMMU_TOPUP_MAX + 4 &&
	    (step->op == PKVM_IOMMU_OP_TOPUP || at))
		step->arg[at + 2] = 0;
}

/* The model follows some streams: others are out of range */
static void keep_streams_known(struct step *step)
{
	u64 *sid = &step->arg[step->op == PKVM_IOMMU_OP_ATTACH ? 1 : 4];
	unsigned int i;

	if (step->kind != STEP_HOST ||
	    (step->op != PKVM_IOMMU_OP_ATTACH && step->op != PKVM_IOMMU_OP_VM_ROUTE))
		return;
	for (i = 0; i < NR_SIDS && machine_sids[i] != *sid; i++)
		;
	if (i == NR_SIDS)
		*sid |= BIT(20);
}

void step_keep_in_model(struct step *step)
{
	keep_lists_real(step);
	keep_streams_known(step);
}

void generate_step(struct rng *rng, const struct ghost *g, bool faults, struct step *step)
{
	struct gen gen = { rng, g, step };
	u32 dice = rng_below(rng, 100);

	memset(step, 0, sizeof(*step));
	step->seed = rng_next(rng);
	step->fault = NATIVE_NR_FAULTS;
	if (dice < 40) {
		vm_step(&gen);
	} else if (dice < 75) {
		step->kind = STEP_HOST;
		host_step(&gen);
	} else if (dice < 88) {
		step->kind = STEP_GUEST;
		guest_step(&gen);
	} else if (dice < 97) {
		step->kind = STEP_MEMORY;
		memory_step(&gen);
	} else if (dice < 99 || !faults) {
		step->kind = STEP_DMA;
	} else {
		step->kind = STEP_EVENT;
		step->arg[0] = pick(&gen, sim_nr_smmus);
		step->arg[1] = pick(&gen, 3) ? pick(&gen, 200) : pick(&gen, 3);
		step->arg[2] = pick(&gen, nr_edus);
		if (pick(&gen, 2))
			step->arg[1] = EVENT_HANGS + pick(&gen, 4);
	}
	if (!pick(&gen, 8))
		spoil(&gen);
	step_keep_in_model(step);
	if (step->kind == STEP_GUEST && !vm_runs(g, step->vm))
		step->kind = STEP_DMA;
	/* Memory may run out at any time; hardware fails in some walks */
	if (!pick(&gen, 30))
		step->fault = pick(&gen, 2) ? FAULT_ALLOC : FAULT_DONATE;
	else if (faults && !pick(&gen, 300))
		step->fault = pick(&gen, 2) ? FAULT_SYNC : FAULT_COMMAND;
	step->nth = 1 + pick(&gen, 3);
}
