// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: paging domains.
 *
 * EL2 does a bounded amount of work for a hypercall. So map and unmap are loops, which end
 * when all is done, when EL2 returns an error, or when a call makes no progress.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/pgtable.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/rculist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "host.h"

/* Page and block sizes of the granule of EL2's IO page tables, which is PAGE_SIZE */
#define PGSIZE_BITMAP							\
	(PAGE_SIZE | PMD_SIZE |						\
	 (IS_ENABLED(CONFIG_ARM64_4K_PAGES) ? SZ_1G : 0))

/*
 * Domains whose flush queue may have ranges that EL2 has still mapped. Read under RCU,
 * written under the lock.
 */
static LIST_HEAD(lazy_domains);
static DEFINE_SPINLOCK(lazy_lock);

static void unmap_lazy(struct pkvm_lazy *lazy, unsigned long *range,
		       unsigned int nr)
{
	struct pkvm_iommu_domain *pd = container_of(lazy, struct pkvm_iommu_domain,
						    lazy);
	size_t done;
	int ret;

	while (nr) {
		ret = pkvm_iommu_hyp_unmap_list(pd->handle, range, nr, &done);
		atomic_long_sub(done, &pd->mapped);
		nr = pkvm_lazy_done(lazy, range, nr, done);
		if (!nr || (!ret && done))
			continue;

		/* Skip the range for which EL2 returned the error, and go on with the next */
		pr_err_ratelimited("pkvm-iommu: EL2 failed to unmap %#zx bytes at %#lx of domain %u (%pe), they stay mapped\n",
				   pkvm_lazy_size(lazy, *range), *range & PAGE_MASK,
				   pd->handle, ERR_PTR(ret));
		nr = pkvm_lazy_done(lazy, range, nr,
				    pkvm_lazy_size(lazy, *range));
	}
}

/**
 * pkvm_iommu_flush_lazy() - unmap at EL2 all that flush queues have unmapped so far
 *
 * Memory that a flush queue has unmapped stays mapped at EL2 until the next flush, and EL2
 * refuses to change its owner. But the kernel may have freed and allocated it again. So
 * the kernel calls this function after it has allocated memory and before it gives that
 * memory to EL2 or a VM, or when EL2 has refused the memory.
 *
 * Interrupts are off while EL2 unmaps the ranges of one domain, whose number is limited.
 *
 * Context: any.
 * Return: true if there is a flush queue: the caller can try again what EL2 has refused.
 */
bool pkvm_iommu_flush_lazy(void)
{
	struct pkvm_iommu_domain *pd;

	if (list_empty(&lazy_domains))
		return false;

	guard(rcu)();
	list_for_each_entry_rcu(pd, &lazy_domains, lazy_node)
		pkvm_lazy_flush(&pd->lazy);

	return true;
}

/* Add a domain to lazy_domains before its flush queue defers the first range */
static void note_lazy(struct pkvm_iommu_domain *pd)
{
	if (likely(!list_empty(&pd->lazy_node)))
		return;

	guard(spinlock_irqsave)(&lazy_lock);
	if (list_empty(&pd->lazy_node))
		list_add_rcu(&pd->lazy_node, &lazy_domains);
}

/*
 * EL2 unmaps the remaining ranges when it frees the domain. Before that, wait for a
 * concurrent pkvm_iommu_flush_lazy(), which might use the handle after EL2 has given it to
 * a new domain.
 */
static void forget_lazy(struct pkvm_iommu_domain *pd)
{
	if (list_empty(&pd->lazy_node))
		return;

	scoped_guard(spinlock_irqsave, &lazy_lock)
		list_del_rcu(&pd->lazy_node);
	synchronize_rcu();
}

/**
 * pkvm_iommu_domain_alloc_paging() - iommu_ops.domain_alloc_paging
 * @dev: device whose IOMMU sets the geometry
 *
 * Return: the domain or an ERR_PTR().
 */
struct iommu_domain *pkvm_iommu_domain_alloc_paging(struct device *dev)
{
	struct pkvm_iommu_need need = { .gfp = GFP_KERNEL_ACCOUNT };
	struct pkvm_iommu_master *master = dev_iommu_priv_get(dev);
	struct pkvm_iommu_domain *pd;
	int ret;

