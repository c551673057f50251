// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map and unmap: pin, install; make stale, invalidate, release.
 */
#include <linux/iommu.h>

#include <asm/kvm_hypevents.h>

#include <iommu.h>
#include <mmio.h>
#include <page_use.h>

/* Tables that one mapping may need on its way */
#define MAP_PAGES_NEEDED	(KVM_PGTABLE_LAST_LEVEL + 1)

/* Is [@iova, @iova + @size) a range of whole pages that @domain translates? */
int domain_check_range(const struct hyp_iommu_domain *domain, u64 iova, u64 size)
{
	u64 limit = BIT_ULL(domain->pgt.ias);

	if (!size || !PAGE_ALIGNED(iova | size))
		return -EINVAL;

	return iova < limit && size <= limit - iova ? 0 : -ERANGE;
}

static int flush_walks(struct iommu_pgtable *pgt, u64 iova, u64 size)
{
	return domain_tlb_inv(container_of(pgt, struct hyp_iommu_domain, pgt), iova, size, 0);
}

static void unpin_range(u64 phys, u64 size, int prot)
{
	switch (FIELD_GET(IOMMU_PROT_PIN, prot)) {
	case IOMMU_PIN_PAGE:
		page_use_put(phys, size);
		break;
	case IOMMU_PIN_BLOCK:
		block_use_put(phys);
		break;
	}
}

/*
 * How much from @phys may be mapped alike, pinned if it is memory: I1 and I5
 * hold before an entry exists.
 */
static int pin_range(u64 iova, u64 phys, u64 size, int *prot, u64 *len)
{
	u64 block = kvm_granule_size(IOMMU_BLOCK_LEVEL);
	bool is_mem;
	u64 end = phys_range_of(phys, &is_mem);

	*len = 0;
	if (!end)
		return -EPERM;

	size = min3(size, end - phys, (u64)IOMMU_PGTABLE_MAX_SIZE);
	if (is_mem && size >= block && IS_ALIGNED(iova | phys, block) && block_use_get(phys)) {
		*prot |= PROT_PIN(IOMMU_PIN_BLOCK);
		*len = block;
		return 0;
	}
	if (is_mem) {
		int ret = page_use_get(phys, size, len);

		*prot |= PROT_PIN(IOMMU_PIN_PAGE);
		/* What could be pinned is progress */
		return *len ? 0 : ret;
	}

	/* Outside memory it is device memory, whatever the caller says */
	*prot |= IOMMU_MMIO;
	*prot &= ~IOMMU_CACHE;
	*len = size;

	return 0;
}

/**
 * domain_map_pinned() - map a contiguous range that is pinned
 * @domain: domain
 * @iova: start, the range was checked
 * @phys: physical start, in one piece of memory or of MMIO
 * @size: bytes, at most IOMMU_PGTABLE_MAX_SIZE
 * @prot: IOMMU_READ | ..., and how it is pinned, see IOMMU_PTE_PIN
 * @done: out, bytes mapped, also on error
 *
 * Unpins what could not be mapped.
 *
 * Return: 0, or as iommu_pgtable_map().
 */
int domain_map_pinned(struct hyp_iommu_domain *domain, u64 iova, u64 phys, u64 size,
		      int prot, u64 *done)
{
	u64 mapped;
	int ret;

	*done = 0;
	hyp_spin_lock(&domain->lock);
	do {
		ret = iommu_pgtable_map(&domain->pgt, iova + *done, phys + *done, size - *done,
					prot, IOMMU_BLOCK_LEVEL, flush_walks, &mapped);
		*done += mapped;
	} while (!ret && *done < size);
	hyp_spin_unlock(&domain->lock);
	trace_iommu_map(iommu_vm_handle(domain->owner), iova, *done, ret);

	if (*done < size)
		unpin_range(phys + *done, size - *done, prot);

	return ret;
}

bool prot_is_valid(u64 prot)
{
	return !(prot & ~(u64)IOMMU_PROT_MASK) && prot & (IOMMU_READ | IOMMU_WRITE);
}

static int check_phys(u64 phys, u64 size)
{
	u64 limit = BIT_ULL(iommu_cfg.oas);

	return phys < limit && size <= limit - phys ? 0 : -ERANGE;
}

/* Map some or all of a range of the host that was checked */
static int map_range(struct hyp_iommu_domain *domain, u64 iova, u64 phys, u64 size, int prot,
		     u64 *done)
{
	u64 len;
	int ret;

	*done = 0;
	ret = pin_range(iova, phys, size, &prot, &len);

	return ret ?: domain_map_pinned(domain, iova, phys, len, prot, done);
}

int domain_map(struct iommu_owner *owner, u64 handle, u64 iova, u64 phys, u64 size,
	       u64 prot, u64 *done, u64 *pages)
{
	struct hyp_iommu_domain *domain;
	int ret;

	*done = 0;
	*pages = MAP_PAGES_NEEDED;
	if (!prot_is_valid(prot) || !PAGE_ALIGNED(phys))
		return -EINVAL;
	ret = check_phys(phys, size);
	if (ret)
		return ret;
	domain = handle_get(&owner->handles, handle);
	if (!domain)
		return -ENOENT;

	ret = domain_check_range(domain, iova, size) ?:
	      map_range(domain, iova, phys, size, prot, done);
	handle_put(domain);

	return ret;
}

