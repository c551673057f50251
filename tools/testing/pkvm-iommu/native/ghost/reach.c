// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is true of each single access of a device, at any moment (I1, I6), and of
 * everything that an SMMU has cached (I5).
 */
#include <stdio.h>

#include <core/domain.h>
#include <core/vm.h>

#include "arm-smmu-v3.h"

#include "ghost.h"

static char said[256];

static const struct hyp_stream *stream_of(unsigned int smmu_id, u32 sid)
{
	struct hyp_iommu *smmu = hyp_iommus[smmu_id];
	struct hyp_stream *stream = smmu->streams;

	if (smmu->chunk_bits)
		stream = ((struct hyp_stream **)smmu->streams)[sid >> smmu->chunk_bits];
	if (!stream)
		native_fail("stream 0x%x was never attached and does DMA", sid);

	return stream + (smmu->chunk_bits ? sid & (BIT(smmu->chunk_bits) - 1) : sid);
}

static u8 owner_of_stream(unsigned int smmu_id, u32 sid)
{
	return ghost_owner(stream_of(smmu_id, sid)->owner);
}

static unsigned int number_of(const struct sim_smmu *smmu)
{
	unsigned int i;

	for (i = 0; sim_smmus[i] != smmu; i++)
		;

	return i;
}

static bool vm_may_reach(u8 owner, u64 pa, bool write)
{
	pkvm_handle_t handle = NATIVE_HANDLE_OFFSET + owner - GHOST_VM;
	struct pkvm_hyp_vm *vm = vm_of(handle);

	if (vm && !pkvm_hyp_vm_is_protected(vm))
		return was_lent(vm->pte, pa & PAGE_MASK, write);

	return native_page(pa)->owner == OWNER_GUEST && native_page(pa)->handle == handle;
}

/* I1: right now, as the CPUs see ownership */
static void device_reached(struct sim_smmu *smmu, u32 sid, u64 iova, u64 pa, bool write)
{
	u8 owner;

	if (sim_off(smmu))
		native_fail("I6: SMMU %u lets stream 0x%x pass", number_of(smmu), sid);
	/* I6: what EL2 says aborts does so, be the SMMU in any state */
	if (!stream_of(number_of(smmu), sid)->may_be_live)
		native_fail("I6: stream 0x%x of SMMU %u passes, which is known to abort", sid,
			    number_of(smmu));
	owner = owner_of_stream(number_of(smmu), sid);
	if (in_registers(pa))
		native_fail("I1: stream 0x%x reaches registers at 0x%lx", sid, pa);
	if (!page_is_memory(pa)) {
		if (owner != GHOST_HOST)
			native_fail("I1: stream 0x%x of a VM reaches MMIO at 0x%lx", sid, pa);
		return;
	}
	if (owner == GHOST_HOST ? !host_may_access(pa) : !vm_may_reach(owner, pa, write))
		native_fail("I1: stream 0x%x of %u reaches 0x%lx by 0x%lx, which is not its owner's",
			    sid, owner, pa, iova);
}

/* The domain that a tag of a translation belongs to on an SMMU, if any */
static struct hyp_iommu_domain *domain_by_tag(struct hyp_iommu_domain *domain,
					      struct hyp_iommu *smmu, u16 id)
{
	unsigned int i;

	for (i = 0; i < domain->nr_bindings; i++) {
		if (domain->bindings[i].refs && domain->bindings[i].iommu == smmu &&
		    domain->bindings[i].id == id)
			return domain;
	}

	return NULL;
}

/* Whose it is: the stream that made an SMMU cache it may be another's by now */
static bool cached_for_host(unsigned int smmu, const struct sim_tlb_entry *entry)
{
	u16 id = entry->stage1 ? entry->asid : entry->vmid;

	return domain_by_tag(host_idmap, hyp_iommus[smmu], id) ||
	       owner_of_stream(smmu, entry->sid) == GHOST_HOST;
}

