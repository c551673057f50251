/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IO page tables in the VMSAv8-64 format, stage 1 (TTBR0, EL1&0) or stage 2.
 *
 * Why not io-pgtable-arm.c: EL2 must know which pages an unmap takes out of
 * reach and may release them only after the TLB invalidation (I5); it must
 * split the identity map's blocks without a moment of invalidity; and no input
 * may reach a WARN. io-pgtable-arm has none of the three and would need a second
 * walk over each table for the first.
 *
 * An entry goes through three states:
 *
 *	zero  --map-->  live  --unmap_begin-->  stale  --unmap_end-->  zero
 *
 * A stale entry keeps the address but not the valid bit: a TLB may still hold
 * the translation, so the page stays pinned and the IOVA stays taken.
 *
 * The caller holds the lock of the domain that owns the table for every call.
 */
#ifndef __PKVM_IOMMU_PGTABLE_H__
#define __PKVM_IOMMU_PGTABLE_H__

#include <asm/kvm_pgtable.h>

/* Most leaf entries or pages of memory that one call touches (I7) */
#define IOMMU_PGTABLE_MAX_PAGES		PTRS_PER_PTE
#define IOMMU_PGTABLE_MAX_SIZE		(PAGE_SIZE * IOMMU_PGTABLE_MAX_PAGES)

/* Addresses: what tables without LPA2 and without 52-bit 64K entries hold */
#define IOMMU_MAX_BITS			48

#define IOMMU_PAGE_LEVEL		KVM_PGTABLE_LAST_LEVEL
/* The largest block of a paging domain, and of memory that is pinned as one */
#define IOMMU_BLOCK_LEVEL		(KVM_PGTABLE_LAST_LEVEL - 1)

/**
 * struct iommu_pgtable_cfg - format that all domains of the system share
 * @stage: 1 or 2
 * @oas: output address bits
 * @paging_ias: input address bits of paging domains
 * @coherent: the IOMMU snoops the CPU caches when it walks
 */
struct iommu_pgtable_cfg {
	u8	stage;
	u8	oas;
	u8	paging_ias;
	bool	coherent;
};

/**
 * struct iommu_pgtable - one table
 * @cfg: format
 * @root: first table; several contiguous ones if stage 2 concatenates
 * @ias: input address bits
 * @start_level: level of @root
 * @alloc: returns a zeroed page or NULL
 * @free: takes a page back that no IOMMU can reach any more
 * @flush: invalidates the walks of a range that IOMMUs cache, returns 0 or an errno;
 *	NULL: blocks never replace tables
 * @near: the table of pages that was last walked to, or NULL
 * @near_iova: where that begins
 * @leaf: the entry that was last made, but for the address, or 0
 * @leaf_prot: its permissions
 * @leaf_level: its level
 */
struct iommu_pgtable {
	const struct iommu_pgtable_cfg	*cfg;
	kvm_pte_t			*root;
	u8				ias;
	s8				start_level;
	void				*(*alloc)(struct iommu_pgtable *pgt);
	void				(*free)(struct iommu_pgtable *pgt, void *page);
	int				(*flush)(struct iommu_pgtable *pgt, u64 iova, u64 size);
	kvm_pte_t			*near;
	u64				near_iova;
	kvm_pte_t			leaf;
	int				leaf_prot;
	s8				leaf_level;
};

/* That of all tables; fixed once pKVM is finalised */
extern struct iommu_pgtable_cfg iommu_cfg;

/* Geometry (pure) */
s8 iommu_pgtable_start_level(u8 stage, u8 ias);
unsigned int iommu_pgtable_root_pages(u8 stage, u8 ias);
u8 iommu_pgtable_paging_ias(const struct iommu_pgtable_cfg *cfg);
u8 iommu_pgtable_idmap_ias(const struct iommu_pgtable_cfg *cfg);

/* Entries (pure), prot is IOMMU_READ | ... of <linux/iommu.h> */
#define IOMMU_PROT_MASK		(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE | \
				 IOMMU_NOEXEC | IOMMU_MMIO | IOMMU_PRIV)
kvm_pte_t iommu_pte_leaf(const struct iommu_pgtable_cfg *cfg, u64 phys, s8 level, int prot);
/*
 * What keeps the memory of a leaf where it is (I5), see pin.h: a field of @prot
 * above, and of the entry, in bits that the IOMMU ignores. 0 is nothing: no memory, or a
 * map that mirrors ownership.
 */
#define IOMMU_PIN_PAGE		1	/* a page, which is counted */
#define IOMMU_PIN_BLOCK		2	/* a block, which is counted as one */
#define IOMMU_PTE_PIN		GENMASK_ULL(56, 55)
#define IOMMU_PROT_PIN		GENMASK(17, 16)
#define PROT_PIN(pin)		FIELD_PREP(IOMMU_PROT_PIN, (pin))
kvm_pte_t iommu_pte_table(u64 phys);

