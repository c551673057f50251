/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools: pages that the host donated to EL2 for one owner (I9). EL2 allocates all tables
 * and objects of the owner from its pool and frees them to it.
 */
#ifndef __PKVM_IOMMU_POOL_H__
#define __PKVM_IOMMU_POOL_H__

#include <linux/kvm_host.h>

#include <nvhe/spinlock.h>

/**
 * struct iommu_pool - unused pages of one owner
 * @lock: guards the other fields; innermost lock
 * @mc: list of the pages
 * @given: pages that the host has donated so far
 */
struct iommu_pool {
	hyp_spinlock_t			lock;
	struct kvm_hyp_memcache		mc;
	u64				given;
};

/* Allocate a zeroed page; NULL if there is none */
void *pool_alloc(struct iommu_pool *pool);

/**
 * pool_alloc_all() - allocate all pages that a call needs, or none
 * @pool: pool
 * @page: out, zeroed pages
 * @nr: number of pages
 *
 * A call that fails takes no page, not even for a moment, so that other callers see all
 * pages of the pool.
 *
 * Return: 0 or -ENOMEM.
 */
int pool_alloc_all(struct iommu_pool *pool, void **page, unsigned int nr);
void pool_free(struct iommu_pool *pool, void *page);
unsigned long pool_pages(struct iommu_pool *pool);

/**
 * pool_topup() - accept pages from the host
 * @pool: pool
 * @mc: in: EL2's copy of the host's list; out: the pages that were not accepted
 *
 * Takes each page from the host before it reads the link in it, so that the host cannot
 * change the link.
 *
 * Context: no lock held; takes host_mmu.lock.
 * Return: 0; -E2BIG (more than PKVM_IOMMU_TOPUP_MAX pages), or the error of the donation
 * of the page at the head of @mc.
 */
int pool_topup(struct iommu_pool *pool, struct kvm_hyp_memcache *mc);

/**
 * pool_reclaim() - return unused pages to the host
 * @pool: pool
 * @mc: out, list for the host
 * @max: most pages in @mc on return
 */
void pool_reclaim(struct iommu_pool *pool, struct kvm_hyp_memcache *mc, unsigned long max);

/* Return a page that is in no pool to the host */
void return_page(struct kvm_hyp_memcache *mc, void *page);

#endif /* __PKVM_IOMMU_POOL_H__ */