/* I5: before a page is out of someone's reach, no SMMU has it cached for them */
static void owner_changes(u64 phys, enum page_owner owner, pkvm_handle_t handle)
{
	enum page_owner from = native_page(phys)->owner;
	unsigned int i, j;

	sim_lock();
	for (i = 0; i < sim_nr_smmus; i++) {
		struct sim_smmu *smmu = sim_smmus[i];

		for (j = 0; j < SIM_TLB_SIZE && !sim_off(smmu); j++) {
			const struct sim_tlb_entry *entry = &smmu->tlb[j];

			if (!entry->valid || phys - entry->pa >= entry->size)
				continue;
			/* A VM's page that the host gets: the VM's entries; else the host's */
			if (cached_for_host(i, entry) ? owner == OWNER_HOST : from != OWNER_GUEST)
				continue;
			native_fail("I5: 0x%lx changes hands while SMMU %u has it cached at 0x%lx",
				    phys, i, entry->iova);
		}
	}
	sim_unlock();
}

/* No walk may start in a page that is not a table any more */
static void page_is_freed(u64 phys)
{
	unsigned int i, j;

	sim_lock();
	for (i = 0; i < sim_nr_smmus; i++) {
		struct sim_smmu *smmu = sim_smmus[i];

		for (j = 0; j < SIM_TLB_SIZE && !sim_off(smmu); j++) {
			if (smmu->walks[j].valid && smmu->walks[j].table == phys)
				native_fail("I5: SMMU %u has a walk cached in 0x%lx, which is freed",
					    i, phys);
		}
	}
	sim_unlock();
}

void ghost_watch_devices(void)
{
	sim_reached = device_reached;
	native_hooks.owner = owner_changes;
	native_hooks.page_freed = page_is_freed;
}

static const struct ghost_domain *domain_of_tag(const struct ghost *g, unsigned int smmu, u16 id,
						bool *identity)
{
	unsigned int i;

	*identity = domain_by_tag(host_idmap, hyp_iommus[smmu], id);
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		const struct ghost_domain *d = &g->domain[i];
		struct hyp_iommu_domain *domain;
		struct iommu_handles *handles;

		if (!d->used || d->dying)
			continue;
		handles = d->owner == GHOST_HOST ? &iommu_host.handles :
			  &ghost_context(d->owner - GHOST_VM)->owner.handles;
		domain = domain_handle_get(handles, d->handle);
		if (!domain)
			continue;
		domain_handle_put(domain);
		if (domain_by_tag(domain, hyp_iommus[smmu], id))
			return d;
	}

	return NULL;
}

static ghost_verdict check_entry(const struct ghost *g, unsigned int smmu,
				 const struct sim_tlb_entry *entry)
{
	u16 id = entry->stage1 ? entry->asid : entry->vmid;
	const struct ghost_domain *d;
	const struct ghost_leaf *leaf;
	bool identity;
	u64 page;

	d = domain_of_tag(g, smmu, id, &identity);
	if (identity) {
		for (page = entry->pa; page < entry->pa + entry->size; page += PAGE_SIZE) {
			if (page_is_memory(page) && !host_reaches(&g->page[page_index(page)]))
				goto stale;
			if (!page_is_memory(page))
				break;
		}
		return NULL;
	}
	if (!d)
		goto stale;
	leaf = map_find(&d->map, entry->iova);
	if (leaf && leaf->size == entry->size && leaf->phys == entry->pa &&
	    (!leaf->stale || d->wedged))
		return NULL;
stale:
	snprintf(said, sizeof(said), "I5: SMMU %u still has 0x%lx at 0x%lx for tag %u", smmu,
		 entry->pa, entry->iova, id);

	return said;
}

/* Between calls: what is cached is what is mapped */
ghost_verdict ghost_caches(const struct ghost *g)
{
	struct native_hooks hooks = native_hooks;
	ghost_verdict v = NULL;
	unsigned int i, j;

	memset(&native_hooks, 0, sizeof(native_hooks));
	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < SIM_TLB_SIZE && !v && !sim_off(sim_smmus[i]); j++) {
			if (sim_smmus[i]->tlb[j].valid)
				v = check_entry(g, i, &sim_smmus[i]->tlb[j]);
		}
	}
	native_hooks = hooks;

	return v;
}
