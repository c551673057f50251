// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of the mappings of a domain, for the host driver and the guest driver of the
 * pKVM IOMMU.
 *
 * To unmap a buffer, the DMA API first asks for its physical address. Only EL2 has the page
 * table, and a hypercall to ask EL2 would cost as much as the one that unmaps. So the
 * drivers keep a record of the mappings: a radix tree of the same shape as the page table,
 * whose cost does not depend on the number of mappings. As in io-pgtable, no lock is needed:
 * cmpxchg() installs a table, which then stays until the domain is freed, and an entry is
 * written only by the caller who owns its IOVA.
 *
 * page_private() of a table holds the bits of the IOVA that lead to the table. Most lookups
 * begin at the level 1 table that was used last, if these bits match.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "iova-map.h"

/**
 * pkvm_iova_map_init() - initialise an empty record
 * @map: the record
 * @bits: number of bits of an IOVA
 * @page: smallest page size of the domain
 *
 * Return: 0 or -ENOMEM.
 */
int pkvm_iova_map_init(struct pkvm_iova_map *map, unsigned int bits,
		       unsigned long page)
{
	map->shift = ilog2(page);
	map->levels = DIV_ROUND_UP(bits - map->shift, PKVM_IOVA_BITS);
	map->block = map->levels > 1 ? 1UL << (map->shift + PKVM_IOVA_BITS) : 0;
	map->near = NULL;
	map->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	return map->root ? 0 : -ENOMEM;
}

static void put_table(u64 *table)
{
	set_page_private(virt_to_page(table), 0);
	free_page((unsigned long)table);
}

/*
 * Install a table at @entry, unless another CPU does so first. @prefix is the part of the
 * IOVA that leads to the table. If @entry is a block, the table maps the same by pages.
 */
static u64 *new_table(const struct pkvm_iova_map *map, u64 *entry,
		      unsigned long prefix, gfp_t gfp)
{
	u64 old = READ_ONCE(*entry), cur;
	unsigned int i;
	u64 *table;

	table = (u64 *)get_zeroed_page(gfp & ~__GFP_HIGHMEM);
	if (!table)
		return NULL;
	set_page_private(virt_to_page(table), prefix);
	for (i = 0; old & PKVM_IOVA_MAPPED && i < PKVM_IOVA_ENTRIES; i++)
		table[i] = old + ((u64)i << map->shift);

	/* Release: another CPU that sees the table sees its entries and page_private() */
	cur = cmpxchg_release(entry, old, (unsigned long)table);
	if (cur == old)
		return table;
	put_table(table);

	return (u64 *)(unsigned long)cur;
}

/*
 * Find the entry for @iova at level 0 (pages) or 1 (blocks). With @gfp, allocate missing
 * tables and replace a block above by a table. Returns NULL if a table is missing and
 * @gfp is 0 or there is no memory.
 */
static inline u64 *walk(struct pkvm_iova_map *map, unsigned long iova,
			unsigned int level, gfp_t gfp)
{
	unsigned int shift = map->shift + (map->levels - 1) * PKVM_IOVA_BITS;
	unsigned int last = map->shift + level * PKVM_IOVA_BITS;
	u64 *entry = &map->root[(iova >> shift) & (PKVM_IOVA_ENTRIES - 1)];

	while (shift > last) {
		u64 next = READ_ONCE(*entry);
		u64 *table = (u64 *)(unsigned long)next;

		if (unlikely(!next || next & PKVM_IOVA_MAPPED)) {
			table = gfp ? new_table(map, entry, iova >> shift, gfp) : NULL;
			if (!table)
				return NULL;
		}
		shift -= PKVM_IOVA_BITS;
		if (shift == map->shift + PKVM_IOVA_BITS && READ_ONCE(map->near) != table) {
			/* Pairs with READ_ONCE() in pkvm_iova_near_block(), for page_private() */
			smp_store_release(&map->near, table);
		}
		entry = &table[(iova >> shift) & (PKVM_IOVA_ENTRIES - 1)];
	}

	return entry;
}

static inline bool is_block(const struct pkvm_iova_map *map, unsigned long iova,
			    size_t size)
{
	return map->block && size >= map->block && IS_ALIGNED(iova, map->block);
}

/* Write a level 1 entry, and free the table that it pointed to, which maps nothing */
static inline void set_block(u64 *entry, u64 value)
{
	u64 old = xchg(entry, value);

	if (old && !(old & PKVM_IOVA_MAPPED))
		put_table((u64 *)(unsigned long)old);
}

