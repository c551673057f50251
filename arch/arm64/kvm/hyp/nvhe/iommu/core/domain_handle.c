// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of domain handles: allocate, look up, kill and free.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/nospec.h>

#include <asm/pkvm-iommu-host.h>

#include <nvhe/memory.h>

#include <core/domain.h>

#define SLOTS_PER_PAGE		(PAGE_SIZE / sizeof(u64))
#define NR_SLOTS		(SLOTS_PER_PAGE * SLOTS_PER_PAGE)
/* The first word of a page counts the slots in use; no handle belongs to it */
#define USED_SLOT		0

/* Low bits of a slot; the other bits are the physical address of the domain */
#define SLOT_USERS		GENMASK_ULL(9, 0)
#define SLOT_KILLER		BIT_ULL(10)	/* a CPU is freeing the domain */
#define SLOT_DYING		BIT_ULL(11)	/* the domain can only be freed */
#define SLOT_FLAGS		GENMASK_ULL(11, 0)
/* Allocated but not published: neither lookup nor kill succeeds */
#define SLOT_TAKEN		(SLOT_KILLER | SLOT_DYING)

/* Slot 1, the first to be allocated, is the first handle of a paging domain */
#define HANDLE_OFFSET		PKVM_IOMMU_DOMAIN_IDENTITY

static u64 *handle_slot(struct iommu_handles *handles, u64 handle)
{
	u64 idx = handle - HANDLE_OFFSET;
	u64 **root, *leaf;

	/* Pairs with take_slot(): the page is seen zeroed */
	root = smp_load_acquire(&handles->root);
	if (handle <= HANDLE_OFFSET || idx >= NR_SLOTS || !root)
		return NULL;

	idx = array_index_nospec(idx, NR_SLOTS);
	/* Pairs with take_slot(), as above */
	leaf = smp_load_acquire(&root[idx / SLOTS_PER_PAGE]);

	return leaf && idx % SLOTS_PER_PAGE != USED_SLOT ? &leaf[idx % SLOTS_PER_PAGE] : NULL;
}

/* Find the first page with a free slot; this keeps the table dense */
static u32 find_leaf(const struct iommu_handles *handles)
{
	u32 nr;

	for (nr = 0; nr < SLOTS_PER_PAGE; nr++) {
		const u64 *leaf = handles->root ? handles->root[nr] : NULL;

		if (!leaf || leaf[USED_SLOT] < SLOTS_PER_PAGE - 1)
			break;
	}

	return nr;
}

/* Take a slot of page @nr of the table; @page: pages for missing parts of the table */
static long take_slot(struct iommu_handles *handles, u32 nr, void **page)
{
	u32 i = USED_SLOT + 1;
	u64 *leaf;

	if (!handles->root) {
		/* Pairs with handle_slot() */
		smp_store_release(&handles->root, *page++);
	}
	if (!handles->root[nr]) {
		/* Pairs with handle_slot(), as above */
		smp_store_release(&handles->root[nr], *page);
	}

	leaf = handles->root[nr];
	while (i < SLOTS_PER_PAGE - 1 && READ_ONCE(leaf[i]))
		i++;
	WRITE_ONCE(leaf[i], SLOT_TAKEN);
	leaf[USED_SLOT]++;

	return HANDLE_OFFSET + nr * SLOTS_PER_PAGE + i;
}

long domain_handle_alloc(struct iommu_handles *handles, struct iommu_pool *pool, void **page,
			 unsigned int nr)
{
	unsigned int tables;
	long ret = -ENOSPC;
	u32 leaf;

	hyp_spin_lock(&handles->lock);
	leaf = find_leaf(handles);
	if (leaf < SLOTS_PER_PAGE) {
		tables = !handles->root ? HANDLE_TABLE_PAGES : !handles->root[leaf];
		ret = pool_alloc_all(pool, page, nr + tables);
		if (!ret)
			ret = take_slot(handles, leaf, page + nr);
	}
	hyp_spin_unlock(&handles->lock);

	return ret;
}

