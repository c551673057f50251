// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: paging domains.
 *
 * EL2 does a bounded amount of work per call and returns how much. So map and unmap are
 * loops, which end when all is done, when EL2 refuses, or when a call makes no progress.
 *
 * EL2 returns from an unmap only when no TLB has an entry for the range, so there is nothing
 * to gather. For a flush queue it unmaps many ranges by one call, see ../lazy.c. If the
 * hypervisor does not support that, the driver does not claim IOMMU_CAP_DEFERRED_FLUSH, and
 * unmaps each range at once even if the user has enabled a flush queue in sysfs.
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "pviommu.h"

/**
 * pviommu_prot() - translate the permissions of a mapping
 * @prot: IOMMU_READ and the like
 *
 * Return: PVIOMMU_PROT_*
 */
u64 pviommu_prot(int prot)
{
	return (prot & IOMMU_READ ? PVIOMMU_PROT_READ : 0) |
	       (prot & IOMMU_WRITE ? PVIOMMU_PROT_WRITE : 0) |
	       (prot & IOMMU_CACHE ? PVIOMMU_PROT_CACHE : 0) |
	       (prot & IOMMU_NOEXEC ? PVIOMMU_PROT_NOEXEC : 0) |
	       (prot & IOMMU_MMIO ? PVIOMMU_PROT_MMIO : 0) |
	       (prot & IOMMU_PRIV ? PVIOMMU_PROT_PRIV : 0);
}

static int hyp_alloc_domain(u64 *handle)
{
	struct arm_smccc_res res;
	int ret;

	ret = pviommu_call(PVIOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0, &res);
	*handle = res.a1;

	return ret;
}

static int hyp_free_domain(u64 handle)
{
	struct arm_smccc_res res;

	return pviommu_call(PVIOMMU_OP_FREE_DOMAIN, handle, 0, 0, 0, 0, &res);
}

/*
 * Evaluate a call that was to map or unmap @left bytes: EL2 returned @ret and @reported
 * bytes. Sets *@done. Returns an errno if EL2 refused, or reported no or too many bytes.
 */
static int step(int ret, unsigned long reported, size_t left, size_t *done)
{
	*done = 0;
	if (ret)
		return ret;
	if (!reported || reported > left)
		return -EIO;
	*done = reported;

	return 0;
}

/* EL2 does not return a reason: name the one that the guest can find, or likely others */
static const char *why_not_mapped(struct pviommu_domain *pd,
				  unsigned long last, phys_addr_t paddr,
				  int prot, int err)
{
	if (err == -EIO)
		return "EL2 reported no progress, or too much";
	if (last > pd->domain.geometry.aperture_end)
		return "IOVA out of range";
	if (!(prot & (IOMMU_READ | IOMMU_WRITE)))
		return "neither read nor write";
	if (!pfn_valid(PHYS_PFN(paddr)))
		return "no memory at that IPA";

	/* MAP_PAGES in pkvm-pviommu-guest-abi.rst has all reasons */
	return "not the VM's page, the IOVA is mapped, EL2 has no memory, or a rarer reason";
}

/* Make EL2 unmap a range. Returns the number of bytes unmapped. */
static size_t unmap_now(struct pviommu_domain *pd, unsigned long iova,
			size_t size)
{
	struct arm_smccc_res res;
	size_t total = 0, done;
	int ret;

	do {
		ret = pviommu_call(PVIOMMU_OP_UNMAP_PAGES, pd->handle,
				   iova + total, size - total, 0, 0, &res);
		ret = step(ret, res.a1, size - total, &done);
		total += done;
	} while (!ret && total < size);

	if (ret)
		dev_err_ratelimited(pd->pviommu->dev,
				    "EL2 unmapped only %#zx of %#zx bytes at IOVA %#lx (%pe)\n",
				    total, size, iova, ERR_PTR(ret));

	return total;
}

