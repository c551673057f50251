// SPDX-License-Identifier: GPL-2.0-only
/*
 * The abstraction function: reads the state off the structures of the EL2 code.
 */
#include <nvhe/iommu.h>

#include <core/domain.h>
#include <core/domain_handle.h>
#include <core/vm.h>
#include <device/device.h>
#include <memory/pin.h>

#include "arm-smmu-v3.h"

#include "../hyp/edu.h"

#include "ghost.h"

/* As in handle.c: users in the low bits of a slot, then these */
#define SLOT_DYING	BIT_ULL(11)
#define SLOT_PAGE	GENMASK_ULL(63, 12)
#define SLOTS		(PAGE_SIZE / sizeof(u64))

static const enum ghost_group_state states[] = {
	[DEVICE_HOST]		= GROUP_HOST,
	[DEVICE_TO_VM]		= GROUP_TO_VM,
	[DEVICE_VM]		= GROUP_VM,
	[DEVICE_TO_HOST]	= GROUP_TO_HOST,
	[DEVICE_LOST]		= GROUP_LOST,
};

/* Contexts of VMs, by number; one that is dead cannot be asked for */
static struct iommu_vm *contexts[GHOST_MAX_VMS];

struct iommu_vm *ghost_context(unsigned int vm)
{
	pkvm_handle_t handle = NATIVE_HANDLE_OFFSET + vm;
	struct iommu_vm *found;

	hyp_spin_lock(&vm_table_lock);
	/* Also one that is of no use to a protected VM */
	found = pkvm_iommu_vm_freeze(handle, false);
	if (!pkvm_iommu_check_vm_drained(handle))
		contexts[vm] = NULL;
	else if (found)
		contexts[vm] = found;
	hyp_spin_unlock(&vm_table_lock);

	return contexts[vm];
}

/* The tables of a domain hold tables, leaves, and leaves made stale */
static void read_table(struct ghost_map *map, const struct iommu_pgtable *pgt, u64 *table,
		       unsigned int nr, s8 level, u64 iova, u64 *nr_tables)
{
	bool s1 = pgt->cfg->stage == 1;
	unsigned int i;

	for (i = 0; i < nr; i++, iova += kvm_granule_size(level)) {
		u64 pte = table[i], phys = pte & GENMASK_ULL(47, PAGE_SHIFT);

		if (!pte)
			continue;
		if (level < 3 && (pte & 3) == 3) {
			++*nr_tables;
			read_table(map, pgt, hyp_phys_to_virt(phys), PTRS_PER_PTE, level + 1,
				   iova, nr_tables);
			continue;
		}
		ghost_note_leaf(pte, level);
		map_append(map, &(struct ghost_leaf) {
			.iova	= iova,
			.phys	= phys,
			.size	= kvm_granule_size(level),
			.read	= pte & BIT(6),
			.write	= s1 ? !(pte & BIT(7)) : !!(pte & BIT(7)),
			.stale	= !(pte & 1),
		});
	}
}

static u64 read_map(struct ghost_map *map, const struct iommu_pgtable *pgt)
{
	unsigned int roots = iommu_pgtable_root_pages(pgt->cfg->stage, pgt->ias);
	u64 nr_tables = 0;

	map->nr = 0;
	read_table(map, pgt, pgt->root, roots * PTRS_PER_PTE, pgt->start_level, 0, &nr_tables);

	return nr_tables;
}

static void read_domain(struct ghost *g, u8 owner, u64 handle, u64 slot)
{
	struct hyp_iommu_domain *domain = hyp_phys_to_virt(slot & SLOT_PAGE);
	struct ghost_domain *d = unused_domain(g);

	d->used = true;
	d->owner = owner;
	d->handle = handle;
	d->dying = slot & SLOT_DYING;
	d->wedged = domain->wedged;
	d->streams = domain->nr_streams;
	/* Object, root, and the tables */
	pool_of(g, owner)->used += 2 + read_map(&d->map, &domain->pgt);
}

