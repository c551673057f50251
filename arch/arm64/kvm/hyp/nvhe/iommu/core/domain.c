// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocate and free domains, bind them to IOMMUs, and invalidate their TLB entries.
 */
#include <nvhe/memory.h>

#include <core/domain.h>
#include <memory/pin.h>

/* FREE_DOMAIN unpins at most this many pages: PTRS_PER_PTE for a table or block (I7) */
#define DOMAIN_FREE_PAGES	16384
#define DOMAIN_FREE_BUDGET	(DOMAIN_FREE_PAGES / PTRS_PER_PTE)

static void *domain_alloc_table(struct iommu_pgtable *pgt)
{
	struct hyp_iommu_domain *domain = container_of(pgt, struct hyp_iommu_domain, pgt);

	return pool_alloc(&domain->owner->pool);
}

static void domain_free_table(struct iommu_pgtable *pgt, void *table)
{
	struct hyp_iommu_domain *domain = container_of(pgt, struct hyp_iommu_domain, pgt);

	pool_free(&domain->owner->pool, table);
}

static int domain_flush_walks(struct iommu_pgtable *pgt, u64 iova, u64 size)
{
	return domain_tlb_inv(container_of(pgt, struct hyp_iommu_domain, pgt), iova, size, 0);
}

void domain_init(struct hyp_iommu_domain *domain, struct iommu_owner *owner, size_t size)
{
	hyp_spin_lock_init(&domain->lock);
	domain->owner = owner;
	domain->nr_bindings = (size - sizeof(*domain)) / sizeof(domain->bindings[0]);
}

long domain_alloc(struct iommu_owner *owner, u64 *pages)
{
	/* The domain, its root table, and pages for the handle table if it must grow */
	void *page[2 + HANDLE_TABLE_PAGES] __uninitialized, *root;
	struct hyp_iommu_domain *domain;
	long handle;

	*pages = ARRAY_SIZE(page);
	handle = domain_handle_alloc(&owner->handles, &owner->pool, page, 2);
	if (handle < 0)
		return handle;

	/* Nothing fails from here on, so the handle is always published */
	domain = page[0];
	root = page[1];
	domain_init(domain, owner, PAGE_SIZE);
	domain->pgt = (struct iommu_pgtable) {
		.cfg		= &iommu_cfg,
		.root		= root,
		.ias		= iommu_cfg.paging_ias,
		.alloc		= domain_alloc_table,
		.free		= domain_free_table,
		.flush		= domain_flush_walks,
	};
	domain->pgt.start_level = iommu_pgtable_start_level(iommu_cfg.stage, domain->pgt.ias);
	iommu_pgtable_clean(&domain->pgt, root, PAGE_SIZE);
	domain_handle_publish(&owner->handles, handle, domain);

	return handle;
}

int domain_free(struct iommu_owner *owner, u64 handle)
{
	unsigned int budget = DOMAIN_FREE_BUDGET;
	struct hyp_iommu_domain *domain;
	int ret;

	ret = domain_handle_kill(&owner->handles, handle, &domain);
	if (ret)
		return ret;

	/*
	 * No stream can be attached any more. Taking the lock waits for a detach that has
	 * dropped the last stream but not yet the lock.
	 */
	hyp_spin_lock(&domain->lock);
	/* A failed detach leaves its count; -EBUSY would invite a useless retry */
	if (domain->wedged)
		ret = -EIO;
	else if (domain->nr_streams)
		ret = -EBUSY;
	hyp_spin_unlock(&domain->lock);
	if (ret) {
		domain_handle_unkill(&owner->handles, handle, true);
		return ret;
	}

	/*
	 * The last detach has invalidated all TLB entries of the domain, so EL2 can
	 * release the pages (I5).
	 */
	if (!iommu_pgtable_free(&domain->pgt, &budget)) {
		domain_handle_unkill(&owner->handles, handle, false);
		return -EAGAIN;
	}

	domain_handle_free(&owner->handles, handle);
	pool_free(&owner->pool, domain->pgt.root);
	pool_free(&owner->pool, domain);

	return 0;
}

