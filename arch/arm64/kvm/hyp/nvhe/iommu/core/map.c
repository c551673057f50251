// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map and unmap in paging domains. Map pins pages, then installs leaves. Unmap makes
 * leaves stale, invalidates the TLBs, then unpins the pages.
 */
#include <linux/iommu.h>

#include <asm/kvm_hypevents.h>

#include <core/domain.h>
#include <memory/pin.h>
#include <memory/ranges.h>

/* Most pages for tables that one mapping needs */
#define MAP_PAGES_NEEDED	(KVM_PGTABLE_LAST_LEVEL + 1)

/* Check that [@iova, @iova + @size) is whole pages, within the reach of paging domains */
int iova_check_range(u64 iova, u64 size)
{
	u64 limit = BIT_ULL(iommu_cfg.paging_ias);

	if (!size || !PAGE_ALIGNED(iova | size))
		return -EINVAL;

	return iova < limit && size <= limit - iova ? 0 : -ERANGE;
}

static void unpin(u64 phys, u64 size, int prot)
{
	switch (FIELD_GET(IOMMU_PROT_PIN, prot)) {
	case IOMMU_PIN_PAGE:
		unpin_pages(phys, size);
		break;
	case IOMMU_PIN_BLOCK:
		unpin_block(phys);
		break;
	}
}

/* Unmap undoes one pin for each leaf, so pages that are pinned singly need page leaves */
static s8 top_level(int prot)
{
	return FIELD_GET(IOMMU_PROT_PIN, prot) == IOMMU_PIN_PAGE ? IOMMU_PAGE_LEVEL :
								   IOMMU_BLOCK_LEVEL;
}

/*
 * Find how much from @phys on can be mapped alike, and pin it if it is memory, so that I1
 * and I5 hold before a leaf exists. Inlined, since every map of the host comes here, most
 * of them for one run.
 */
static __always_inline int pin_host_run(u64 iova, u64 phys, u64 size, int prot,
					const struct mem_region **mem, struct map_run *run)
{
	u64 block = kvm_granule_size(IOMMU_BLOCK_LEVEL), end;
	int ret;

	*mem = mem_region_near(phys, *mem);
	end = *mem ? (*mem)->end : mmio_end_of(phys);
	if (!end)
		return -EPERM;

	*run = (struct map_run) { phys, min3(size, end - phys, (u64)IOMMU_PGTABLE_MAX_SIZE), prot };
	if (!*mem) {
		/* Outside memory, map as device memory whatever the caller asks for */
		run->prot = (prot | IOMMU_MMIO) & ~IOMMU_CACHE;
		return 0;
	}
	if (run->size >= block && IS_ALIGNED(iova | phys, block) && pin_block(phys)) {
		run->size = block;
		run->prot |= PROT_PIN(IOMMU_PIN_BLOCK);
		return 0;
	}
	run->prot |= PROT_PIN(IOMMU_PIN_PAGE);
	ret = pin_pages(phys, run->size, &run->size);

	/* A run that is shorter than asked is a success */
	return run->size ? 0 : ret;
}

/**
 * domain_map_runs() - map runs that are pinned, one after the other
 * @domain: domain
 * @iova: start; the caller has checked the whole range
 * @run: first run
 * @nr: number of runs
 * @done: out, bytes mapped, also on error
 *
 * Unpins what it cannot map.
 *
 * Return: 0, or an error of iommu_pgtable_map().
 */
