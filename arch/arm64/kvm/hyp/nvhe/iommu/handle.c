// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles of domains.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/nospec.h>

#include <asm/kvm_pkvm_iommu.h>

#include <nvhe/memory.h>

#include <handle.h>
#include <pool.h>

#define SLOTS_PER_PAGE		(PAGE_SIZE / sizeof(u64))
#define NR_SLOTS		(SLOTS_PER_PAGE * SLOTS_PER_PAGE)

/* Low bits of a slot; the rest is the page of the domain */
#define SLOT_USERS		GENMASK_ULL(9, 0)
#define SLOT_KILLER		BIT_ULL(10)	/* someone is freeing it right now */
#define SLOT_DYING		BIT_ULL(11)	/* only to be freed any more */
#define SLOT_FLAGS		GENMASK_ULL(11, 0)

#define FIRST_HANDLE		(PKVM_IOMMU_DOMAIN_IDENTITY + 1)

static u64 *slot_of(struct iommu_handles *handles, u64 handle)
{
	u64 idx = handle - FIRST_HANDLE;
	u64 **root, *leaf;

	/* Pairs with make_slot(): the page is seen zeroed */
	root = smp_load_acquire(&handles->root);
	if (handle < FIRST_HANDLE || idx >= NR_SLOTS || !root)
		return NULL;

	idx = array_index_nospec(idx, NR_SLOTS);
	/* As above */
	leaf = smp_load_acquire(&root[idx / SLOTS_PER_PAGE]);

	return leaf ? &leaf[idx % SLOTS_PER_PAGE] : NULL;
}

/* Build the path to a slot with pages of the owner */
static u64 *make_slot(struct iommu_handles *handles, struct iommu_pool *pool, u32 idx)
{
	u64 **root = handles->root, **leafp;

	if (!root) {
		root = pool_alloc(pool);
		if (!root)
			return NULL;
		/* Pairs with slot_of() */
		smp_store_release(&handles->root, root);
	}

	leafp = &root[idx / SLOTS_PER_PAGE];
	if (!*leafp) {
		u64 *leaf = pool_alloc(pool);

		if (!leaf)
			return NULL;
		/* Pairs with slot_of() */
		smp_store_release(leafp, leaf);
	}

	return &(*leafp)[idx % SLOTS_PER_PAGE];
}

long handle_alloc(struct iommu_handles *handles, struct iommu_pool *pool,
		  struct hyp_iommu_domain *domain)
{
	long ret = -ENOSPC;
	u32 i;

	hyp_spin_lock(&handles->lock);
	/* Bounded: what one page of slots holds, then the caller tries again */
	for (i = 0; i < SLOTS_PER_PAGE; i++) {
		u32 idx = handles->hint;
		u64 *slot = make_slot(handles, pool, idx);

		if (!slot) {
			ret = -ENOMEM;
			break;
		}
		handles->hint = (idx + 1) % NR_SLOTS;
		if (!*slot) {
			/* Pairs with slot_update(): the domain is complete */
			smp_store_release(slot, hyp_virt_to_phys(domain));
			ret = FIRST_HANDLE + idx;
			break;
		}
	}
	hyp_spin_unlock(&handles->lock);

	return ret;
}

/* Add to a slot unless it is empty or has a forbidden flag; the old value or 0 */
static u64 slot_update(u64 *slot, u64 forbidden, u64 add)
{
	u64 old = slot ? READ_ONCE(*slot) : 0, cur;

	for (; old; old = cur) {
		if (old & forbidden || (old & SLOT_USERS) == SLOT_USERS)
			return 0;
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

struct hyp_iommu_domain *handle_get(struct iommu_handles *handles, u64 handle)
{
	u64 old = slot_update(slot_of(handles, handle), SLOT_DYING, 1);

	return old ? slot_domain(old) : NULL;
}

void handle_put(struct iommu_handles *handles, u64 handle)
{
	u64 *slot = slot_of(handles, handle), old = READ_ONCE(*slot), cur;

	while ((cur = cmpxchg_release(slot, old, old - 1)) != old)
		old = cur;
}

int handle_kill(struct iommu_handles *handles, u64 handle, struct hyp_iommu_domain **domain)
{
	u64 *slot = slot_of(handles, handle), old = slot ? READ_ONCE(*slot) : 0;

	if (!old)
		return -ENOENT;
	if (old & (SLOT_USERS | SLOT_KILLER))
		return -EBUSY;
	if (cmpxchg(slot, old, old | SLOT_DYING | SLOT_KILLER) != old)
		return -EBUSY;

	*domain = slot_domain(old);
	return 0;
}

void handle_unkill(struct iommu_handles *handles, u64 handle, bool alive)
{
	u64 *slot = slot_of(handles, handle);
	u64 clear = SLOT_KILLER | (alive ? SLOT_DYING : 0);

	/* Nobody else changes a slot that has a killer */
	smp_store_release(slot, *slot & ~clear);
}

void handle_free(struct iommu_handles *handles, u64 handle)
{
	/* Whoever finds the slot free finds the domain's pages unused */
	smp_store_release(slot_of(handles, handle), 0);
}