static void read_owner(struct ghost *g, u8 owner, struct iommu_owner *o)
{
	struct ghost_pool *pool = pool_of(g, owner);
	unsigned int i, j;

	pool->free = pool_pages(&o->pool);
	pool->used += !!o->handles.root;
	for (i = 0; o->handles.root && i < SLOTS; i++) {
		u64 *leaf = o->handles.root[i];

		if (!leaf)
			continue;
		pool->used++;
		for (j = 1; j < SLOTS; j++) {
			if (leaf[j])
				read_domain(g, owner, 1 + i * SLOTS + j, leaf[j]);
		}
	}
}

u8 ghost_owner(const struct iommu_owner *owner)
{
	unsigned int i;

	if (!owner || owner == &iommu_host)
		return GHOST_HOST;
	for (i = 0; i < GHOST_MAX_VMS; i++) {
		if (contexts[i] && owner == &contexts[i]->owner)
			return GHOST_VM + i;
	}

	/* Whoever it is, the invariants say what it may own */
	return GHOST_NOBODY;
}

/* The handle of a domain, by the slot that has its page */
static u64 handle_of(const struct hyp_iommu_domain *domain)
{
	u64 phys = hyp_virt_to_phys((void *)domain);
	unsigned int i, j;

	if (!domain)
		return PKVM_IOMMU_DOMAIN_BLOCKED;
	if (domain == host_idmap)
		return PKVM_IOMMU_DOMAIN_IDENTITY;
	for (i = 0; i < SLOTS; i++) {
		u64 *leaf = domain->owner->handles.root[i];

		for (j = 1; leaf && j < SLOTS; j++) {
			if ((leaf[j] & SLOT_PAGE) == phys)
				return 1 + i * SLOTS + j;
		}
	}
	native_fail("a stream is attached to a domain without a handle");
}

struct hyp_stream *ghost_stream_of(const struct hyp_iommu *smmu, u32 sid)
{
	struct hyp_stream *chunk = smmu->streams;

	if (!smmu->chunk_bits)
		return chunk ? chunk + sid : NULL;
	chunk = ((struct hyp_stream **)smmu->streams)[sid >> smmu->chunk_bits];

	return chunk ? chunk + (sid & (BIT(smmu->chunk_bits) - 1)) : NULL;
}

static void read_streams(struct ghost *g)
{
	struct hyp_stream *stream;
	unsigned int i, j;

	for (i = 0; i < hyp_nr_iommus; i++) {
		struct hyp_iommu *smmu = hyp_iommus[i];

		g->smmu_dead[i] = smmu->state != IOMMU_LIVE;
		for (j = 0; smmu->chunk_bits && j < BIT(smmu->sid_bits - smmu->chunk_bits); j++) {
			/* STEs and streams */
			if (((void **)smmu->streams)[j])
				pool_of(g, GHOST_HOST)->used += 2;
		}
		for (j = 0; j < NR_SIDS; j++) {
			struct ghost_stream *s = &g->stream[i][j];

			stream = ghost_stream_of(smmu, machine_sids[j]);
			s->known = stream;
			if (!stream)
				continue;
			s->owner = ghost_owner(stream->owner);
			s->domain = handle_of(stream->domain);
			s->live = stream->may_be_live;
		}
	}
}

static void read_groups(struct ghost *g)
{
	struct edu *edu;
	unsigned int i;

	for (i = 0; i < MACHINE_MAX_GROUPS; i++) {
		const struct hyp_device_group *group = &hyp_device_groups[i];
		const struct iommu_owner *owner = group->owner;

		g->group[i] = (struct ghost_group) {
			.state	= states[group->state],
			.owner	= group->state == DEVICE_LOST ? GHOST_NOBODY : ghost_owner(owner),
			.clean	= true,
			.lent	= group->lent,
		};
	}
	for (edu = edus; edu < edus + nr_edus; edu++) {
		struct ghost_group *group = &g->group[edu->dev->group];

		group->clean &= edu_is_clean(edu);
		group->host |= edu->host;
	}
}

