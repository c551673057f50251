/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a domain maps, for the drivers of IOMMUs that EL2 owns, in host and guest.
 *
 * Most calls are about a few pages next to those of the call before. For these a
 * function call would cost as much as the work, so it is done here, inline.
 */
#ifndef __PKVM_IOVA_MAP_H__
#define __PKVM_IOVA_MAP_H__

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/types.h>

/* A table fills a page */
#define PKVM_IOVA_BITS		(PAGE_SHIFT - 3)
#define PKVM_IOVA_ENTRIES	BIT(PKVM_IOVA_BITS)

/*
 * An entry is 0, a table, or an address with PKVM_IOVA_MAPPED: of a page, or on the
 * level above of all that a table of pages could map.
 */
#define PKVM_IOVA_MAPPED	BIT(0)

/**
 * struct pkvm_iova_map - IOVA to physical address
 * @root: first table
 * @near: table of level 1 that was last walked to, or NULL
 * @levels: of tables
 * @shift: of a page
 * @block: bytes that a table of pages maps; 0 if it is the root
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
 * The entry of level 1 for @iova, or NULL if to find it takes a walk. Tables of level 1
 * stay as long as the map does.
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

/* The entry for the page at @iova, or NULL if to find it takes a walk */
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

/* Less than a block, in one table of pages */
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
 * pkvm_iova_map_add() - remember a mapping
 * @map: of the domain
 * @iova: first byte; nothing in the range is mapped
 * @phys: where it leads
 * @size: bytes; all three multiples of the page size
 * @gfp: how to allocate
 *
 * Return: 0 or -ENOMEM, nothing is remembered then.
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
 * pkvm_iova_map_remove() - forget a range
 * @map: of the domain
 * @iova: first byte
 * @size: bytes
 *
 * Needs memory only for a part of what was mapped as a block, which neither EL2 nor
 * the iommu core unmaps in parts; without, that part is remembered.
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
