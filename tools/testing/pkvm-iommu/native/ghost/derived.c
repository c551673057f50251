// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the EL2 code keeps beside other state although it follows from it: counts,
 * caches, numbers. Each is compared with what it is derived from, after every call.
 */
#include <stdio.h>

#include <core/domain.h>
#include <core/vm.h>
#include <device/device.h>
#include <memory/pin.h>

#include "ghost.h"
#include "must.h"

#define SLOTS		(PAGE_SIZE / sizeof(u64))
/* As in handle.c */
#define SLOT_BUSY	GENMASK_ULL(10, 0)
#define SLOT_PAGE	GENMASK_ULL(63, 12)

/* By page: leaves that pin it as a page; by the first page of a block: likewise */
static u32 pins[GHOST_MAX_PAGES], block_pins[GHOST_MAX_PAGES];
static u64 wrong_pin;
/* Pages in lists of pools */
static u64 nr_free;

void ghost_forget_leaves(void)
{
	memset(pins, 0, sizeof(pins));
	memset(block_pins, 0, sizeof(block_pins));
	wrong_pin = 0;
}

/* What is not memory is not counted, blocks and pages each as what they are */
void ghost_note_leaf(u64 pte, s8 level)
{
	u64 phys = pte & KVM_PTE_ADDR_MASK, want = 0;

	if (page_is_memory(phys))
		want = level == IOMMU_PAGE_LEVEL ? IOMMU_PIN_PAGE : IOMMU_PIN_BLOCK;
	if (FIELD_GET(IOMMU_PTE_PIN, pte) != want)
		wrong_pin = pte;
	else if (want == IOMMU_PIN_PAGE)
		pins[page_index(phys)]++;
	else if (want)
		block_pins[page_index(phys)]++;
}

/* What a table remembers of its last walk, and of its last leaf */
static ghost_verdict check_caches(const struct iommu_pgtable *pgt)
{
	struct iommu_pgtable fresh = *pgt;
	s8 level = IOMMU_PAGE_LEVEL;

	fresh.near = NULL;
	if (pgt->near) {
		MUST(iommu_pgtable_walk(&fresh, pgt->near_iova, &level) == pgt->near &&
		     level == IOMMU_PAGE_LEVEL, "the table near 0x%lx is another one",
		     pgt->near_iova);
	}
	MUST(!pgt->leaf ||
	     pgt->leaf == iommu_pte_leaf(pgt->cfg, 0, pgt->leaf_level, pgt->leaf_prot),
	     "a leaf of permissions 0x%x is not 0x%lx", pgt->leaf_prot, pgt->leaf);

	return NULL;
}

/* Streams of an SMMU that use a domain */
static u32 count_streams(const struct hyp_iommu_domain *domain, struct hyp_iommu *smmu)
{
	unsigned int i;
	u32 nr = 0;

	for (i = 0; i < NR_SIDS; i++) {
		const struct hyp_stream *stream = ghost_stream_of(smmu, machine_sids[i]);

		nr += stream && stream->domain == domain;
	}

	return nr;
}

/* After an SMMU has failed a binding may keep streams that could not be confirmed gone */
static ghost_verdict check_tags(const struct hyp_iommu_domain *domain)
{
	u32 refs[SIM_MAX_SMMUS] = {}, sum = 0, i, j;

	for (i = 0; i < domain->nr_bindings; i++) {
		const struct iommu_binding *binding = &domain->bindings[i];

		if (!binding->refs)
			continue;
		MUST(i < domain->nr_used, "binding %u is in use, of %u", i, domain->nr_used);
		for (j = 0; hyp_iommus[j] != binding->iommu; j++)
			;
		MUST(!refs[j], "a domain has two bindings on SMMU %u", j);
		MUST(binding->iommu->ids[BIT_WORD(binding->id)] & BIT_MASK(binding->id),
		     "binding %u of a domain is free", binding->id);
		refs[j] = binding->refs;
		sum += binding->refs;
	}
	for (i = 0; i < hyp_nr_iommus; i++) {
		u32 nr = count_streams(domain, hyp_iommus[i]);

		MUST(weather.hardware ? refs[i] >= nr : refs[i] == nr,
		     "a domain counts %u streams of SMMU %u, and has %u", refs[i], i, nr);
	}
	MUST(sum == domain->nr_streams, "a domain counts %u streams, its bindings %u",
	     domain->nr_streams, sum);

	return NULL;
}

static ghost_verdict check_domain(const struct iommu_owner *owner, u64 *slot)
{
	const struct hyp_iommu_domain *domain = hyp_phys_to_virt(*slot & SLOT_PAGE);

	MUST(!(*slot & SLOT_BUSY), "a domain that nobody uses has users: 0x%lx", *slot);
	MUST(domain->slot == slot && domain->owner == owner, "a domain is in another's slot");

	return check_caches(&domain->pgt) ?: check_tags(domain);
}

