// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding things by name in an abstract state.
 */
#include <core/domain.h>

#include "../hyp/edu.h"

#include "spec.h"

struct ghost_weather weather;

u64 ghost_ias(void)
{
	return iommu_pgtable_paging_ias(&iommu_cfg);
}

u64 ghost_oas(void)
{
	return iommu_cfg.oas;
}

/* Pages are numbered through, over all pieces of memory */
unsigned int page_index(u64 phys)
{
	unsigned int i, idx = 0;

	for (i = 0; i < hyp_memblock_nr; i++) {
		if (phys - hyp_memory[i].base < hyp_memory[i].size)
			return idx + ((phys - hyp_memory[i].base) >> PAGE_SHIFT);
		idx += hyp_memory[i].size >> PAGE_SHIFT;
	}
	native_fail("0x%lx is not memory", phys);
}

u64 page_phys(unsigned int idx)
{
	unsigned int i;

	for (i = 0; i < hyp_memblock_nr; i++) {
		unsigned int nr = hyp_memory[i].size >> PAGE_SHIFT;

		if (idx < nr)
			return hyp_memory[i].base + ((u64)idx << PAGE_SHIFT);
		idx -= nr;
	}
	native_fail("there is no page %u", idx);
}

bool page_is_memory(u64 phys)
{
	return addr_is_memory(phys);
}

/* Registers that no device may reach: EL2's, and those of devices that are assignable */
bool in_registers(u64 phys)
{
	unsigned int i;

	if (group_of_registers(phys) >= 0)
		return true;
	for (i = 0; i < sim_nr_smmus; i++) {
		if (phys - sim_smmus[i]->cfg.base < SIM_MMIO_SIZE)
			return true;
	}

	return phys - machine_now.withheld.base < machine_now.withheld.size;
}

struct ghost_page *page_at(struct ghost *g, u64 phys)
{
	return &g->page[page_index(phys)];
}

bool host_reaches(const struct ghost_page *page)
{
	return page->host != PKVM_NOPAGE;
}

/* Does a plain VM with these entries have the page for its devices, to write? */
bool was_lent(const kvm_pte_t gfn[NATIVE_GUEST_PAGES], u64 phys, bool write)
{
	unsigned int i;

	for (i = 0; i < NATIVE_GUEST_PAGES; i++) {
		if (kvm_pte_valid(gfn[i]) && kvm_pte_to_phys(gfn[i]) == phys &&
		    gfn[i] & PKVM_PGTABLE_PROT_PINNED && (!write || gfn[i] & GUEST_PTE_WRITE))
			return true;
	}

	return false;
}

struct ghost_domain *find_domain(struct ghost *g, u8 owner, u64 handle)
{
	unsigned int i;

	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		if (g->domain[i].used && g->domain[i].owner == owner &&
		    g->domain[i].handle == handle)
			return &g->domain[i];
	}

	return NULL;
}

struct ghost_domain *unused_domain(struct ghost *g)
{
	unsigned int i;

	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		if (!g->domain[i].used)
			return &g->domain[i];
	}
	native_fail("more domains than the model holds");
}

struct ghost_stream *find_stream(struct ghost *g, u64 smmu, u64 sid)
{
	unsigned int i;

	for (i = 0; i < NR_SIDS; i++) {
		if (machine_sids[i] == sid)
			return &g->stream[smmu][i];
	}

	return NULL;
}

u8 vm_number(u64 handle)
{
	return handle - NATIVE_HANDLE_OFFSET;
}

struct ghost_vm *find_vm(struct ghost *g, u64 handle)
{
	u64 nr = handle - NATIVE_HANDLE_OFFSET;

	return nr < GHOST_MAX_VMS && g->vm[nr].life != VM_NONE ? &g->vm[nr] : NULL;
}

struct ghost_pool *pool_of(struct ghost *g, u8 owner)
{
	return &g->pool[owner == GHOST_HOST ? 0 : 1 + owner - GHOST_VM];
}

struct ghost_route *find_route(struct ghost_vm *vm, u64 pviommu, u64 vsid)
{
	unsigned int i;

	for (i = 0; i < vm->nr_routes; i++) {
		if (vm->routes[i].pviommu == pviommu && vm->routes[i].vsid == vsid)
			return &vm->routes[i];
	}

	return NULL;
}

bool iommu_is_stage1(void)
{
	return iommu_cfg.stage == 1;
}

int group_of_stream(u64 smmu, u64 sid)
{
	unsigned int i, j;

	for (i = 0; i < machine_now.nr_devices; i++) {
		const struct machine_device *d = &machine_now.devices[i];

		for (j = 0; j < d->nr_streams; j++) {
			if (d->stream[j].smmu == smmu && d->stream[j].sid == sid)
				return d->group;
		}
	}

	return -1;
}

int group_of_registers(u64 phys)
{
	const struct edu *edu = edu_at(phys);

	return edu ? edu->dev->group : -1;
}

bool group_is_resettable(unsigned int group)
{
	bool can = true;
	unsigned int i;

	for (i = 0; i < machine_now.nr_devices; i++) {
		if (machine_now.devices[i].group == group)
			can &= machine_now.devices[i].reset;
	}

	return can;
}

bool group_is_broken(unsigned int group)
{
	unsigned int i;

	for (i = 0; i < machine_now.nr_devices; i++) {
		if (machine_now.devices[i].group == group && machine_now.devices[i].broken)
			return true;
	}

	return false;
}