int domain_map_list(struct iommu_owner *owner, u64 handle, u64 iova, const u64 *pieces,
		    u32 nr, u64 prot, u64 *done, u64 *pages)
{
	struct hyp_iommu_domain *domain;
	u64 size, len;
	int ret = 0;
	u32 i;

	*done = 0;
	*pages = MAP_PAGES_NEEDED;
	if (!prot_is_valid(prot) || !nr || nr > PKVM_IOMMU_LIST_MAX)
		return -EINVAL;
	domain = handle_get(&owner->handles, handle);
	if (!domain)
		return -ENOENT;

	for (i = 0; i < nr && !ret; i++) {
		/* As much as one large mapping, however it is cut up (I7) */
		size = min(PIECE_SIZE(pieces[i]), IOMMU_PGTABLE_MAX_SIZE - *done);
		if (!size)
			break;
		ret = check_phys(PIECE_PHYS(pieces[i]), size) ?:
		      domain_check_range(domain, iova + *done, size);
		if (ret)
			break;
		ret = map_range(domain, iova + *done, PIECE_PHYS(pieces[i]), size, prot, &len);
		*done += len;
		if (len < PIECE_SIZE(pieces[i]))
			break;
	}
	handle_put(domain);

	return ret;
}

int domain_unmap(struct iommu_owner *owner, u64 handle, u64 iova, u64 size, u64 *done,
		 u64 *block)
{
	struct hyp_iommu_domain *domain = handle_get(&owner->handles, handle);
	s8 level;
	int ret;

	*done = 0;
	if (!domain)
		return -ENOENT;

	ret = domain_check_range(domain, iova, size);
	if (ret)
		goto put;

	hyp_spin_lock(&domain->lock);
	ret = iommu_pgtable_unmap_begin(&domain->pgt, iova, size, &level, done);
	if (!ret)
		ret = domain_tlb_inv(domain, iova, *done, level);
	/* I5: no TLB holds the pages any more, now they may go */
	if (!ret)
		iommu_pgtable_unmap_end(&domain->pgt, iova, *done, level, page_use_put_leaves);
	else
		*done = 0;
	hyp_spin_unlock(&domain->lock);
	*block = kvm_granule_size(level);
	trace_iommu_unmap(iommu_vm_handle(owner), iova, *done, ret);
put:
	handle_put(domain);

	return ret;
}

/* Leaves of one table, or one block: stale, until no TLB has them any more */
struct unmap_step {
	u64	iova, size;
	s8	level;
};

/* Steps of one call, whatever the ranges are (I7); those of pages end sooner */
#define UNMAP_STEPS_MAX		16

static int unmap_list_begin(struct hyp_iommu_domain *domain, const u64 *ranges, u32 nr,
			    struct unmap_step *step, unsigned int *nr_steps)
{
	unsigned int i, leaves = 0;

	for (i = 0; i < nr; i++) {
		u64 iova = PIECE_PHYS(ranges[i]), left = PIECE_SIZE(ranges[i]);
		int ret = domain_check_range(domain, iova, left);

		for (; !ret && left; iova += step->size, left -= step->size, step++) {
			if (leaves >= IOMMU_PGTABLE_MAX_PAGES || *nr_steps == UNMAP_STEPS_MAX)
				return 0;
			step->iova = iova;
			ret = iommu_pgtable_unmap_begin(&domain->pgt, iova, left, &step->level,
							&step->size);
			if (ret)
				break;
			leaves += step->size >> kvm_granule_shift(step->level);
			++*nr_steps;
		}
		if (ret)
			return ret;
	}

	return 0;
}

/* One invalidation for all of it, of everything if it is scattered */
static int unmap_list(struct hyp_iommu_domain *domain, const u64 *ranges, u32 nr, u64 *done)
{
	struct unmap_step steps[UNMAP_STEPS_MAX], *step;
	unsigned int nr_steps = 0;
	int ret, err = 0;

	hyp_spin_lock(&domain->lock);
	ret = unmap_list_begin(domain, ranges, nr, steps, &nr_steps);
	if (nr_steps == 1)
		err = domain_tlb_inv(domain, steps->iova, steps->size, steps->level);
	else if (nr_steps)
		err = domain_tlb_inv_all(domain);
	/* I5: as in domain_unmap(); what is stale stays so if there was no answer */
	for (step = steps; step < steps + nr_steps && !err; step++) {
		iommu_pgtable_unmap_end(&domain->pgt, step->iova, step->size, step->level,
					page_use_put_leaves);
		*done += step->size;
		trace_iommu_unmap(iommu_vm_handle(domain->owner), step->iova, step->size, 0);
	}
	hyp_spin_unlock(&domain->lock);

	return err ?: ret;
}

int domain_unmap_list(struct iommu_owner *owner, u64 handle, const u64 *ranges, u32 nr, u64 *done)
{
	struct hyp_iommu_domain *domain;
	int ret;

	*done = 0;
	if (!nr || nr > PKVM_IOMMU_LIST_MAX)
		return -EINVAL;
	domain = handle_get(&owner->handles, handle);
	if (!domain)
		return -ENOENT;

	ret = unmap_list(domain, ranges, nr, done);
	handle_put(domain);

	return ret;
}

int domain_iova_to_phys(struct iommu_owner *owner, u64 handle, u64 iova, u64 *phys)
{
	struct hyp_iommu_domain *domain = handle_get(&owner->handles, handle);
	int ret = -ENXIO;
	kvm_pte_t pte;
	s8 level;

	if (!domain)
		return -ENOENT;

	if (iova >> domain->pgt.ias) {
		ret = -ERANGE;
		goto put;
	}

	hyp_spin_lock(&domain->lock);
	if (iommu_pgtable_lookup(&domain->pgt, iova, &pte, &level)) {
		*phys = (pte & KVM_PTE_ADDR_MASK) | (iova & (kvm_granule_size(level) - 1));
		ret = 0;
	}
	hyp_spin_unlock(&domain->lock);
put:
	handle_put(domain);

	return ret;
}
