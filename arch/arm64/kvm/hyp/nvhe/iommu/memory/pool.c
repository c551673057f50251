// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pools: allocate, free, accept pages from the host and return them.
 */
#include <asm/pkvm-iommu-host.h>

#include <nvhe/mem_protect.h>
#include <nvhe/memory.h>

#include <memory/pool.h>

int pool_alloc_all(struct iommu_pool *pool, void **page, unsigned int nr)
{
	unsigned int i, got;

	hyp_spin_lock(&pool->lock);
	for (got = 0; got < nr; got++) {
		page[got] = pop_hyp_memcache(&pool->mc, hyp_phys_to_virt);
		if (!page[got])
			break;
	}
	for (i = got; got < nr && i; i--)
		push_hyp_memcache(&pool->mc, page[i - 1], hyp_virt_to_phys);
	hyp_spin_unlock(&pool->lock);
	if (got < nr)
		return -ENOMEM;

	for (i = 0; i < nr; i++)
		memset(page[i], 0, PAGE_SIZE);

	return 0;
}

void *pool_alloc(struct iommu_pool *pool)
{
	void *page;

	return pool_alloc_all(pool, &page, 1) ? NULL : page;
}

void pool_free(struct iommu_pool *pool, void *page)
{
	hyp_spin_lock(&pool->lock);
	push_hyp_memcache(&pool->mc, page, hyp_virt_to_phys);
	hyp_spin_unlock(&pool->lock);
}

unsigned long pool_pages(struct iommu_pool *pool)
{
	return READ_ONCE(pool->mc.nr_pages);
}

int pool_topup(struct iommu_pool *pool, struct kvm_hyp_memcache *mc)
{
	if (mc->nr_pages > PKVM_IOMMU_TOPUP_MAX)
		return -E2BIG;

	while (mc->nr_pages) {
		int ret = __pkvm_host_donate_hyp(hyp_phys_to_pfn(mc->head), 1);

		if (ret)
			return ret;
		hyp_spin_lock(&pool->lock);
		push_hyp_memcache(&pool->mc, pop_hyp_memcache(mc, hyp_phys_to_virt),
				  hyp_virt_to_phys);
		WRITE_ONCE(pool->given, pool->given + 1);
		hyp_spin_unlock(&pool->lock);
	}

	return 0;
}

void pool_reclaim(struct iommu_pool *pool, struct kvm_hyp_memcache *mc, unsigned long max)
{
	while (mc->nr_pages < max) {
		void *page = pool_alloc(pool);

		if (!page)
			return;
		return_page(mc, page);
	}
}

void return_page(struct kvm_hyp_memcache *mc, void *page)
{
	memset(page, 0, PAGE_SIZE);
	push_hyp_memcache(mc, page, hyp_virt_to_phys);
	/* Write the zeroes to memory: an uncached read must not return old data */
	kvm_flush_dcache_to_poc(page, PAGE_SIZE);
	/*
	 * No input makes this fail. The host donated the page to EL2, and EL2 has owned
	 * it since. Only pages that the host owns or shares can be pinned, so pins do not
	 * make it fail.
	 */
	WARN_ON(__pkvm_hyp_donate_host(hyp_virt_to_pfn(page), 1));
}