/* Asked at each level of each walk */
static inline bool iommu_pte_is_table(kvm_pte_t pte, s8 level)
{
	return level < IOMMU_PAGE_LEVEL && (pte & KVM_PTE_VALID) &&
	       FIELD_GET(KVM_PTE_TYPE, pte) == KVM_PTE_TYPE_TABLE;
}

/* Bounded by a mask, which speculation past a range check does not get around */
static inline unsigned int iommu_page_index(u64 addr)
{
	return (addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
}

/* Entries from @addr to the end of its table of pages, or of @size bytes */
static inline unsigned int iommu_entries_left(u64 addr, u64 size)
{
	return min_t(u64, PTRS_PER_PTE - iommu_page_index(addr), size >> PAGE_SHIFT);
}

/* MAIR that goes with the attribute indices of stage 1 leaves */
#define IOMMU_S1_MAIR							\
	(MAIR_ATTRIDX(MAIR_ATTR_NORMAL_NC, 0) |				\
	 MAIR_ATTRIDX(MAIR_ATTR_NORMAL, 1) |				\
	 MAIR_ATTRIDX(MAIR_ATTR_DEVICE_nGnRE, 2))

/**
 * iommu_pgtable_walk() - find the entry for an address in any table of this format
 * @pgt: @root, @ias, @start_level and @near are used
 * @iova: input address, within @ias
 * @level: in: where to end; out: where the walk ended, above if there is no table
 *
 * Addresses that are asked for are often near the last one: the table of pages is kept.
 *
 * Return: the entry.
 */
kvm_pte_t *iommu_pgtable_walk(struct iommu_pgtable *pgt, u64 iova, s8 *level);

/**
 * iommu_pgtable_map() - install up to IOMMU_PGTABLE_MAX_PAGES leaves
 * @pgt: table
 * @iova: input address
 * @phys: output address
 * @size: bytes; all three aligned to PAGE_SIZE, @iova + @size within @pgt->ias
 * @prot: IOMMU_READ | ...
 * @top: smallest level a leaf may have; IOMMU_PAGE_LEVEL for pages only
 * @done: bytes mapped, also on error
 *
 * Return: 0, -EINVAL (@size is less than a page), -EEXIST (entry in use at @iova +
 * @done), -ENOMEM, or what @pgt->flush() returned. What @done counts stays mapped.
 */
int iommu_pgtable_map(struct iommu_pgtable *pgt, u64 iova, u64 phys, u64 size,
		      int prot, s8 top, u64 *done);

/**
 * struct iommu_leaves - leaves of one table; they stay there while the caller's lock is held
 * @ptep: the first of them
 * @size: bytes that they map, at most IOMMU_PGTABLE_MAX_SIZE
 * @level: of the table
 */
struct iommu_leaves {
	kvm_pte_t	*ptep;
	u64		size;
	s8		level;
};

/**
 * iommu_pgtable_unmap_begin() - turn leaves stale
 * @pgt: table
 * @iova: input address
 * @size: bytes, both aligned to PAGE_SIZE, within @pgt->ias
 * @leaves: out, the leaves made stale
 *
 * Return: 0; -ENXIO (nothing mapped at @iova), -EINVAL (the range would split
 * the block at @iova), -EIO (stale since an invalidation failed), there are no
 * @leaves then.
 */
int iommu_pgtable_unmap_begin(struct iommu_pgtable *pgt, u64 iova, u64 size,
			      struct iommu_leaves *leaves);

/**
 * iommu_pgtable_unmap_end() - unpin and clear leaves that are stale
 * @leaves: the leaves, of which no TLB has any more (I5)
 */
void iommu_pgtable_unmap_end(const struct iommu_leaves *leaves);

/**
 * iommu_pgtable_split() - replace the block at an address by pages
 * @pgt: table
 * @iova: address
 *
 * The block and the table that replaces it translate alike at every moment;
 * the IOMMU must allow this change without break-before-make (BBML 2).
 *
 * Return: 0 (also if there is a page, or nothing), -ENOMEM.
 */
int iommu_pgtable_split(struct iommu_pgtable *pgt, u64 iova);

/**
 * iommu_pgtable_free() - free tables, a bounded number at a time
 * @pgt: table that no IOMMU walks any more
 * @budget: in: how many tables to free at most; out: what is left of it
 *
 * Return: true if the root is empty now (the root itself is the caller's).
 */
bool iommu_pgtable_free(struct iommu_pgtable *pgt, unsigned int *budget);

/* Make entries visible to walkers that do not snoop, and order them */
void iommu_pgtable_clean(const struct iommu_pgtable *pgt, void *start, size_t size);

#endif /* __PKVM_IOMMU_PGTABLE_H__ */
