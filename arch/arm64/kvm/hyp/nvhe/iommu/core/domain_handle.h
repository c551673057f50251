/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles: small integers to domains, looked up without a lock (I9).
 *
 * A slot is one atomic word: the physical address of the domain's page and, in
 * the low bits, how many CPUs use the domain right now. Looking up adds a user,
 * so that the page cannot go back to the host under it; freeing marks the slot
 * DYING while there is no user. The two levels of the table grow with memory of
 * the owner and stay until the owner goes.
 */
#ifndef __PKVM_IOMMU_DOMAIN_HANDLE_H__
#define __PKVM_IOMMU_DOMAIN_HANDLE_H__

#include <linux/types.h>

#include <nvhe/spinlock.h>

struct hyp_iommu_domain;
struct iommu_pool;

/**
 * struct iommu_handles - one owner's table
 * @lock: serialises allocation of handles and of the table's pages
 * @root: page of pointers to pages of slots
 */
struct iommu_handles {
	hyp_spinlock_t	lock;
	u64		**root;
};

/* Pages that the table grows by at most, for one handle */
#define HANDLE_TABLE_PAGES	2

/**
 * domain_handle_alloc() - get a handle, and the memory of what it will name
 * @handles: table of the owner
 * @pool: pays for both
 * @page: out, zeroed pages for the caller; room for HANDLE_TABLE_PAGES more
 * @nr: how many the caller wants
 *
 * Takes all pages or none. The handle names nothing until domain_handle_publish(), which
 * must follow.
 *
 * Return: the handle; -ENOMEM, -ENOSPC.
 */
long domain_handle_alloc(struct iommu_handles *handles, struct iommu_pool *pool, void **page,
			 unsigned int nr);
void domain_handle_publish(struct iommu_handles *handles, u64 handle,
			   struct hyp_iommu_domain *domain);

/**
 * domain_handle_get() - look up and use a domain
 * @handles: table of the owner
 * @handle: handle, unchecked
 *
 * Waits for another CPU if 1023 are in a call about the domain.
 *
 * Return: the domain, until domain_handle_put(), or NULL: no such handle, or dying.
 */
struct hyp_iommu_domain *domain_handle_get(struct iommu_handles *handles, u64 handle);
void domain_handle_put(struct hyp_iommu_domain *domain);

/**
 * domain_handle_kill() - become the only user of a domain, for good
 * @handles: table of the owner
 * @handle: handle, unchecked
 * @domain: out
 *
 * Nobody else gets the domain from here on. Ends with domain_handle_free(), or
 * domain_handle_unkill() with which the domain may be killed again, or lives on.
 *
 * Return: 0, -ENOENT, -EBUSY (in use).
 */
int domain_handle_kill(struct iommu_handles *handles, u64 handle, struct hyp_iommu_domain **domain);
void domain_handle_unkill(struct iommu_handles *handles, u64 handle, bool alive);
void domain_handle_free(struct iommu_handles *handles, u64 handle);

/* At the end of an owner: any handle, 0 if there is none; then the table goes */
u64 domain_handle_first(struct iommu_handles *handles);
void domain_handles_free(struct iommu_handles *handles, struct iommu_pool *pool);

#endif /* __PKVM_IOMMU_DOMAIN_HANDLE_H__ */