	pd = kzalloc_obj(*pd);
	if (!pd)
		return ERR_PTR(-ENOMEM);

	ret = pkvm_iova_map_init(&pd->map, master->iommu->ias, PAGE_SIZE);
	if (ret)
		goto err_free;

	do {
		ret = pkvm_iommu_hyp_alloc_domain(&need.pages);
	} while (ret == -ENOMEM && pkvm_iommu_supply(&need));
	if (ret < 0)
		goto err_free_map;

	pd->handle = ret;
	pkvm_lazy_init(&pd->lazy, PAGE_SHIFT, unmap_lazy);
	pd->domain.pgsize_bitmap = PGSIZE_BITMAP;
	pd->domain.geometry = (struct iommu_domain_geometry) {
		.aperture_end	= GENMASK_ULL(master->iommu->ias - 1, 0),
		.force_aperture	= true,
	};
	INIT_LIST_HEAD(&pd->lazy_node);

	return &pd->domain;

err_free_map:
	pkvm_iova_map_free(&pd->map);
err_free:
	kfree(pd);
	return ERR_PTR(ret);
}

static void pkvm_iommu_domain_free(struct iommu_domain *domain)
{
	struct pkvm_iommu_domain *pd = to_pkvm_iommu_domain(domain);
	unsigned int busy = 0;
	int ret;

	forget_lazy(pd);
	for (;;) {
		ret = pkvm_iommu_hyp_free_domain(pd->handle);
		if (ret == -EAGAIN)
			cond_resched();
		else if (ret == -EBUSY && busy++ < 100)
			usleep_range(10, 100);	/* another CPU uses the domain */
		else
			break;
	}
	if (ret)
		pr_err("pkvm-iommu: EL2 failed to free domain %u (%pe), its memory is lost\n",
		       pd->handle, ERR_PTR(ret));

	pkvm_iommu_reclaim();
	pkvm_iova_map_free(&pd->map);
	kfree(pd);
}

/* Make EL2 unmap a range. Returns the number of bytes unmapped. */
static size_t unmap_now(struct pkvm_iommu_domain *pd, unsigned long iova,
			size_t size)
{
	size_t unmapped = 0, done;
	int ret = 0;

	while (unmapped < size) {
		ret = pkvm_iommu_hyp_unmap(pd->handle, iova + unmapped,
					   size - unmapped, &done);
		unmapped += done;
		if (ret || !done)
			break;
	}
	atomic_long_sub(unmapped, &pd->mapped);
	if (unmapped < size)
		pr_err_ratelimited("pkvm-iommu: EL2 unmapped only %#zx of %#zx bytes at %#lx of domain %u (%pe)\n",
				   unmapped, size, iova, pd->handle,
				   ERR_PTR(ret));

	return unmapped;
}

/* Returns 0 to continue after a call that mapped @done bytes and returned @ret, or an errno */
static int map_progress(struct pkvm_iommu_need *need, int ret, size_t done)
{
	if (done)
		need->tries = 0;
	if (ret == -ENOMEM && pkvm_iommu_supply(need))
		return 0;
	/* EL2 cannot count more mappings of a page: drivers expect -ENOMEM in such a case */
	if (ret == -EBUSY)
		return -ENOMEM;

	return ret || done ? ret : -EIO;
}

static int pkvm_iommu_map_pages(struct iommu_domain *domain, unsigned long iova,
				phys_addr_t paddr, size_t pgsize,
				size_t pgcount, int prot, gfp_t gfp,
				size_t *mapped)
{
	struct pkvm_iommu_domain *pd = to_pkvm_iommu_domain(domain);
	struct pkvm_iommu_need need = { .gfp = gfp | __GFP_NOWARN };
	size_t size = pgsize * pgcount;
	size_t total = 0, done;
	int ret = 0;

	while (total < size && !ret) {
		ret = pkvm_iommu_hyp_map(pd->handle, iova + total, paddr + total,
					 size - total, prot, &done, &need.pages);
		total += done;
		ret = map_progress(&need, ret, done);
	}
	atomic_long_add(total, &pd->mapped);
	/* Record only what EL2 has mapped: an earlier mapping may have a record there */
	if (total && pkvm_iova_map_add(&pd->map, iova, paddr, total, need.gfp)) {
		unmap_now(pd, iova, total);
		return -ENOMEM;
	}
	*mapped += total;

	return ret;
}