/**
 * __pkvm_iova_map_remove() - pkvm_iova_map_remove() of a range of any size
 * @map: the record
 * @iova: start of the range
 * @size: size in bytes
 */
void __pkvm_iova_map_remove(struct pkvm_iova_map *map, unsigned long iova,
			    size_t size)
{
	size_t block = map->block, step;
	u64 *entry;

	for (; size; iova += step, size -= step) {
		if (is_block(map, iova, size)) {
			step = block;
			entry = pkvm_iova_near_block(map, iova) ?: walk(map, iova, 1, 0);
			if (entry)
				set_block(entry, 0);
			continue;
		}
		step = block ? min(size, block - (iova & (block - 1))) : size;
		entry = pkvm_iova_near(map, iova) ?:
			walk(map, iova, 0, GFP_ATOMIC | __GFP_NOWARN);
		if (!entry)
			continue;
		pkvm_iova_clear(map, entry, step);
	}
}

/* Record pages of one level 0 table. Returns false if there is no memory for the table. */
static bool add_pages(struct pkvm_iova_map *map, unsigned long iova,
		      u64 value, size_t size, gfp_t gfp)
{
	u64 *entry = pkvm_iova_near(map, iova) ?: walk(map, iova, 0, gfp);

	if (!entry)
		return false;
	pkvm_iova_set(map, entry, value, size);

	return true;
}

/**
 * __pkvm_iova_map_add() - pkvm_iova_map_add() of a range of any size
 * @map: the record
 * @iova: start of the range
 * @phys: physical address of the memory
 * @size: size in bytes
 * @gfp: flags to allocate tables with
 *
 * Return: 0, or -ENOMEM, after which nothing of the range is recorded.
 */
int __pkvm_iova_map_add(struct pkvm_iova_map *map, unsigned long iova,
			phys_addr_t phys, size_t size, gfp_t gfp)
{
	size_t block = map->block, done, step;
	u64 *entry, value = phys | PKVM_IOVA_MAPPED;

	for (done = 0; done < size; done += step, value += step) {
		if (is_block(map, iova + done, size - done)) {
			step = block;
			entry = pkvm_iova_near_block(map, iova + done) ?:
				walk(map, iova + done, 1, gfp);
			if (!entry)
				break;
			set_block(entry, value);
			continue;
		}
		step = size - done;
		if (block)
			step = min(step, block - ((iova + done) & (block - 1)));
		if (!add_pages(map, iova + done, value, step, gfp))
			break;
	}
	if (done == size)
		return 0;
	__pkvm_iova_map_remove(map, iova, done);

	return -ENOMEM;
}

/**
 * pkvm_iova_map_phys() - translate an IOVA
 * @map: the record
 * @iova: the IOVA, of any alignment
 *
 * Return: the physical address, or 0 if the IOVA is not mapped.
 */
phys_addr_t pkvm_iova_map_phys(const struct pkvm_iova_map *map,
			       unsigned long iova)
{
	unsigned int shift = map->shift + map->levels * PKVM_IOVA_BITS;
	u64 *table = map->root, *page = pkvm_iova_near(map, iova), entry;

	if (likely(page)) {
		entry = READ_ONCE(*page);
		shift = map->shift;
	} else {
		if (shift < BITS_PER_LONG && iova >> shift)
			return 0;
		do {
			shift -= PKVM_IOVA_BITS;
			entry = READ_ONCE(table[(iova >> shift) & (PKVM_IOVA_ENTRIES - 1)]);
			table = (u64 *)(unsigned long)entry;
		} while (entry && !(entry & PKVM_IOVA_MAPPED));
	}

	return entry ? (entry & ~PKVM_IOVA_MAPPED) + (iova & ((1UL << shift) - 1)) : 0;
}

static void free_table(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < PKVM_IOVA_ENTRIES; i++)
		if (table[i] && !(table[i] & PKVM_IOVA_MAPPED))
			free_table((u64 *)(unsigned long)table[i],
				   level - 1);
	put_table(table);
}

/**
 * pkvm_iova_map_free() - free a record
 * @map: the record of a domain that is not in use any more
 */
void pkvm_iova_map_free(struct pkvm_iova_map *map)
{
	free_table(map->root, map->levels - 1);
}
