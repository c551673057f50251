// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is true of every state, whatever was called before. The numbers are those
 * of Documentation/virt/kvm/arm/pkvm-iommu.rst.
 */
#include <stdio.h>

#include <device/device.h>

#include "ghost.h"
#include "must.h"

/* May devices of @owner reach this page? */
static bool may_reach(const struct ghost *g, u64 phys, u8 owner, bool write)
{
	const struct ghost_page *page = &g->page[page_index(phys)];

	if (owner == GHOST_HOST)
		return host_reaches(page);

	return page->owner == owner ||
	       (g->vm[owner - GHOST_VM].plain &&
		was_lent(g->vm[owner - GHOST_VM].gfn, phys, write));
}

/* I1: what a domain maps, its owner owns or has been lent */
static ghost_verdict reach_own_memory(const struct ghost *g, const struct ghost_domain *d)
{
	unsigned int i;
	u64 phys;

	for (i = 0; i < d->map.nr; i++) {
		const struct ghost_leaf *leaf = &d->map.leaf[i];

		for (phys = leaf->phys; phys < leaf->phys + leaf->size; phys += PAGE_SIZE) {
			if (page_is_memory(phys)) {
				MUST(may_reach(g, phys, d->owner, leaf->write),
				     "I1: domain %lu of %u maps 0x%lx, which belongs to %u",
				     d->handle, d->owner, phys, g->page[page_index(phys)].owner);
				continue;
			}
			MUST(d->owner == GHOST_HOST, "I1: a VM maps MMIO at 0x%lx", phys);
			MUST(!in_registers(phys), "I1: the host maps registers at 0x%lx", phys);
		}
	}

	return NULL;
}

/* I1, I5: the identity map is what the host may access; counts are exact */
static ghost_verdict pages(const struct ghost *g)
{
	static u32 refs[GHOST_MAX_PAGES];
	unsigned int i, j;
	u64 phys;

	memset(refs, 0, sizeof(refs));
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		for (j = 0; g->domain[i].used && j < g->domain[i].map.nr; j++) {
			const struct ghost_leaf *leaf = &g->domain[i].map.leaf[j];

			for (phys = leaf->phys; phys < leaf->phys + leaf->size; phys += PAGE_SIZE) {
				if (page_is_memory(phys))
					refs[page_index(phys)]++;
			}
		}
	}
	for (i = 0; i < g->nr_pages; i++) {
		const struct ghost_page *page = &g->page[i];

		MUST(page->idmap == host_reaches(page),
		     "I1: page 0x%lx is %sin the identity map", page_phys(i),
		     page->idmap ? "" : "not ");
		MUST(page->dma == refs[i], "I5: page 0x%lx is mapped %u times, counted %u times",
		     page_phys(i), refs[i], page->dma);
		MUST(page->owner != GHOST_EL2 || !page->dma, "I5: EL2's page 0x%lx is mapped",
		     page_phys(i));
		MUST(!page->lent || (page->owner == GHOST_HOST &&
				     page->host == PKVM_PAGE_SHARED_OWNED),
		     "page 0x%lx is lent and belongs to %u", page_phys(i), page->owner);
		MUST(!host_reaches(page) || page->owner == GHOST_HOST ||
		     page->host == PKVM_PAGE_SHARED_BORROWED, "page 0x%lx is owned twice",
		     page_phys(i));
	}

	return NULL;
}

/* Who has a stream because it has the device */
static u8 owner_by_group(const struct ghost *g, unsigned int smmu, u32 sid)
{
	int nr = group_of_stream(smmu, sid);

	return nr < 0 ? GHOST_HOST : g->group[nr].owner;
}

/* I2: a stream is named once at most, and by its owner */
static ghost_verdict routes(const struct ghost *g)
{
	bool named[SIM_MAX_SMMUS][NR_SIDS] = {};
	unsigned int i, j, k;

	for (i = 0; i < GHOST_MAX_VMS; i++) {
		const struct ghost_vm *vm = &g->vm[i];

		for (j = 0; j < vm->nr_routes && j < GHOST_MAX_ROUTES; j++) {
			const struct ghost_route *r = &vm->routes[j];
			const struct ghost_stream *s;

			for (k = 0; k < j; k++) {
				MUST(vm->routes[k].pviommu != r->pviommu ||
				     vm->routes[k].vsid != r->vsid,
				     "I2: VM %u has two routes for one vSID", i);
			}
			s = find_stream((struct ghost *)g, r->smmu, r->sid);
			/* What it named went with the device that it is of */
			if (!s || (vm->dead && r->blocked && s->owner != GHOST_VM + i))
				continue;
			MUST(!named[r->smmu][s - g->stream[r->smmu]],
			     "I2: stream 0x%x is named twice", r->sid);
			named[r->smmu][s - g->stream[r->smmu]] = true;
			MUST(s->owner == GHOST_VM + i, "I2: stream 0x%x of VM %u belongs to %u",
			     r->sid, i, s->owner);
			/* I6: drained in this order */
			MUST(!r->blocked || (s->domain == PKVM_IOMMU_DOMAIN_BLOCKED && !s->live),
			     "I6: stream 0x%x of a dead VM is attached", r->sid);
		}
	}
	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++)
			MUST(g->stream[i][j].owner == GHOST_HOST || named[i][j] ||
			     owner_by_group(g, i, machine_sids[j]) == g->stream[i][j].owner,
			     "I2: stream 0x%x of VM %u has no route", machine_sids[j],
			     g->stream[i][j].owner - GHOST_VM);
	}

	return NULL;
}