int domain_map_runs(struct hyp_iommu_domain *domain, u64 iova, const struct map_run *run,
		    unsigned int nr, u64 *done)
{
	const struct map_run *end = run + nr;
	u64 at = 0, sum = 0, mapped;
	int ret = 0;

	hyp_spin_lock(&domain->lock);
	while (run < end && !ret) {
		ret = iommu_pgtable_map(&domain->pgt, iova + sum, run->phys + at, run->size - at,
					run->prot, top_level(run->prot), &mapped);
		sum += mapped;
		at += mapped;
		if (at == run->size) {
			at = 0;
			run++;
		}
	}
	hyp_spin_unlock(&domain->lock);
	trace_iommu_map(domain->owner->vm, iova, sum, ret);

	for (; run < end; run++, at = 0)
		unpin(run->phys + at, run->size - at, run->prot);
	*done = sum;

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

int domain_map(struct iommu_owner *owner, u64 handle, u64 iova, u64 phys, u64 size,
	       u64 prot, u64 *done, u64 *pages)
{
	const struct mem_region *mem = NULL;
	struct hyp_iommu_domain *domain;
	struct map_run run __uninitialized;
	int ret;

	*done = 0;
	*pages = MAP_PAGES_NEEDED;
	if (!prot_is_valid(prot) || !PAGE_ALIGNED(phys))
		return -EINVAL;
	ret = check_phys(phys, size);
	if (ret)
		return ret;
	domain = domain_handle_get(&owner->handles, handle);
	if (!domain)
		return -ENOENT;

	ret = iova_check_range(iova, size);
	if (!ret)
		ret = pin_host_run(iova, phys, size, prot, &mem, &run);
	if (!ret)
		ret = domain_map_runs(domain, iova, &run, 1, done);
	domain_handle_put(domain);

	return ret;
}

/* Pin list entries until one fails or is cut short; @nr_runs: out, also on error */
static int pin_pieces(u64 iova, const u64 *piece, u32 nr, int prot, struct map_run *run,
		      unsigned int *nr_runs)
{
	const u64 *end = piece + nr;
	const struct mem_region *mem = NULL;
	u64 pinned = 0;

	for (*nr_runs = 0; piece < end; piece++, run++) {
		/* A list maps no more than one large mapping does (I7) */
		u64 size = min(LIST_SIZE(*piece), IOMMU_PGTABLE_MAX_SIZE - pinned);
		int ret;

		if (!size)
			break;
		ret = check_phys(LIST_ADDR(*piece), size);
		if (!ret)
			ret = iova_check_range(iova + pinned, size);
		if (!ret)
			ret = pin_host_run(iova + pinned, LIST_ADDR(*piece), size, prot, &mem, run);
		if (ret)
			return ret;
		++*nr_runs;
		pinned += run->size;
		if (run->size < LIST_SIZE(*piece))
			break;
	}

	return 0;
}

int domain_map_list(struct iommu_owner *owner, u64 handle, u64 iova, const u64 *pieces,
		    u32 nr, u64 prot, u64 *done, u64 *pages)
{
	struct map_run runs[PKVM_IOMMU_LIST_MAX] __uninitialized;
	struct hyp_iommu_domain *domain;
	unsigned int nr_runs;
	int ret, err = 0;

	*done = 0;
	*pages = MAP_PAGES_NEEDED;
	if (!prot_is_valid(prot) || !nr || nr > PKVM_IOMMU_LIST_MAX)
		return -EINVAL;
	domain = domain_handle_get(&owner->handles, handle);
	if (!domain)
		return -ENOENT;

	ret = pin_pieces(iova, pieces, nr, prot, runs, &nr_runs);
	if (nr_runs)
		err = domain_map_runs(domain, iova, runs, nr_runs, done);
	domain_handle_put(domain);

	return err ?: ret;
}

int domain_unmap(struct iommu_owner *owner, u64 handle, u64 iova, u64 size, u64 *done)
{
	struct hyp_iommu_domain *domain = domain_handle_get(&owner->handles, handle);
	struct iommu_leaves leaves;
	int ret;

	*done = 0;
	if (!domain)
		return -ENOENT;

	ret = iova_check_range(iova, size);
	if (ret)
		goto put;

	hyp_spin_lock(&domain->lock);
	ret = iommu_pgtable_unmap_begin(&domain->pgt, iova, size, &leaves);
	if (!ret)
		ret = domain_tlb_inv(domain, iova, leaves.size, leaves.level);
	/* I5: no TLB holds the pages now, so they can be unpinned */
	if (!ret) {
		iommu_pgtable_unmap_end(&leaves);
		*done = leaves.size;
	}
	hyp_spin_unlock(&domain->lock);
	trace_iommu_unmap(owner->vm, iova, *done, ret);
put:
	domain_handle_put(domain);

	return ret;
}

/* Leaves of one table, or one block; they are stale until the TLBs are invalidated */
struct unmap_step {
	u64			iova;
	struct iommu_leaves	leaves;
};

/* Most steps of one call, for any list of ranges (I7) */
#define UNMAP_STEPS_MAX		16

static int unmap_ranges_begin(struct hyp_iommu_domain *domain, const u64 *ranges, u32 nr,
			      struct unmap_step *step, unsigned int *nr_steps)
{
	unsigned int i, nr_leaves = 0;

	for (i = 0; i < nr; i++) {
		u64 iova = LIST_ADDR(ranges[i]), left = LIST_SIZE(ranges[i]), done;
		int ret = iova_check_range(iova, left);

		for (; !ret && left; iova += done, left -= done, step++) {
			if (nr_leaves >= IOMMU_PGTABLE_MAX_PAGES || *nr_steps == UNMAP_STEPS_MAX)
				return 0;
			step->iova = iova;
			ret = iommu_pgtable_unmap_begin(&domain->pgt, iova, left, &step->leaves);
			if (ret)
				break;
			done = step->leaves.size;
			nr_leaves += done >> kvm_granule_shift(step->leaves.level);
			++*nr_steps;
		}
		if (ret)
			return ret;
	}

	return 0;
}

/* Unmap with one invalidation: of the range if it is one step, else of the domain */
static int unmap_ranges(struct hyp_iommu_domain *domain, const u64 *ranges, u32 nr, u64 *done)
{
	struct unmap_step steps[UNMAP_STEPS_MAX] __uninitialized, *step;
	unsigned int nr_steps = 0;
	int ret, err = 0;

	hyp_spin_lock(&domain->lock);
	ret = unmap_ranges_begin(domain, ranges, nr, steps, &nr_steps);
	if (nr_steps == 1)
		err = domain_tlb_inv(domain, steps->iova, steps->leaves.size, steps->leaves.level);
	else if (nr_steps)
		err = domain_tlb_inv(domain, 0, 0, 0);
	/* I5: no TLB holds the pages now. Without an answer the leaves stay stale. */
	for (step = steps; step < steps + nr_steps && !err; step++) {
		iommu_pgtable_unmap_end(&step->leaves);
		*done += step->leaves.size;
		trace_iommu_unmap(domain->owner->vm, step->iova, step->leaves.size, 0);
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
	domain = domain_handle_get(&owner->handles, handle);
	if (!domain)
		return -ENOENT;

	ret = unmap_ranges(domain, ranges, nr, done);
	domain_handle_put(domain);

	return ret;
}
