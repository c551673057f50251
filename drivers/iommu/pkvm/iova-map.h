/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of the mappings of a domain, for the host driver and the guest driver of the
 * pKVM IOMMU.
 *
 * Most calls are about a few pages near those of the call before. The functions for this
 * case are inline, because a function call would cost as much as the work.
 */
#ifndef __PKVM_IOVA_MAP_H__
#define __PKVM_IOVA_MAP_H__

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/types.h>

/* A table is one page of 64-bit entries */
#define PKVM_IOVA_BITS		(PAGE_SHIFT - 3)
#define PKVM_IOVA_ENTRIES	BIT(PKVM_IOVA_BITS)

/*
 * An entry is 0, the address of a table, or a physical address with PKVM_IOVA_MAPPED: that
 * of a page at level 0, or of a block at level 1.
 */
#define PKVM_IOVA_MAPPED	BIT(0)

/**
 * struct pkvm_iova_map - a record of mappings from IOVA to physical address
 * @root: the top-level table
 * @near: the level 1 table that the last walk used, or NULL
 * @levels: number of levels of tables
 * @shift: log2 of the page size
 * @block: size of a block, which is what a level 0 table maps; 0 if that is the root
 */
struct pkvm_iova_map {
	u64		*root;
	u64		*near;
	unsigned int	levels;
	unsigned int	shift;
	size_t		block;
};

int pkvm_iova_map_init(struct pkvm_iova_map *map, unsigned int bits, unsigned long page);
void __pkvm_iova_map_remove(struct pkvm_iova_map *map, unsigned long iova, size_t size);
int __pkvm_iova_map_add(struct pkvm_iova_map *map, unsigned long iova, phys_addr_t phys,
			size_t size, gfp_t gfp);
phys_addr_t pkvm_iova_map_phys(const struct pkvm_iova_map *map, unsigned long iova);
void pkvm_iova_map_free(struct pkvm_iova_map *map);

/*
 * Find the level 1 entry for @iova, that of its block, in @map->near: the level 1 table
 * that the last walk used. (Levels count up from the pages: level 0 maps pages.) Returns
 * NULL if no walk used one yet, or if the entry is in another table. No lock is needed:
 * only pkvm_iova_map_free() frees level 1 tables, so @map->near stays valid.
 */
static inline u64 *pkvm_iova_near_block(const struct pkvm_iova_map *map, unsigned long iova)
{
	unsigned int shift = map->shift + PKVM_IOVA_BITS;
	u64 *near = READ_ONCE(map->near);

	if (unlikely(!near || page_private(virt_to_page(near)) !=
			      iova >> (shift + PKVM_IOVA_BITS)))
		return NULL;

	return &near[(iova >> shift) & (PKVM_IOVA_ENTRIES - 1)];
}

/* Find the level 0 entry for @iova from the level 1 table used last, or return NULL */
static inline u64 *pkvm_iova_near(const struct pkvm_iova_map *map, unsigned long iova)
{
	u64 *block = pkvm_iova_near_block(map, iova), next;

	if (unlikely(!block))
		return NULL;
	next = READ_ONCE(*block);
	if (unlikely(!next || next & PKVM_IOVA_MAPPED))
		return NULL;

	return (u64 *)(unsigned long)next + ((iova >> map->shift) & (PKVM_IOVA_ENTRIES - 1));
}

/* Is the range smaller than a block, and within one level 0 table? */
static inline bool pkvm_iova_in_table(const struct pkvm_iova_map *map, unsigned long iova,
				      size_t size)
{
	return size < map->block && (iova & (map->block - 1)) + size <= map->block;
}

static inline void pkvm_iova_set(const struct pkvm_iova_map *map, u64 *entry, u64 value,
				 size_t size)
{
	u64 *last = entry + (size >> map->shift), page = 1UL << map->shift;

	for (; entry < last; entry++, value += page)
		WRITE_ONCE(*entry, value);
}

static inline void pkvm_iova_clear(const struct pkvm_iova_map *map, u64 *entry, size_t size)
{
	u64 *last = entry + (size >> map->shift);

	for (; entry < last; entry++)
		WRITE_ONCE(*entry, 0);
}

/**
 * pkvm_iova_map_add() - record a mapping
 * @map: the record
 * @iova: start of the range, in which nothing is recorded
 * @phys: physical address of the memory
 * @size: size in bytes; it and both addresses are multiples of the page size
 * @gfp: flags to allocate tables with
 *
 * Return: 0, or -ENOMEM, after which nothing of the range is recorded.
 */
static inline int pkvm_iova_map_add(struct pkvm_iova_map *map, unsigned long iova,
				    phys_addr_t phys, size_t size, gfp_t gfp)
{
	u64 *entry = NULL;

	if (likely(pkvm_iova_in_table(map, iova, size)))
		entry = pkvm_iova_near(map, iova);
	if (unlikely(!entry))
		return __pkvm_iova_map_add(map, iova, phys, size, gfp);
	pkvm_iova_set(map, entry, phys | PKVM_IOVA_MAPPED, size);

	return 0;
}

/**
 * pkvm_iova_map_remove() - remove a range from the record
 * @map: the record
 * @iova: start of the range
 * @size: size in bytes
 *
 * Allocates a table to remove a part of a block. If that fails, the part stays recorded.
 * EL2 and the iommu core do not unmap parts of blocks.
 */
static inline void pkvm_iova_map_remove(struct pkvm_iova_map *map, unsigned long iova,
					size_t size)
{
	u64 *entry = NULL;

	if (likely(pkvm_iova_in_table(map, iova, size)))
		entry = pkvm_iova_near(map, iova);
	if (unlikely(!entry))
		__pkvm_iova_map_remove(map, iova, size);
	else
		pkvm_iova_clear(map, entry, size);
}

#endif /* __PKVM_IOVA_MAP_H__ */
