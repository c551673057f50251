/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IO page tables in the VMSAv8-64 format, stage 1 (TTBR0, EL1&0) or stage 2.
 *
 * Why not io-pgtable-arm.c: EL2 must know which pages an unmap makes unreachable, and
 * must not release them before the TLB invalidation (I5). EL2 must split blocks of the
 * identity map while they translate. No input must reach a WARN(). io-pgtable-arm.c does
 * none of this, and would need a second walk of each table for the first.
 *
 * An entry goes through three states:
 *
 *	zero  --map-->  live  --unmap_begin-->  stale  --unmap_end-->  zero
 *
 * A stale entry has lost its valid bit but keeps its address, since a TLB can still hold
 * the translation. The page stays pinned and the IOVA cannot be mapped. If the TLB
 * invalidation fails, the entry of a paging domain stays stale for good.
 *
 * The caller serialises all calls for a table: by the domain's lock, by pkvm_hyp_vm::lock
 * if it walks a guest's stage 2, or because no other CPU can reach the table.
 */
#ifndef __PKVM_IOMMU_PGTABLE_H__
#define __PKVM_IOMMU_PGTABLE_H__

#include <asm/kvm_pgtable.h>

/* Most leaves, or pages of memory, that one call handles (I7) */
#define IOMMU_PGTABLE_MAX_PAGES		PTRS_PER_PTE
#define IOMMU_PGTABLE_MAX_SIZE		(PAGE_SIZE * IOMMU_PGTABLE_MAX_PAGES)

/* Address bits of tables without LPA2 and without 52-bit addresses of 64K pages */
#define IOMMU_MAX_BITS			48

#define IOMMU_PAGE_LEVEL		KVM_PGTABLE_LAST_LEVEL
/* Level of blocks in paging domains, and of memory that is pinned as one */
#define IOMMU_BLOCK_LEVEL		(KVM_PGTABLE_LAST_LEVEL - 1)

/**
 * struct iommu_pgtable_cfg - format that all domains of the system share
 * @stage: 1 or 2
 * @oas: output address bits
 * @paging_ias: input address bits of paging domains
 * @coherent: page-table walks of the IOMMUs snoop the CPU caches
 */
struct iommu_pgtable_cfg {
	u8	stage;
	u8	oas;
	u8	paging_ias;
	bool	coherent;
};

/**
 * struct iommu_pgtable - one page table
 * @cfg: format
 * @root: root table; several contiguous ones if stage 2 concatenates them
 * @ias: input address bits
 * @start_level: level of @root
 * @alloc: returns a zeroed page or NULL
 * @free: takes a page back that no IOMMU can reach any more
 * @flush: invalidates the TLBs for a range, including cached walks; returns 0 or an
 *	errno. NULL if a block never replaces a table.
 * @near: table of pages that the last walk ended in, or NULL
 * @near_iova: first address that @near maps
 * @leaf: the entry that was last made, without the address; 0 if there is none
 * @leaf_prot: permissions of @leaf
 * @leaf_level: level of @leaf
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

/* Format of all domains; fixed once pKVM is finalised */
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
 * How the memory of a leaf is pinned (I5), see pin.h. This is a field of the prot above,
 * and of the leaf, in bits that the IOMMU ignores. 0 means not pinned: the leaf maps no
 * memory, or the table mirrors ownership.
 */
#define IOMMU_PIN_PAGE		1	/* pinned as a page */
#define IOMMU_PIN_BLOCK		2	/* pinned as a block */
#define IOMMU_PTE_PIN		GENMASK_ULL(56, 55)
#define IOMMU_PROT_PIN		GENMASK(17, 16)
#define PROT_PIN(pin)		FIELD_PREP(IOMMU_PROT_PIN, (pin))
kvm_pte_t iommu_pte_table(u64 phys);

/* Inlined, since each walk does this at each level */
static inline bool iommu_pte_is_table(kvm_pte_t pte, s8 level)
{
	return level < IOMMU_PAGE_LEVEL && (pte & KVM_PTE_VALID) &&
	       FIELD_GET(KVM_PTE_TYPE, pte) == KVM_PTE_TYPE_TABLE;
}