/* Invalidate a range of a domain on each IOMMU, or all of it if @size is 0 */
int domain_tlb_inv(struct hyp_iommu_domain *domain, u64 iova, u64 size, s8 level)
{
	struct iommu_binding *binding = domain->bindings;
	int ret = 0, err;

	for (; binding < &domain->bindings[domain->nr_used]; binding++) {
		if (!binding->refs)
			continue;
		if (size)
			err = hw_tlb_range(binding->iommu, binding->id, iova, size, level);
		else
			err = hw_tlb_all(binding->iommu, binding->id);
		if (err) {
			domain->wedged = true;
			ret = err;
		}
	}

	return ret;
}

/* ID 0 is reserved for the driver, see hw_bind(). Context: hyp_iommu::lock held. */
static int id_alloc(struct hyp_iommu *iommu)
{
	u32 word;

	for (word = 0; word < BITS_TO_LONGS(iommu->nr_ids); word++) {
		unsigned long used = iommu->ids[word] | (word ? 0 : BIT(0));

		if (~used) {
			u32 id = word * BITS_PER_LONG + ffz(used);

			iommu->ids[word] |= BIT_MASK(id);
			return id;
		}
	}

	return -ENOSPC;
}

static void id_free(struct hyp_iommu *iommu, u16 id)
{
	iommu->ids[BIT_WORD(id)] &= ~BIT_MASK(id);
}

static struct iommu_binding *find_binding(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu)
{
	unsigned int i;

	for (i = 0; i < domain->nr_used; i++) {
		if (domain->bindings[i].refs && domain->bindings[i].iommu == iommu)
			return &domain->bindings[i];
	}

	return NULL;
}

static struct iommu_binding *new_binding(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu)
{
	struct iommu_binding *binding;
	int id;

	for (binding = domain->bindings; binding < &domain->bindings[domain->nr_bindings];
	     binding++) {
		if (!binding->refs)
			goto found;
	}
	return NULL;
found:
	id = id_alloc(iommu);
	if (id < 0)
		return NULL;

	domain->nr_used = max_t(u32, domain->nr_used, binding - domain->bindings + 1);
	binding->iommu = iommu;
	binding->id = id;
	hw_bind(binding, &domain->pgt);

	return binding;
}

/**
 * domain_bind() - add one stream of an IOMMU to the users of a domain
 * @domain: domain
 * @iommu: IOMMU
 *
 * Context: hyp_iommu::lock held.
 * Return: the binding; NULL if the IOMMU has no free address space ID, or the domain has
 * no free binding.
 */
struct iommu_binding *domain_bind(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu)
{
	struct iommu_binding *binding;

	hyp_spin_lock(&domain->lock);
	binding = find_binding(domain, iommu) ?: new_binding(domain, iommu);
	if (binding) {
		binding->refs++;
		domain->nr_streams++;
	}
	hyp_spin_unlock(&domain->lock);

	return binding;
}

/**
 * domain_unbind() - drop one stream of an IOMMU from the users of a domain
 * @domain: domain
 * @iommu: IOMMU
 *
 * For the last stream, invalidates the TLB entries of the domain before its address space
 * ID can be used again. If that fails, the stream stays counted: EL2 never frees the
 * domain nor unpins its pages.
 *
 * Context: hyp_iommu::lock held.
 * Return: 0 or -EIO.
 */
int domain_unbind(struct hyp_iommu_domain *domain, struct hyp_iommu *iommu)
{
	struct iommu_binding *binding;
	int ret = 0;

	hyp_spin_lock(&domain->lock);
	binding = find_binding(domain, iommu);
	if (binding && binding->refs == 1) {
		ret = hw_tlb_all(iommu, binding->id);
		if (ret)
			domain->wedged = true;
		else
			id_free(iommu, binding->id);
	}
	if (binding && !ret) {
		binding->refs--;
		domain->nr_streams--;
	}
	hyp_spin_unlock(&domain->lock);

	return ret;
}
