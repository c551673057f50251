// SPDX-License-Identifier: GPL-2.0-only
/*
 * The identity domain: it lets the host's devices access what the host can access.
 *
 * It mirrors the host's ownership of pages, under host_mmu.lock. DMA through it needs no
 * hypercall. EL2 unmaps memory before another owner gets it, and maps it after the host
 * got it back (I1, I5). The rest of the map stays valid meanwhile: EL2 uses blocks only
 * if every IOMMU allows EL2 to replace a block by a table that translates alike (BBML 2).
 * Otherwise it maps all memory in pages. All tables come from memory that the host
 * reserved at boot for the worst case, so that no donation fails for lack of a table.
 */
#include <linux/iommu.h>

#include <nvhe/early_alloc.h>
#include <nvhe/gfp.h>
#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/memory.h>
#include <nvhe/mm.h>

#include <core/domain.h>
#include <memory/pin.h>
#include <memory/ranges.h>

#define IDMAP_MEM_PROT	(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)
#define IDMAP_MMIO_PROT	(IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO | IOMMU_NOEXEC)

/* NULL until host_idmap_build() has completed the map */
struct hyp_iommu_domain *host_idmap;
unsigned long pkvm_iommu_reserve_nr __ro_after_init;

static struct hyp_pool idmap_pool;
static void *reserved;

int pkvm_iommu_take_reserve(void)
{
	mem_regions_init();
	reserved = hyp_early_alloc_contig(pkvm_iommu_reserve_nr);

	return pkvm_iommu_reserve_nr && !reserved ? -ENOMEM : 0;
}

/* Use the start of the reserve for pin counts, the rest for tables and objects of IOMMUs */
static bool divide_memory(void)
{
	unsigned long nr = pkvm_iommu_pin_table_pages();

	if (nr >= pkvm_iommu_reserve_nr ||
	    hyp_pool_init(&idmap_pool, hyp_virt_to_pfn(reserved) + nr,
			  pkvm_iommu_reserve_nr - nr, 0))
		return false;
	pin_init(reserved);

	return true;
}

void *host_idmap_alloc(unsigned int nr_pages)
{
	static bool ready;

	if (!ready)
		ready = reserved && divide_memory();
	if (!ready)
		return NULL;

	return hyp_alloc_pages(&idmap_pool, get_order(nr_pages << PAGE_SHIFT));
}

static void *idmap_alloc_table(struct iommu_pgtable *pgt)
{
	return host_idmap_alloc(1);
}

/* Bytes from @cur to @end, or to the end of the table of pages if that is nearer */
static u64 chunk_size(u64 cur, u64 end)
{
	u64 block = kvm_granule_size(IOMMU_BLOCK_LEVEL);

	return min(end, ALIGN(cur + 1, block)) - cur;
}

static int idmap_unmap_pages(u64 start, u64 end)
{
	struct hyp_iommu_domain *domain = host_idmap;
	struct iommu_leaves leaves;
	u64 cur = start;
	int ret = 0;

	hyp_spin_lock(&domain->lock);
	for (; cur < end && !ret; cur += leaves.size) {
		leaves.size = 0;
		ret = iommu_pgtable_split(&domain->pgt, cur);
		if (!ret)
			ret = iommu_pgtable_unmap_begin(&domain->pgt, cur, chunk_size(cur, end),
							&leaves);
	}

	/* TLBs can hold a split block at any level */
	ret = ret ?: domain_tlb_inv(domain, start, end - start, 0);

	/*
	 * Clear what is stale, even if a table or the invalidation failed: the caller,
	 * pkvm_iommu_host_revoke(), then maps the range again, since the host keeps it.
	 */
	for (end = cur, cur = start; cur < end; cur += leaves.size) {
		leaves.level = IOMMU_PAGE_LEVEL;
		leaves.ptep = iommu_pgtable_walk(&domain->pgt, cur, &leaves.level);
		leaves.size = chunk_size(cur, end);
		iommu_pgtable_unmap_end(&leaves);
	}
	hyp_spin_unlock(&domain->lock);

	return ret;
}