static ghost_verdict check_pool(const struct iommu_pool *pool)
{
	u64 head = pool->mc.head, i;

	for (i = 0; i < pool_pages((struct iommu_pool *)pool); i++) {
		MUST(page_is_memory(head & PAGE_MASK) && native_page(head & PAGE_MASK)->free,
		     "a pool counts more than its %lu pages", i);
		head = *(u64 *)hyp_phys_to_virt(head & PAGE_MASK);
	}
	nr_free += i;

	return NULL;
}

static ghost_verdict check_owner(struct iommu_owner *owner)
{
	u64 **root = owner->handles.root, used, i, j;
	ghost_verdict v = check_pool(&owner->pool);

	for (i = 0; root && i < SLOTS && !v; i++) {
		used = 0;
		for (j = 1; root[i] && j < SLOTS && !v; j++) {
			if (!root[i][j])
				continue;
			used++;
			v = check_domain(owner, &root[i][j]);
		}
		MUST(v || !root[i] || root[i][0] == used,
		     "page %lu of handles counts %lu, and has %lu", i, root[i][0], used);
	}

	return v;
}

static ghost_verdict check_vm(struct iommu_vm *vm)
{
	const struct iommu_events *events = &vm->events;

	MUST(!vm->users && !vm->draining, "VM 0x%x is in use: %u calls, draining %d", vm->owner.vm,
	     vm->users, vm->draining);
	MUST(events->first < IOMMU_EVENTS_MAX && events->nr <= IOMMU_EVENTS_MAX,
	     "VM 0x%x has %u faults from %u on", vm->owner.vm, events->nr, events->first);

	return check_owner(&vm->owner);
}

/* What the word of a block must say, by its pages so far */
struct block {
	u64	start;
	u32	lost, maps;
};

static ghost_verdict check_block(const struct block *block, u64 phys)
{
	MUST(block_lost_pages(phys) == block->lost, "block 0x%lx counts %u lost pages, and has %u",
	     block->start, block_lost_pages(phys), block->lost);
	MUST(block_pin_count(phys) == block->maps, "block 0x%lx counts %u leaves, and has %u",
	     block->start, block_pin_count(phys), block->maps);

	return NULL;
}

/* Two pieces of memory may have pages of one block */
static ghost_verdict check_memory(void)
{
	unsigned int nr, idx = 0;
	struct block block = {};
	ghost_verdict v = NULL;
	u64 free = 0, last = 0;

	MUST(!wrong_pin, "the leaf 0x%lx is pinned as what it is not", wrong_pin);
	for (nr = 0; nr < hyp_memblock_nr; nr++) {
		u64 phys = hyp_memory[nr].base, end = phys + hyp_memory[nr].size;

		for (; phys < end && !v; last = phys, phys += PAGE_SIZE, idx++) {
			if (ALIGN_DOWN(phys, GHOST_BLOCK) != block.start) {
				v = last ? check_block(&block, last) : NULL;
				block = (struct block) { ALIGN_DOWN(phys, GHOST_BLOCK) };
			}
			MUST(v || page_pin_count(phys) == pins[idx],
			     "page 0x%lx counts %u leaves, and has %u", phys,
			     page_pin_count(phys), pins[idx]);
			block.lost += page_is_revoked(phys);
			block.maps += block_pins[idx];
			free += native_page(phys)->free;
		}
	}
	v = v ?: check_block(&block, last);
	MUST(v || free == nr_free, "pools have %lu pages, and %lu are free", nr_free, free);

	return v;
}

static ghost_verdict check_iommu(unsigned int nr)
{
	const struct sim_smmu *sim = sim_smmus[nr];
	ghost_verdict v = hw_check_events(hyp_iommus[nr], sim);
	unsigned int i;

	if (v)
		return v;
	for (i = 0; i < NR_SIDS; i++) {
		const struct hyp_stream *stream = ghost_stream_of(hyp_iommus[nr], machine_sids[i]);

		MUST(!stream || stream->first_event <= sim->nr_events,
		     "stream 0x%x: its first event is %lu, of %lu", machine_sids[i],
		     stream->first_event, sim->nr_events);
	}

	return NULL;
}

static ghost_verdict check_all(void)
{
	ghost_verdict v = check_owner(&iommu_host) ?: check_tags(host_idmap) ?:
			  check_caches(&host_idmap->pgt);
	unsigned int i;

	for (i = 0; i < GHOST_MAX_VMS && !v; i++) {
		struct iommu_vm *vm = ghost_context(i);

		v = vm ? check_vm(vm) : NULL;
	}
	for (i = 0; i < hyp_nr_iommus && !v; i++)
		v = hyp_iommus[i]->ready ? check_iommu(i) : NULL;
	for (i = 0; i < PKVM_DEVICE_MAX && !v; i++)
		MUST(!hyp_device_groups[i].resetting, "nobody resets group %u", i);

	return v ?: check_memory();
}

ghost_verdict ghost_derived(void)
{
	struct native_hooks hooks = native_hooks;
	ghost_verdict v;

	/* Nothing happens while we look */
	memset(&native_hooks, 0, sizeof(native_hooks));
	nr_free = 0;
	v = check_all();
	native_hooks = hooks;

	return v;
}
