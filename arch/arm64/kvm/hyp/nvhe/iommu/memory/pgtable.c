// SPDX-License-Identifier: GPL-2.0-only
/*
 * IO page tables: walk, map, unmap in two halves, split, free.
 */
#include <asm/barrier.h>
#include <asm/kvm_mmu.h>

#include <nvhe/memory.h>

#include <memory/pgtable.h>
#include <memory/pin.h>

void iommu_pgtable_clean(const struct iommu_pgtable *pgt, void *start, size_t size)
{
	if (!pgt->cfg->coherent)
		kvm_flush_dcache_to_poc(start, size);
	/* Order the entries before the write that makes the IOMMU read them */
	dsb(ishst);
}

static kvm_pte_t *table_of(kvm_pte_t pte)
{
	return hyp_phys_to_virt(pte & KVM_PTE_ADDR_MASK);
}

static void write_pte(struct iommu_pgtable *pgt, kvm_pte_t *ptep, kvm_pte_t pte)
{
	WRITE_ONCE(*ptep, pte);
	iommu_pgtable_clean(pgt, ptep, sizeof(*ptep));
}

static kvm_pte_t *walk_from_root(const struct iommu_pgtable *pgt, u64 iova, s8 *level)
{
	unsigned int shift = kvm_granule_shift(pgt->start_level);
	/* A concatenated root is one large table */
	u64 mask = BIT(pgt->ias - shift) - 1;
	kvm_pte_t *ptep = &pgt->root[(iova >> shift) & mask];
	int l, last = *level;

	for (l = pgt->start_level; l < last && iommu_pte_is_table(*ptep, l); l++) {
		shift -= PAGE_SHIFT - 3;
		ptep = &table_of(*ptep)[(iova >> shift) & (PTRS_PER_PTE - 1)];
	}
	*level = l;

	return ptep;
}

kvm_pte_t *iommu_pgtable_walk(struct iommu_pgtable *pgt, u64 iova, s8 *level)
{
	u64 block = kvm_granule_size(IOMMU_BLOCK_LEVEL);
	kvm_pte_t *ptep;

	if (*level == IOMMU_PAGE_LEVEL && pgt->near && iova - pgt->near_iova < block)
		return &pgt->near[iommu_page_index(iova)];

	ptep = walk_from_root(pgt, iova, level);
	if (*level == IOMMU_PAGE_LEVEL && pgt->start_level < IOMMU_PAGE_LEVEL) {
		pgt->near = ptep - iommu_page_index(iova);
		pgt->near_iova = ALIGN_DOWN(iova, block);
	}

	return ptep;
}

/* As iommu_pgtable_walk(), but allocates missing tables */
static kvm_pte_t *walk_alloc(struct iommu_pgtable *pgt, u64 iova, s8 level, int *err)
{
	for (;;) {
		s8 l = level;
		kvm_pte_t *ptep = iommu_pgtable_walk(pgt, iova, &l);
		void *table;

		if (l == level)
			return ptep;

		*err = -EEXIST;
		if (*ptep)
			return NULL;

		*err = -ENOMEM;
		table = pgt->alloc(pgt);
		if (!table)
			return NULL;

		/* The IOMMU must see an empty table when it sees the entry for it */
		iommu_pgtable_clean(pgt, table, PAGE_SIZE);
		write_pte(pgt, ptep, iommu_pte_table(hyp_virt_to_phys(table)));
	}
}

static s8 leaf_level(u64 iova, u64 phys, u64 size, s8 top)
{
	s8 level = max_t(s8, top, KVM_PGTABLE_MIN_BLOCK_LEVEL);

	if (size < kvm_granule_size(IOMMU_BLOCK_LEVEL))
		return IOMMU_PAGE_LEVEL;

	for (; level < IOMMU_PAGE_LEVEL; level++) {
		u64 block = kvm_granule_size(level);

		if (IS_ALIGNED(iova | phys, block) && size >= block)
			break;
	}

	return level;
}

static bool table_is_empty(const kvm_pte_t *table)
{
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++) {
		if (table[i])
			return false;
	}

	return true;
}

/* Remove an empty table so that a block can replace it, with break-before-make */
static int drop_empty_table(struct iommu_pgtable *pgt, kvm_pte_t *ptep, u64 iova, s8 level)
{
	kvm_pte_t old = *ptep;
	int ret;

	if (!iommu_pte_is_table(old, level))
		return 0;
	if (!pgt->flush || !table_is_empty(table_of(old)))
		return -EEXIST;

	pgt->near = NULL;
	write_pte(pgt, ptep, 0);
	ret = pgt->flush(pgt, iova, kvm_granule_size(level));
	if (ret) {
		write_pte(pgt, ptep, old);
		return ret;
	}
	pgt->free(pgt, table_of(old));

	return 0;
}

/* As iommu_pte_leaf(): mappings have few kinds of permissions */
static kvm_pte_t leaf_of(struct iommu_pgtable *pgt, u64 phys, s8 level, int prot)
{
	if (pgt->leaf_prot != prot || pgt->leaf_level != level || !pgt->leaf) {
		pgt->leaf = iommu_pte_leaf(pgt->cfg, 0, level, prot);
		pgt->leaf_prot = prot;
		pgt->leaf_level = level;
	}

	return pgt->leaf | (phys & KVM_PTE_ADDR_MASK);
}

