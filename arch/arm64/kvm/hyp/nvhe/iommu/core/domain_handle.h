/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles: small integers that name domains, looked up without a lock (I9).
 *
 * A slot is one atomic word. It holds the physical address of the domain's page and, in
 * the low bits, how many CPUs use the domain now. A lookup adds a user, so that EL2
 * cannot free the page meanwhile. domain_handle_kill() marks a slot as dying, and fails
 * if there is a user. The table has two levels. It grows with pages from the owner's pool
 * and keeps them until domain_handles_free().
 */
#ifndef __PKVM_IOMMU_DOMAIN_HANDLE_H__
#define __PKVM_IOMMU_DOMAIN_HANDLE_H__

#include <linux/types.h>

#include <nvhe/spinlock.h>

struct hyp_iommu_domain;
struct iommu_pool;

/**
 * struct iommu_handles - table of the handles of one owner
 * @lock: serialises allocation of handles and of the table's pages
 * @root: page of pointers to pages of slots; NULL before the first allocation
 */
struct iommu_handles {
	hyp_spinlock_t	lock;
	u64		**root;
};

/* Most pages that the table takes from the pool for one handle */
#define HANDLE_TABLE_PAGES	2

/**
 * domain_handle_alloc() - allocate a handle, and pages for the domain that it will name
 * @handles: table of the owner
 * @pool: pool of the owner
 * @page: out, zeroed pages for the caller; the array needs HANDLE_TABLE_PAGES more
 *	entries
 * @nr: number of pages that the caller wants
 *
 * Takes all pages from the pool or none. The handle names no domain until the caller
 * calls domain_handle_publish(), which it must do.
 *
 * Return: the handle; -ENOMEM (@pool has too few pages), -ENOSPC (no handle is free).
 */
long domain_handle_alloc(struct iommu_handles *handles, struct iommu_pool *pool, void **page,
			 unsigned int nr);
void domain_handle_publish(struct iommu_handles *handles, u64 handle,
			   struct hyp_iommu_domain *domain);

/**
 * domain_handle_get() - look up a domain and become a user of it
 * @handles: table of the owner
 * @handle: handle, unchecked
 *
 * Spins while 1023 CPUs use the domain.
 *
 * Return: the domain, valid until domain_handle_put(); NULL if the handle names no
 * domain, or one that is being freed.
 */
struct hyp_iommu_domain *domain_handle_get(struct iommu_handles *handles, u64 handle);
void domain_handle_put(struct hyp_iommu_domain *domain);

/**
 * domain_handle_kill() - become the only user of a domain, to free it
 * @handles: table of the owner
 * @handle: handle, unchecked
 * @domain: out, the domain
 *
 * From now on domain_handle_get() fails for the handle. The caller must call
 * domain_handle_free() or domain_handle_unkill(). The latter makes the domain usable
 * again if alive is true; if not, only domain_handle_kill() accepts the handle.
 *
 * Return: 0; -ENOENT (the handle names no domain), -EBUSY (another CPU uses the domain).
 */
int domain_handle_kill(struct iommu_handles *handles, u64 handle, struct hyp_iommu_domain **domain);
void domain_handle_unkill(struct iommu_handles *handles, u64 handle, bool alive);
void domain_handle_free(struct iommu_handles *handles, u64 handle);

/* To drain an owner: get the first handle in use, or 0; free the empty table */
u64 domain_handle_first(struct iommu_handles *handles);
void domain_handles_free(struct iommu_handles *handles, struct iommu_pool *pool);

#endif /* __PKVM_IOMMU_DOMAIN_HANDLE_H__ */