/* I1, I2: streams and registers of devices that are assigned together have one owner */
static ghost_verdict groups(const struct ghost *g)
{
	unsigned int i, j;

	for (i = 0; i < MACHINE_MAX_GROUPS; i++) {
		const struct ghost_group *group = &g->group[i];

		MUST(!group->host || group->state == GROUP_HOST,
		     "I1: the host reaches registers of group %u, which is in state %d", i,
		     group->state);
		MUST((group->state == GROUP_HOST) == (group->owner == GHOST_HOST) &&
		     (group->state == GROUP_LOST) == (group->owner == GHOST_NOBODY),
		     "group %u belongs to %u in state %d", i, group->owner, group->state);
		if (group->state == GROUP_HOST || group->state == GROUP_LOST)
			continue;
		MUST(g->vm[group->owner - GHOST_VM].context,
		     "group %u belongs to VM %u, which has no context", i, group->owner - GHOST_VM);
		MUST(group->state != GROUP_TO_HOST || g->vm[group->owner - GHOST_VM].dead,
		     "group %u leaves VM %u, which lives", i, group->owner - GHOST_VM);
		MUST(group_is_resettable(i) || hyp_device_may_skip_reset,
		     "group %u has a new owner and cannot be reset", i);
		MUST(!group_is_broken(i), "group %u is broken and changes hands", i);
	}
	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++) {
			const struct ghost_stream *s = &g->stream[i][j];
			int nr = group_of_stream(i, machine_sids[j]);
			const struct ghost_group *group = nr < 0 ? NULL : &g->group[nr];

			MUST(s->owner != GHOST_NOBODY || (group && group->state == GROUP_LOST),
			     "stream 0x%x belongs to nobody", machine_sids[j]);
			if (!group)
				continue;
			if (group->state != GROUP_HOST)
				MUST(s->owner == group->owner,
				     "I2: stream 0x%x of group %d of %u belongs to %u",
				     machine_sids[j], nr, group->owner, s->owner);
			else if (s->owner >= GHOST_VM)
				MUST(g->vm[s->owner - GHOST_VM].host_has_regs,
				     "I1: VM %u has stream 0x%x, the host its registers",
				     s->owner - GHOST_VM, machine_sids[j]);
			MUST(group->state == GROUP_HOST || group->state == GROUP_VM ||
			     (s->domain == PKVM_IOMMU_DOMAIN_BLOCKED && !s->live),
			     "I6: stream 0x%x is attached while its device is reset",
			     machine_sids[j]);
		}
	}

	return NULL;
}

/* I1: a plain VM sees registers that the host lent it, which are the host's as long */
static ghost_verdict lent_registers(const struct ghost *g)
{
	u64 lent[MACHINE_MAX_GROUPS] = {};
	unsigned int i, j;

	for (i = 0; i < GHOST_MAX_VMS; i++) {
		for (j = 0; j < NATIVE_GUEST_PAGES && g->vm[i].plain; j++) {
			u64 phys = kvm_pte_to_phys(g->vm[i].gfn[j]);
			int nr = group_of_registers(phys);

			if (!kvm_pte_valid(g->vm[i].gfn[j]) || page_is_memory(phys))
				continue;
			MUST(nr >= 0 || !in_registers(phys),
			     "I1: plain VM %u reaches registers of EL2 at 0x%lx", i, phys);
			if (nr < 0)
				continue;
			MUST(g->group[nr].state == GROUP_HOST,
			     "I1: plain VM %u reaches registers at 0x%lx of group %d in state %d",
			     i, phys, nr, g->group[nr].state);
			lent[nr]++;
		}
	}
	for (i = 0; i < MACHINE_MAX_GROUPS; i++)
		MUST(lent[i] == g->group[i].lent,
		     "registers of group %u are lent %lu times, counted %lu times", i, lent[i],
		     g->group[i].lent);

	return NULL;
}