static int pviommu_map_pages(struct iommu_domain *domain, unsigned long iova,
			     phys_addr_t paddr, size_t pgsize, size_t pgcount,
			     int prot, gfp_t gfp, size_t *mapped)
{
	struct pviommu_domain *pd = to_pviommu_domain(domain);
	size_t size = pgsize * pgcount;
	struct arm_smccc_res res;
	size_t total = 0, done;
	int ret;

	/*
	 * No hypervisor offers to map registers of a device for DMA yet. It would take
	 * their IPA for memory that the host must fault in, and the host would fail and
	 * stop the VM.
	 */
	if (prot & IOMMU_MMIO) {
		dev_err_ratelimited(pd->pviommu->dev,
				    "map of MMIO at IPA %#llx refused: the hypervisor does not support it\n",
				    (u64)paddr);
		return -EOPNOTSUPP;
	}

	do {
		ret = pviommu_call(PVIOMMU_OP_MAP_PAGES, pd->handle,
				   iova + total, paddr + total, size - total,
				   pviommu_prot(prot), &res);
		ret = step(ret, res.a1, size - total, &done);
		total += done;
	} while (!ret && total < size);

	if (ret)
		dev_err_ratelimited(pd->pviommu->dev,
				    "map of IOVA %#lx to IPA %#llx, %#zx bytes, prot %#x: EL2 refused after %#zx bytes (%pe): %s\n",
				    iova, (u64)paddr, size, prot, total,
				    ERR_PTR(ret),
				    why_not_mapped(pd, iova + size - 1,
						   paddr + total, prot, ret));

	/* Record only what EL2 has mapped: an earlier mapping may have a record there */
	if (total && pkvm_iova_map_add(&pd->map, iova, paddr, total, gfp)) {
		unmap_now(pd, iova, total);
		return -ENOMEM;
	}
	*mapped = total;

	return ret;
}

static int pviommu_map_list(struct pkvm_map_list *list)
{
	struct pviommu_domain *pd = container_of(list->map,
						 struct pviommu_domain, map);
	struct arm_smccc_1_2_regs regs, res;
	size_t done;
	int ret;

	while (list->nr) {
		regs = (struct arm_smccc_1_2_regs) {
			.a0 = PVIOMMU_OP_FUNC_ID,
			.a1 = PVIOMMU_OP_MAP_LIST,
			.a2 = pd->handle,
			.a3 = list->iova,
			.a4 = FIELD_PREP(PVIOMMU_LIST_PROT,
					 pviommu_prot(list->prot)) |
			      FIELD_PREP(PVIOMMU_LIST_NR, list->nr),
		};
		pkvm_map_list_regs(list, &regs);
		arm_smccc_1_2_hvc(&regs, &res);
		ret = step(pviommu_errno((struct arm_smccc_res *)&res), res.a1,
			   list->size, &done);
		if (pkvm_map_list_done(list, done)) {
			unmap_now(pd, list->iova, done);
			return -ENOMEM;
		}
		if (ret) {
			dev_err_ratelimited(pd->pviommu->dev,
					    "map of IOVA %#lx, %u pieces, prot %#x: EL2 refused (%pe)\n",
					    list->iova, list->nr, list->prot,
					    ERR_PTR(ret));
			return ret;
		}
	}

	return 0;
}

static int pviommu_map_sg(struct iommu_domain *domain, unsigned long iova,
			  struct scatterlist *sg, unsigned int nents, int prot,
			  gfp_t gfp, size_t *mapped)
{
	struct pviommu_domain *pd = to_pviommu_domain(domain);
	struct pkvm_map_list list = {
		.map	= &pd->map,
		.shift	= pd->map.shift,
		.iova	= iova,
		.prot	= prot,
		.gfp	= gfp,
	};
	int ret;

	/* See pviommu_map_pages() */
	if (prot & IOMMU_MMIO)
		return -EOPNOTSUPP;

	ret = pkvm_map_sg(&list, sg, nents, pviommu_map_list);
	*mapped = list.mapped;

	return ret;
}

static void pviommu_unmap_lazy(struct pkvm_lazy *lazy, unsigned long *range,
			       unsigned int nr)
{
	struct pviommu_domain *pd = container_of(lazy, struct pviommu_domain,
						 lazy);
	struct arm_smccc_1_2_regs regs;
	size_t done;
	int ret;

	while (nr) {
		regs = (struct arm_smccc_1_2_regs) {
			.a0 = PVIOMMU_OP_FUNC_ID,
			.a1 = PVIOMMU_OP_UNMAP_LIST,
			.a2 = pd->handle,
			.a3 = nr,
		};
		memcpy(&regs.a5, range, nr * sizeof(*range));
		arm_smccc_1_2_hvc(&regs, &regs);
		ret = step(pviommu_errno((struct arm_smccc_res *)&regs), regs.a1,
			   SIZE_MAX, &done);
		nr = pkvm_lazy_done(lazy, range, nr, done);
		if (!nr || !ret)
			continue;

		/* Skip the range for which EL2 returned the error, and go on with the next */
		dev_err_ratelimited(pd->pviommu->dev,
				    "EL2 refused to unmap range %#lx, %#zx bytes (%pe), it stays mapped\n",
				    *range, pkvm_lazy_size(lazy, *range),
				    ERR_PTR(ret));
		nr = pkvm_lazy_done(lazy, range, nr,
				    pkvm_lazy_size(lazy, *range));
	}
}

