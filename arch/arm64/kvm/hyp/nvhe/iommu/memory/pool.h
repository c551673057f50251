/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that an owner of domains lent to EL2 (I9): all tables and objects made
 * for the owner come from here and return here; EL2 has none of its own.
 */
#ifndef __PKVM_IOMMU_POOL_H__
#define __PKVM_IOMMU_POOL_H__

#include <linux/kvm_host.h>

#include <nvhe/spinlock.h>

/**
 * struct iommu_pool - pages donated by the host and not in use
 * @lock: guards @mc; innermost lock
 * @mc: the pages, linked
 * @given: how many came from the host so far
 */
struct iommu_pool {
	hyp_spinlock_t			lock;
	struct kvm_hyp_memcache		mc;
	u64				given;
};

/* A zeroed page, or NULL */
void *pool_alloc(struct iommu_pool *pool);

/**
 * pool_alloc_all() - take all pages that a call needs, at once
 * @pool: pool
 * @page: out, zeroed pages
 * @nr: how many
 *
 * A call that fails holds no page, not even for a moment: others would find fewer
 * than there are.
 *
 * Return: 0 or -ENOMEM.
 */
int pool_alloc_all(struct iommu_pool *pool, void **page, unsigned int nr);
void pool_free(struct iommu_pool *pool, void *page);
unsigned long pool_pages(struct iommu_pool *pool);

/**
 * pool_topup() - accept pages from the host
 * @pool: pool
 * @mc: the host's list, by value: copied before anything is checked; on return
 *	what was not taken
 *
 * Each page is donated before its link is read, so the host cannot change it.
 *
 * Context: no lock held; takes host_mmu.lock.
 * Return: 0, -E2BIG (more than PKVM_IOMMU_TOPUP_MAX), or why the page at the
 * head of @mc was refused.
 */
int pool_topup(struct iommu_pool *pool, struct kvm_hyp_memcache *mc);

/**
 * pool_reclaim() - return unused pages to the host
 * @pool: pool
 * @mc: out, the host's list
 * @max: most pages to return
 */
void pool_reclaim(struct iommu_pool *pool, struct kvm_hyp_memcache *mc, unsigned long max);

/* Return one page that is in no pool */
void return_page(struct kvm_hyp_memcache *mc, void *page);

#endif /* __PKVM_IOMMU_POOL_H__ */