/* What the host's devices reach: which pages, and no registers that are not its own */
static void read_idmap_leaf(struct ghost *g, u64 start, u64 end)
{
	unsigned int i, idx = 0;
	u64 phys;

	for (i = 0; i < hyp_memblock_nr; i++) {
		const struct memblock_region *mem = &hyp_memory[i];

		for (phys = max(start, mem->base); phys < min(end, mem->base + mem->size);
		     phys += PAGE_SIZE)
			g->page[idx + ((phys - mem->base) >> PAGE_SHIFT)].idmap = true;
		if (start >= mem->base && end <= mem->base + mem->size)
			return;
		idx += mem->size >> PAGE_SHIFT;
	}
	for (i = 0; i < sim_nr_smmus; i++) {
		if (start < sim_smmus[i]->cfg.base + SIM_MMIO_SIZE && end > sim_smmus[i]->cfg.base)
			native_fail("I1: the identity map has the registers of SMMU %u", i);
	}
	for (i = 0; i < nr_edus; i++) {
		if (start < edus[i].base + edus[i].size && end > edus[i].base)
			native_fail("I1: the identity map has the registers at 0x%lx",
				    edus[i].base);
	}
}

/* Where memory and the registers that matter end; most of the identity map lies above */
static u64 end_of_known(void)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < hyp_memblock_nr; i++)
		end = max(end, hyp_memory[i].base + hyp_memory[i].size);
	for (i = 0; i < sim_nr_smmus; i++)
		end = max(end, sim_smmus[i]->cfg.base + SIM_MMIO_SIZE);
	for (i = 0; i < nr_edus; i++)
		end = max(end, edus[i].base + edus[i].size);

	return end;
}

/* Read after each call, and large: no list is made of it */
static void read_idmap(struct ghost *g, const u64 *table, unsigned int nr, s8 level, u64 iova,
		       u64 end)
{
	const u64 size = kvm_granule_size(level);
	unsigned int i;

	for (i = 0; i < nr; i++, iova += size) {
		u64 pte = table[i], phys = pte & GENMASK_ULL(47, PAGE_SHIFT);

		if (level < 3 && (pte & 3) == 3) {
			read_idmap(g, hyp_phys_to_virt(phys), PTRS_PER_PTE, level + 1, iova, end);
			continue;
		}
		if (pte && (!(pte & 1) || phys != iova))
			native_fail("the identity map has 0x%lx at 0x%lx", pte, iova);
		if (pte && iova < end)
			read_idmap_leaf(g, iova, iova + size);
	}
}

static void read_pages(struct ghost *g)
{
	const struct iommu_pgtable *pgt = &host_idmap->pgt;
	unsigned int i;
	u64 phys;

	for (i = 0; i < hyp_memblock_nr; i++)
		g->nr_pages += hyp_memory[i].size >> PAGE_SHIFT;
	if (g->nr_pages > GHOST_MAX_PAGES)
		native_fail("the model has no room for %u pages", g->nr_pages);
	for (i = 0; i < g->nr_pages; i++) {
		struct hyp_page *page;
		struct native_page *np;

		phys = page_phys(i);
		page = hyp_phys_to_page(phys);
		np = native_page(phys);
		g->page[i] = (struct ghost_page) {
			.owner	= np->owner == OWNER_HOST ? GHOST_HOST :
				  np->owner == OWNER_HYP ? GHOST_EL2 :
				  GHOST_VM + vm_number(np->handle),
			.host	= get_host_state(page),
			.dma	= page_pin_count(phys) + block_pin_count(phys),
			.lent	= page->host_share_guest_count,
		};
	}
	read_idmap(g, pgt->root, iommu_pgtable_root_pages(pgt->cfg->stage, pgt->ias) * PTRS_PER_PTE,
		   pgt->start_level, 0, end_of_known());
}