static int map_range(struct hyp_iommu_domain *domain, u64 start, u64 end, int prot, s8 top)
{
	u64 cur, done;
	int ret = 0;

	for (cur = start; cur < end && !ret; cur += done)
		ret = iommu_pgtable_map(&domain->pgt, cur, cur, end - cur, prot, top, &done);

	return ret;
}

int pkvm_iommu_host_revoke(phys_addr_t phys, u64 size)
{
	int ret;

	hyp_assert_lock_held(&host_mmu.lock);
	if (!host_idmap)
		return 0;

	ret = page_revoke(phys, size);
	if (ret)
		return ret;
	ret = idmap_unmap_pages(phys, phys + size);
	if (ret)
		pkvm_iommu_host_grant(phys, size);

	return ret;
}

void pkvm_iommu_host_grant(phys_addr_t phys, u64 size)
{
	u64 cur;

	if (!host_idmap)
		return;

	for (cur = phys; cur < phys + size; cur += PAGE_SIZE) {
		if (!page_is_revoked(cur))
			continue;
		/* Its table of pages exists, or the reserve has a page for the table */
		hyp_spin_lock(&host_idmap->lock);
		map_range(host_idmap, cur, cur + PAGE_SIZE, IDMAP_MEM_PROT, IOMMU_PAGE_LEVEL);
		hyp_spin_unlock(&host_idmap->lock);
		page_grant(cur, PAGE_SIZE);
	}
}

/**
 * struct build - a region of memory that is being mapped
 * @domain: the identity domain
 * @top: smallest level of a leaf
 * @next: first address that is neither mapped nor left out yet
 */
struct build {
	struct hyp_iommu_domain	*domain;
	s8			top;
	u64			next;
};

static int build_up_to(struct build *build, u64 end)
{
	u64 start = build->next;

	build->next = end;

	return map_range(build->domain, start, end, IDMAP_MEM_PROT, build->top);
}

/*
 * Leave out pages that the host does not own. The host's stage 2 has an annotation for
 * each, see mem_protect.c.
 */
static int leave_out_walker(const struct kvm_pgtable_visit_ctx *ctx,
			    enum kvm_pgtable_walk_flags visit)
{
	u64 size = kvm_granule_size(ctx->level);
	u64 cur, end = min(ALIGN(ctx->addr + 1, size), ctx->end);
	struct build *build = ctx->arg;
	int ret = 0;

	for (cur = ctx->addr; ctx->old && cur < end && !ret; cur += PAGE_SIZE) {
		if (get_host_state(hyp_phys_to_page(cur)) != PKVM_NOPAGE)
			continue;
		ret = build_up_to(build, cur) ?: page_revoke(cur, PAGE_SIZE);
		build->next = cur + PAGE_SIZE;
	}

	return ret;
}

/* Map one region of memory, except pages that the host does not own */
static int build_memory(struct hyp_iommu_domain *domain, u64 start, u64 end, s8 top)
{
	struct build build = { domain, top, start };
	struct kvm_pgtable_walker walker = {
		.cb	= leave_out_walker,
		.arg	= &build,
		.flags	= KVM_PGTABLE_WALK_LEAF,
	};

	return kvm_pgtable_walk(&host_mmu.pgt, start, end - start, &walker) ?:
	       build_up_to(&build, end);
}

/* MMIO above PKVM_IOMMU_IDMAP_MMIO_LIMIT that the host's devices can reach */
static struct {
	u64	base, end;
} windows[PKVM_IOMMU_WINDOWS_MAX];
static unsigned int nr_windows;

/**
 * host_idmap_add_window() - let the host's devices reach a window of high MMIO
 * @base: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Context: boot, before host_idmap_build().
 * Return: 0; -EPERM (the map is built), -EINVAL (misaligned), -EEXIST (overlaps another
 * window), -ENOSPC (too many windows).
 */