int iommu_pgtable_map(struct iommu_pgtable *pgt, u64 iova, u64 phys, u64 size,
		      int prot, s8 top, u64 *done)
{
	s8 level = leaf_level(iova, phys, size, top);
	u64 step = kvm_granule_size(level);
	kvm_pte_t leaf, *ptep;
	unsigned int i, n;
	int ret;

	*done = 0;
	ptep = walk_alloc(pgt, iova, level, &ret);
	if (!ptep)
		return ret;

	ret = 0;
	if (level < IOMMU_PAGE_LEVEL) {
		ret = drop_empty_table(pgt, ptep, iova, level);
		if (ret)
			return ret;
		n = 1;
	} else {
		n = iommu_entries_left(iova, size);
	}

	/* @size is less than a page */
	if (!n)
		return -EINVAL;

	leaf = leaf_of(pgt, phys, level, prot);
	for (i = 0; i < n; i++) {
		if (ptep[i]) {
			ret = -EEXIST;
			break;
		}
		WRITE_ONCE(ptep[i], leaf);
		leaf += step;
	}
	iommu_pgtable_clean(pgt, ptep, i * sizeof(*ptep));
	*done = i * step;

	return ret;
}

int iommu_pgtable_unmap_begin(struct iommu_pgtable *pgt, u64 iova, u64 size,
			      struct iommu_leaves *leaves)
{
	s8 level = IOMMU_PAGE_LEVEL;
	kvm_pte_t *ptep = iommu_pgtable_walk(pgt, iova, &level);
	u64 step = kvm_granule_size(level);
	unsigned int i, n;

	*leaves = (struct iommu_leaves) { ptep, 0, level };
	if (!*ptep)
		return -ENXIO;
	if (!(*ptep & KVM_PTE_VALID))
		return -EIO;
	if (!IS_ALIGNED(iova, step) || size < step)
		return -EINVAL;

	n = level == IOMMU_PAGE_LEVEL ? iommu_entries_left(iova, size) : 1;
	for (i = 0; i < n && (ptep[i] & KVM_PTE_VALID); i++)
		WRITE_ONCE(ptep[i], ptep[i] & ~KVM_PTE_VALID);
	iommu_pgtable_clean(pgt, ptep, i * sizeof(*ptep));
	leaves->size = i * step;

	return 0;
}

void iommu_pgtable_unmap_end(const struct iommu_leaves *leaves)
{
	unsigned int i, n = leaves->size >> kvm_granule_shift(leaves->level);
	kvm_pte_t *ptep = leaves->ptep;

	unpin_leaves(ptep, n);
	for (i = 0; i < n; i++)
		WRITE_ONCE(ptep[i], 0);
}

int iommu_pgtable_split(struct iommu_pgtable *pgt, u64 iova)
{
	for (;;) {
		s8 level = IOMMU_PAGE_LEVEL;
		kvm_pte_t *ptep = iommu_pgtable_walk(pgt, iova, &level);
		kvm_pte_t pte = *ptep, *table;
		unsigned int i;

		if (level == IOMMU_PAGE_LEVEL || !(pte & KVM_PTE_VALID))
			return 0;

		table = pgt->alloc(pgt);
		if (!table)
			return -ENOMEM;

		if (level + 1 == IOMMU_PAGE_LEVEL)
			pte |= FIELD_PREP(KVM_PTE_TYPE, KVM_PTE_TYPE_PAGE);
		for (i = 0; i < PTRS_PER_PTE; i++)
			table[i] = pte + i * kvm_granule_size(level + 1);

		iommu_pgtable_clean(pgt, table, PAGE_SIZE);
		write_pte(pgt, ptep, iommu_pte_table(hyp_virt_to_phys(table)));
	}
}

static kvm_pte_t *first_entry(kvm_pte_t *table, unsigned int nr)
{
	const kvm_pte_t *end = table + nr;

	while (table < end && !*table)
		table++;

	return table < end ? table : NULL;
}

/* Free the first table below @ptep that has no table below it, or clear a block */
static void free_first(struct iommu_pgtable *pgt, kvm_pte_t *ptep, s8 level)
{
	kvm_pte_t *table = NULL, *next = ptep;

	for (; next && iommu_pte_is_table(*next, level); level++) {
		ptep = next;
		table = table_of(*ptep);
		next = level + 1 < IOMMU_PAGE_LEVEL ? first_entry(table, PTRS_PER_PTE) : NULL;
	}
	if (next) {
		/* A block costs the budget of a table, since it pins as many pages */
		unpin_leaves(next, 1);
		*next = 0;
		return;
	}
	if (level == IOMMU_PAGE_LEVEL)
		unpin_leaves(table, PTRS_PER_PTE);
	*ptep = 0;
	pgt->free(pgt, table);
}

bool iommu_pgtable_free(struct iommu_pgtable *pgt, unsigned int *budget)
{
	unsigned int nr = iommu_pgtable_root_pages(pgt->cfg->stage, pgt->ias) * PTRS_PER_PTE;
	kvm_pte_t *ptep;

	pgt->near = NULL;
	while ((ptep = first_entry(pgt->root, nr))) {
		if (!*budget)
			return false;
		--*budget;
		free_first(pgt, ptep, pgt->start_level);
	}

	return true;
}