static size_t pviommu_unmap_pages(struct iommu_domain *domain,
				  unsigned long iova, size_t pgsize,
				  size_t pgcount,
				  struct iommu_iotlb_gather *gather)
{
	struct pviommu_domain *pd = to_pviommu_domain(domain);
	size_t size = pgsize * pgcount, total;

	if (iommu_iotlb_gather_queued(gather) &&
	    pd->pviommu->features & PVIOMMU_FEATURE_UNMAP_LIST) {
		if (pkvm_lazy_add(&pd->lazy, iova, size)) {
			pkvm_iova_map_remove(&pd->map, iova, size);
			return size;
		}
		pkvm_lazy_flush(&pd->lazy);
	}

	total = unmap_now(pd, iova, size);
	if (total)
		pkvm_iova_map_remove(&pd->map, iova, total);

	return total;
}

/* The flush queue calls this before it reuses IOVAs */
static void pviommu_flush_iotlb_all(struct iommu_domain *domain)
{
	pkvm_lazy_flush(&to_pviommu_domain(domain)->lazy);
}

static phys_addr_t pviommu_iova_to_phys(struct iommu_domain *domain,
					dma_addr_t iova)
{
	return pkvm_iova_map_phys(&to_pviommu_domain(domain)->map, iova);
}

static void pviommu_domain_free(struct iommu_domain *domain)
{
	struct pviommu_domain *pd = to_pviommu_domain(domain);
	int ret;

	/* Also unmaps what the user of the domain has left mapped */
	ret = hyp_free_domain(pd->handle);
	if (ret)
		dev_err(pd->pviommu->dev, "EL2 refused to free domain %#llx (%pe), it is lost to this VM\n",
			pd->handle, ERR_PTR(ret));

	pkvm_iova_map_free(&pd->map);
	kfree(pd);
}

#define PVIOMMU_PAGING_OPS						\
	.attach_dev		= pviommu_attach_dev,			\
	.map_pages		= pviommu_map_pages,			\
	.unmap_pages		= pviommu_unmap_pages,			\
	.flush_iotlb_all	= pviommu_flush_iotlb_all,		\
	.iova_to_phys		= pviommu_iova_to_phys,			\
	.free			= pviommu_domain_free

static const struct iommu_domain_ops pviommu_paging_ops = {
	PVIOMMU_PAGING_OPS,
};

static const struct iommu_domain_ops pviommu_list_ops = {
	PVIOMMU_PAGING_OPS,
	.map_sg			= pviommu_map_sg,
};

/**
 * pviommu_domain_alloc() - make a paging domain
 * @pviommu: the pvIOMMU of the device for which the domain is made
 *
 * Return: the domain or an ERR_PTR().
 */
struct iommu_domain *pviommu_domain_alloc(struct pviommu *pviommu)
{
	struct pviommu_domain *pd;
	int ret;

	pd = kzalloc_obj(*pd);
	if (!pd)
		return ERR_PTR(-ENOMEM);

	ret = pkvm_iova_map_init(&pd->map, pviommu->input_bits,
				 pviommu->pgsize_bitmap & -pviommu->pgsize_bitmap);
	if (ret) {
		kfree(pd);
		return ERR_PTR(ret);
	}

	ret = hyp_alloc_domain(&pd->handle);
	if (ret) {
		dev_err_ratelimited(pviommu->dev,
				    "EL2 refused to make another domain (%pe)\n",
				    ERR_PTR(ret));
		pkvm_iova_map_free(&pd->map);
		kfree(pd);
		return ERR_PTR(-ENOSPC);
	}

	pd->pviommu = pviommu;
	pkvm_lazy_init(&pd->lazy, pd->map.shift, pviommu_unmap_lazy);
	pd->domain.ops = pviommu->features & PVIOMMU_FEATURE_MAP_LIST ?
			 &pviommu_list_ops : &pviommu_paging_ops;
	pd->domain.pgsize_bitmap = pviommu->pgsize_bitmap;
	pd->domain.geometry = (struct iommu_domain_geometry) {
		.aperture_end	= GENMASK_ULL(pviommu->input_bits - 1, 0),
		.force_aperture	= true,
	};

	return &pd->domain;
}