/* A protected VM that runs sees registers of its own only, each page at one address */
static ghost_verdict registers(const struct ghost *g)
{
	unsigned int i, j, k;

	for (i = 0; i < GHOST_MAX_VMS; i++) {
		const struct ghost_vm *vm = &g->vm[i];

		if (vm->life != VM_LIVE || vm->plain)
			continue;
		for (j = 0; j < NATIVE_GUEST_PAGES; j++) {
			u64 phys = kvm_pte_to_phys(vm->gfn[j]);
			int nr;

			if (!kvm_pte_valid(vm->gfn[j]) || page_is_memory(phys))
				continue;
			nr = group_of_registers(phys);
			MUST(nr >= 0 && g->group[nr].state == GROUP_VM &&
			     g->group[nr].owner == GHOST_VM + i,
			     "I1: VM %u reaches registers at 0x%lx, which are not its own",
			     i, phys);
			for (k = 0; k < j; k++)
				MUST(vm->gfn[k] != vm->gfn[j],
				     "VM %u has the registers at 0x%lx twice", i, phys);
		}
	}

	return NULL;
}

/* I4: a stream uses a domain of its owner; domains count their streams */
static ghost_verdict attachments(const struct ghost *g)
{
	u32 streams[GHOST_MAX_DOMAINS] = {};
	unsigned int i, j;

	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++) {
			const struct ghost_stream *s = &g->stream[i][j];
			const struct ghost_domain *d;

			if (s->domain == PKVM_IOMMU_DOMAIN_BLOCKED)
				continue;
			if (s->domain == PKVM_IOMMU_DOMAIN_IDENTITY) {
				MUST(s->owner == GHOST_HOST,
				     "I1: VM %u uses the host's identity map",
				     s->owner - GHOST_VM);
				continue;
			}
			d = find_domain((struct ghost *)g, s->owner, s->domain);
			MUST(d, "I4: stream 0x%x uses domain %lu, which is not its owner's",
			     machine_sids[j], s->domain);
			MUST(!d->dying, "a dying domain is attached");
			streams[d - g->domain]++;
		}
	}
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		const struct ghost_domain *d = &g->domain[i];

		/* A wedged domain keeps streams that could not be confirmed gone */
		MUST(!d->used || (d->wedged ? d->streams >= streams[i] : d->streams == streams[i]),
		     "domain %lu of %u has %u streams, counts %u", d->handle, d->owner,
		     streams[i], d->streams);
	}

	return NULL;
}

/* I6: what aborts is nobody's way to memory; a stream that is attached may be live */
static ghost_verdict live_streams(const struct ghost *g)
{
	unsigned int i, j;

	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++) {
			const struct ghost_stream *s = &g->stream[i][j];

			if (s->domain != PKVM_IOMMU_DOMAIN_BLOCKED)
				MUST(s->live || g->smmu_dead[i],
				     "stream 0x%x is attached and aborts", machine_sids[j]);
			else
				MUST(!s->live || g->smmu_dead[i],
				     "I6: stream 0x%x is blocked and may be live",
				     machine_sids[j]);
		}
	}

	return NULL;
}

/* I3, I6: what a VM may have, by how far it is in its life */
static ghost_verdict lives(const struct ghost *g)
{
	unsigned int i, j;

	for (i = 0; i < GHOST_MAX_VMS; i++) {
		const struct ghost_vm *vm = &g->vm[i];

		MUST(vm->life != VM_NONE || !vm->context, "VM %u is gone, its context is not", i);
		MUST(!vm->dead || vm->life != VM_LIVE || !vm->served,
		     "VM %u runs and is being drained", i);
		for (j = 0; j < g->nr_pages; j++)
			MUST(g->page[j].owner != GHOST_VM + i || vm->life >= VM_LIVE,
			     "page 0x%lx belongs to VM %u, which does not exist", page_phys(j), i);
	}

	return NULL;
}

ghost_verdict ghost_invariants(const struct ghost *g)
{
	ghost_verdict v = NULL;
	unsigned int i;

	for (i = 0; i < GHOST_MAX_DOMAINS && !v; i++) {
		if (g->domain[i].used)
			v = reach_own_memory(g, &g->domain[i]);
	}

	return v ?: pages(g) ?: routes(g) ?: groups(g) ?: registers(g) ?: lent_registers(g) ?:
	       attachments(g) ?: live_streams(g) ?: lives(g);
}