static int map_list(struct pkvm_map_list *list)
{
	struct pkvm_iommu_domain *pd = container_of(list->map,
						    struct pkvm_iommu_domain, map);
	struct pkvm_iommu_need need = { .gfp = list->gfp };
	size_t done;
	int ret;

	while (list->nr) {
		ret = pkvm_iommu_hyp_map_list(pd->handle, list, &done,
					      &need.pages);
		atomic_long_add(done, &pd->mapped);
		if (pkvm_map_list_done(list, done)) {
			unmap_now(pd, list->iova, done);
			return -ENOMEM;
		}
		ret = map_progress(&need, ret, done);
		if (ret)
			return ret;
	}

	return 0;
}

static int pkvm_iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
			     struct scatterlist *sg, unsigned int nents,
			     int prot, gfp_t gfp, size_t *mapped)
{
	struct pkvm_map_list list = {
		.map	= &to_pkvm_iommu_domain(domain)->map,
		.shift	= PAGE_SHIFT,
		.iova	= iova,
		.prot	= prot,
		.gfp	= gfp | __GFP_NOWARN,
	};
	int ret = pkvm_map_sg(&list, sg, nents, map_list);

	*mapped = list.mapped;

	return ret;
}

/*
 * EL2 returns only when no TLB has an entry for the range, so there is nothing to gather.
 * For a flush queue, defer the hypercall to the flush.
 */
static size_t pkvm_iommu_unmap_pages(struct iommu_domain *domain,
				     unsigned long iova, size_t pgsize,
				     size_t pgcount,
				     struct iommu_iotlb_gather *gather)
{
	struct pkvm_iommu_domain *pd = to_pkvm_iommu_domain(domain);
	size_t size = pgsize * pgcount, unmapped;

	if (iommu_iotlb_gather_queued(gather)) {
		note_lazy(pd);
		if (pkvm_lazy_add(&pd->lazy, iova, size)) {
			pkvm_iova_map_remove(&pd->map, iova, size);
			return size;
		}
		pkvm_lazy_flush(&pd->lazy);
	}

	unmapped = unmap_now(pd, iova, size);
	if (unmapped)
		pkvm_iova_map_remove(&pd->map, iova, unmapped);

	return unmapped;
}

static void pkvm_iommu_flush_iotlb_all(struct iommu_domain *domain)
{
	pkvm_lazy_flush(&to_pkvm_iommu_domain(domain)->lazy);
}

static phys_addr_t pkvm_iommu_iova_to_phys(struct iommu_domain *domain,
					   dma_addr_t iova)
{
	return pkvm_iova_map_phys(&to_pkvm_iommu_domain(domain)->map, iova);
}

static int pkvm_iommu_attach_dev_paging(struct iommu_domain *domain,
					struct device *dev,
					struct iommu_domain *old)
{
	struct pkvm_iommu_master *master = dev_iommu_priv_get(dev);

	/* This IOMMU must be able to translate all IOVAs of the domain */
	if (domain->geometry.aperture_end >> master->iommu->ias)
		return -EINVAL;

	return pkvm_iommu_attach(master, domain, old);
}

const struct iommu_domain_ops pkvm_iommu_paging_ops = {
	.attach_dev	= pkvm_iommu_attach_dev_paging,
	.map_pages	= pkvm_iommu_map_pages,
	.map_sg		= pkvm_iommu_map_sg,
	.unmap_pages	= pkvm_iommu_unmap_pages,
	.flush_iotlb_all = pkvm_iommu_flush_iotlb_all,
	.iova_to_phys	= pkvm_iommu_iova_to_phys,
	.free		= pkvm_iommu_domain_free,
};