int host_idmap_add_window(u64 base, u64 size)
{
	u64 end = base + size;
	unsigned int i;

	if (host_idmap)
		return -EPERM;
	if (!size || !PAGE_ALIGNED(base | size) || end < base)
		return -EINVAL;
	if (end <= PKVM_IOMMU_IDMAP_MMIO_LIMIT)
		return 0;
	base = max(base, PKVM_IOMMU_IDMAP_MMIO_LIMIT);
	for (i = 0; i < nr_windows; i++) {
		if (base < windows[i].end && windows[i].base < end)
			return -EEXIST;
	}
	if (nr_windows == PKVM_IOMMU_WINDOWS_MAX)
		return -ENOSPC;
	windows[nr_windows].base = base;
	windows[nr_windows++].end = end;

	return 0;
}

/* Map MMIO, except registers of EL2 and of assignable devices */
static int build_window(struct hyp_iommu_domain *domain, u64 start, u64 limit)
{
	const struct mem_region *region;
	u64 cur, end;
	int ret = 0;

	limit = min(limit, BIT_ULL(min(domain->pgt.ias, iommu_cfg.oas)));
	for (cur = start; cur < limit && !ret; cur = end) {
		region = mem_region_near(cur, NULL);
		end = min(region ? region->end : mmio_end_of(cur), limit);
		if (!end)
			end = cur + PAGE_SIZE;
		else if (!region)
			ret = map_range(domain, cur, end, IDMAP_MMIO_PROT,
					KVM_PGTABLE_MIN_BLOCK_LEVEL);
	}

	return ret;
}

static int build_mmio(struct hyp_iommu_domain *domain)
{
	int ret = build_window(domain, 0, PKVM_IOMMU_IDMAP_MMIO_LIMIT);
	unsigned int i;

	for (i = 0; i < nr_windows && !ret; i++)
		ret = build_window(domain, windows[i].base, windows[i].end);

	return ret;
}

/**
 * host_idmap_build() - build the identity map from the current ownership of pages
 * @blocks: true if memory can be mapped in blocks
 *
 * Context: boot, before the host is deprivileged.
 * Return: 0; -ENOMEM (the reserve is too small), -ERANGE (the IOMMUs cannot address all
 * memory).
 */
int host_idmap_build(bool blocks)
{
	u8 ias = iommu_pgtable_idmap_ias(&iommu_cfg);
	size_t size = struct_size_t(struct hyp_iommu_domain, bindings, hyp_nr_iommus);
	s8 top = blocks ? KVM_PGTABLE_MIN_BLOCK_LEVEL : IOMMU_PAGE_LEVEL;
	const struct mem_region *region;
	struct hyp_iommu_domain *domain;
	u64 end = 0;
	int ret = 0;

	domain = host_idmap_alloc(PAGE_ALIGN(size) >> PAGE_SHIFT);
	if (!domain)
		return -ENOMEM;

	domain_init(domain, &iommu_host, size);
	domain->pgt = (struct iommu_pgtable) {
		.cfg		= &iommu_cfg,
		.root		= host_idmap_alloc(iommu_pgtable_root_pages(iommu_cfg.stage, ias)),
		.ias		= ias,
		.start_level	= iommu_pgtable_start_level(iommu_cfg.stage, ias),
		.alloc		= idmap_alloc_table,
	};
	if (!domain->pgt.root)
		return -ENOMEM;
	iommu_pgtable_clean(&domain->pgt, domain->pgt.root,
			    iommu_pgtable_root_pages(iommu_cfg.stage, ias) << PAGE_SHIFT);

	while ((region = mem_region_after(end)) && !ret) {
		end = region->end;
		if (end > BIT_ULL(min(ias, iommu_cfg.oas)))
			return -ERANGE;
		ret = build_memory(domain, region->start, end, top);
	}
	ret = ret ?: build_mmio(domain);
	if (!ret)
		host_idmap = domain;

	return ret;
}