static void read_routes(struct ghost_vm *v, struct ghost_pool *pool, const struct iommu_vm *vm)
{
	const struct iommu_route_page *page;
	unsigned int i, end;

	for (page = vm->routes; page; page = page->next) {
		pool->used++;
		v->nr_routes += page->nr;
	}
	end = v->nr_routes;
	for (page = vm->routes; page; page = page->next) {
		end -= page->nr;
		for (i = 0; i < page->nr && end + i < GHOST_MAX_ROUTES; i++) {
			const struct iommu_route *r = &page->routes[i];
			unsigned int smmu;

			for (smmu = 0; hyp_iommus[smmu] != r->iommu; smmu++)
				;
			v->routes[end + i] = (struct ghost_route) {
				r->pviommu, r->vsid, r->sid, smmu, r->blocked,
			};
		}
	}
}

/* By EL2's own structures, at any moment of a call */
u8 ghost_stream_owner(unsigned int smmu, unsigned int sid)
{
	struct hyp_stream *stream = ghost_stream_of(hyp_iommus[smmu], sid);

	return stream ? ghost_owner(stream->owner) : GHOST_HOST;
}

static void read_events(struct ghost_vm *v, const struct iommu_events *events)
{
	unsigned int i;

	BUILD_BUG_ON(GHOST_MAX_EVENTS != IOMMU_EVENTS_MAX);
	v->nr_events = events->nr;
	v->lost = events->lost;
	for (i = 0; i < events->nr; i++) {
		const struct iommu_event *e;

		e = &events->ring[(events->first + i) % IOMMU_EVENTS_MAX];
		/* No padding: they are compared */
		v->events[i].iova = e->iova;
		v->events[i].pviommu = e->pviommu;
		v->events[i].vsid = e->vsid;
		v->events[i].reason = e->reason;
	}
}

static void read_vm(struct ghost *g, unsigned int nr)
{
	pkvm_handle_t handle = NATIVE_HANDLE_OFFSET + nr;
	struct iommu_vm *context = ghost_context(nr);
	struct pkvm_hyp_vm *vm = vm_of(handle);
	struct ghost_vm *v = &g->vm[nr];

	if (vm_reserved(handle))
		v->life = VM_RESERVED;
	else if (vm)
		v->life = vm->kvm.arch.pkvm.is_dying ? VM_DYING : VM_LIVE;
	v->context = context;
	if (vm) {
		v->served = vm->iommu && context;
		v->plain = !pkvm_hyp_vm_is_protected(vm);
		v->wait_for = vm->vcpu.dma_wait_for;
		v->waits = vm->vcpu.dma_waits;
		memcpy(v->gfn, vm->pte, sizeof(v->gfn));
	}
	if (!context)
		return;
	v->dead = context->dead;
	v->host_has_regs = context->host_has_regs;
	pool_of(g, GHOST_VM + nr)->used++;
	read_owner(g, GHOST_VM + nr, &context->owner);
	read_routes(v, pool_of(g, GHOST_VM + nr), context);
	read_events(v, &context->events);
}

void ghost_read(struct ghost *g)
{
	struct native_hooks hooks = native_hooks;
	unsigned int i;

	/* Nothing happens while we look */
	memset(&native_hooks, 0, sizeof(native_hooks));
	ghost_forget_leaves();
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		struct ghost_map map = g->domain[i].map;

		map.nr = 0;
		g->domain[i] = (struct ghost_domain) { .map = map };
	}
	memset(g->page, 0, sizeof(g->page));
	g->nr_pages = 0;
	memset(g->stream, 0, sizeof(g->stream));
	memset(g->vm, 0, sizeof(g->vm));
	memset(g->pool, 0, sizeof(g->pool));
	for (i = 0; i < GHOST_MAX_VMS; i++)
		read_vm(g, i);
	read_owner(g, GHOST_HOST, &iommu_host);
	read_streams(g);
	read_groups(g);
	read_pages(g);
	native_hooks = hooks;
}