void domain_handle_publish(struct iommu_handles *handles, u64 handle,
			   struct hyp_iommu_domain *domain)
{
	u64 *slot = handle_slot(handles, handle);

	domain->slot = slot;
	/* Pairs with slot_update(): other CPUs see the domain complete */
	smp_store_release(slot, hyp_virt_to_phys(domain));
}

/* Add to a slot unless it is empty or has a forbidden flag; returns the old value or 0 */
static u64 slot_update(u64 *slot, u64 forbidden, u64 add)
{
	u64 old = slot ? READ_ONCE(*slot) : 0, cur;

	for (; old; old = cur) {
		if (old & forbidden)
			return 0;
		/* The user count is at its maximum: wait until a CPU ends its call */
		if ((old & SLOT_USERS) == SLOT_USERS) {
			cpu_relax();
			cur = READ_ONCE(*slot);
			continue;
		}
		cur = cmpxchg(slot, old, old + add);
		if (cur == old)
			return old;
	}

	return 0;
}

static struct hyp_iommu_domain *slot_domain(u64 val)
{
	return hyp_phys_to_virt(val & ~SLOT_FLAGS);
}

struct hyp_iommu_domain *domain_handle_get(struct iommu_handles *handles, u64 handle)
{
	u64 old = slot_update(handle_slot(handles, handle), SLOT_DYING, 1);

	return old ? slot_domain(old) : NULL;
}

void domain_handle_put(struct hyp_iommu_domain *domain)
{
	/* The slot stays, but the domain can be freed once it has no user */
	u64 *slot = domain->slot, old = READ_ONCE(*slot), cur;

	while ((cur = cmpxchg_release(slot, old, old - 1)) != old)
		old = cur;
}

int domain_handle_kill(struct iommu_handles *handles, u64 handle, struct hyp_iommu_domain **domain)
{
	u64 *slot = handle_slot(handles, handle), old = slot ? READ_ONCE(*slot) : 0;

	if (!old)
		return -ENOENT;
	if (old & (SLOT_USERS | SLOT_KILLER))
		return -EBUSY;
	if (cmpxchg(slot, old, old | SLOT_DYING | SLOT_KILLER) != old)
		return -EBUSY;

	*domain = slot_domain(old);
	return 0;
}

void domain_handle_unkill(struct iommu_handles *handles, u64 handle, bool alive)
{
	u64 *slot = handle_slot(handles, handle);
	u64 clear = SLOT_KILLER | (alive ? SLOT_DYING : 0);

	/* No other CPU changes a slot that has SLOT_KILLER */
	smp_store_release(slot, *slot & ~clear);
}

void domain_handle_free(struct iommu_handles *handles, u64 handle)
{
	u64 *slot = handle_slot(handles, handle);

	hyp_spin_lock(&handles->lock);
	*slot = 0;
	((u64 *)PTR_ALIGN_DOWN(slot, PAGE_SIZE))[USED_SLOT]--;
	hyp_spin_unlock(&handles->lock);
}

u64 domain_handle_first(struct iommu_handles *handles)
{
	u32 nr, i;

	for (nr = 0; handles->root && nr < SLOTS_PER_PAGE; nr++) {
		u64 *leaf = handles->root[nr];

		if (!leaf || !leaf[USED_SLOT])
			continue;
		for (i = USED_SLOT + 1; i < SLOTS_PER_PAGE; i++) {
			if (leaf[i])
				return HANDLE_OFFSET + nr * SLOTS_PER_PAGE + i;
		}
	}

	return 0;
}

void domain_handles_free(struct iommu_handles *handles, struct iommu_pool *pool)
{
	u32 nr;

	for (nr = 0; handles->root && nr < SLOTS_PER_PAGE; nr++) {
		if (handles->root[nr])
			pool_free(pool, handles->root[nr]);
	}
	if (handles->root)
		pool_free(pool, handles->root);
	handles->root = NULL;
}