/* The mask bounds the index even if the CPU speculates past a range check */
static inline unsigned int iommu_page_index(u64 addr)
{
	return (addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
}

/* Entries from @addr to the end of its table of pages, but no more than @size covers */
static inline unsigned int iommu_entries_left(u64 addr, u64 size)
{
	return min_t(u64, PTRS_PER_PTE - iommu_page_index(addr), size >> PAGE_SHIFT);
}

/* MAIR for the attribute indices of stage 1 leaves */
#define IOMMU_S1_MAIR							\
	(MAIR_ATTRIDX(MAIR_ATTR_NORMAL_NC, 0) |				\
	 MAIR_ATTRIDX(MAIR_ATTR_NORMAL, 1) |				\
	 MAIR_ATTRIDX(MAIR_ATTR_DEVICE_nGnRE, 2))

/**
 * iommu_pgtable_walk() - find the entry for an address in any table of this format
 * @pgt: table, of which only @root, @ias, @start_level and @near are used
 * @iova: input address, within @ias
 * @level: in: level to walk to; out: level of the entry, smaller if there is no table
 *	below
 *
 * Remembers the last table of pages, since the next address is often near.
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
 * @top: smallest level of a leaf; IOMMU_PAGE_LEVEL for pages only
 * @done: out, bytes mapped, also on error
 *
 * Return: 0; -EINVAL (@size is less than a page), -EEXIST (the entry at @iova + @done is
 * in use), -ENOMEM (no page for a table), or the error of @pgt->flush(). What @done
 * counts stays mapped.
 */
int iommu_pgtable_map(struct iommu_pgtable *pgt, u64 iova, u64 phys, u64 size,
		      int prot, s8 top, u64 *done);

/**
 * struct iommu_leaves - contiguous leaves of one table, valid while the caller locks it
 * @ptep: first leaf
 * @size: bytes that they map, at most IOMMU_PGTABLE_MAX_SIZE
 * @level: level of the table
 */
struct iommu_leaves {
	kvm_pte_t	*ptep;
	u64		size;
	s8		level;
};

/**
 * iommu_pgtable_unmap_begin() - make leaves stale
 * @pgt: table
 * @iova: input address
 * @size: bytes, both aligned to PAGE_SIZE, within @pgt->ias
 * @leaves: out, the leaves made stale
 *
 * Return: 0; -ENXIO (nothing is mapped at @iova), -EINVAL (the range is only a part of
 * the block at @iova), -EIO (the entry is stale, since an invalidation failed). On error
 * no leaf has changed.
 */
int iommu_pgtable_unmap_begin(struct iommu_pgtable *pgt, u64 iova, u64 size,
			      struct iommu_leaves *leaves);

/**
 * iommu_pgtable_unmap_end() - unpin and clear stale leaves
 * @leaves: leaves that no TLB holds any more (I5)
 */
void iommu_pgtable_unmap_end(const struct iommu_leaves *leaves);

/**
 * iommu_pgtable_split() - replace the block at an address by pages
 * @pgt: table
 * @iova: address
 *
 * The block and the table that replaces it translate alike at every moment; the IOMMU
 * must allow this change without break-before-make (BBML 2).
 *
 * Return: 0, also if a page or nothing is mapped at @iova; -ENOMEM.
 */
int iommu_pgtable_split(struct iommu_pgtable *pgt, u64 iova);

/**
 * iommu_pgtable_free() - unpin all leaves and free all tables below the root
 * @pgt: table that no IOMMU walks any more
 * @budget: in: number of tables and blocks to free at most; out: what is left of it
 *
 * Return: true if the root is empty, false if @budget is used up. The caller frees the
 * root.
 */
bool iommu_pgtable_free(struct iommu_pgtable *pgt, unsigned int *budget);

/* Make entries visible to walks that do not snoop, and order them before later writes */
void iommu_pgtable_clean(const struct iommu_pgtable *pgt, void *start, size_t size);

#endif /* __PKVM_IOMMU_PGTABLE_H__ */
