// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a domain maps: a sorted array of leaves. Adding and removing a leaf keeps
 * the count of DMA mappings of its pages.
 */
#include <stdlib.h>

#include "ghost.h"

/* The first leaf that ends behind @iova */
static unsigned int first_behind(const struct ghost_map *map, u64 iova)
{
	unsigned int low = 0, high = map->nr;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (map->leaf[mid].iova + map->leaf[mid].size - 1 < iova)
			low = mid + 1;
		else
			high = mid;
	}

	return low;
}

const struct ghost_leaf *map_find(const struct ghost_map *map, u64 iova)
{
	unsigned int i = first_behind(map, iova);

	return i < map->nr && map->leaf[i].iova <= iova ? &map->leaf[i] : NULL;
}

bool map_overlaps(const struct ghost_map *map, u64 iova, u64 size)
{
	unsigned int i = first_behind(map, iova);

	return i < map->nr && map->leaf[i].iova < iova + size;
}

static void make_room(struct ghost_map *map)
{
	if (map->nr < map->max)
		return;
	map->max = map->max ? 2 * map->max : 64;
	map->leaf = realloc(map->leaf, map->max * sizeof(*map->leaf));
}

void map_append(struct ghost_map *map, const struct ghost_leaf *leaf)
{
	make_room(map);
	map->leaf[map->nr++] = *leaf;
}

static void count(struct ghost *g, const struct ghost_leaf *leaf, int by)
{
	u64 phys;

	for (phys = leaf->phys; phys < leaf->phys + leaf->size; phys += PAGE_SIZE) {
		if (page_is_memory(phys))
			page_at(g, phys)->dma += by;
	}
}

void map_add(struct ghost *g, struct ghost_domain *domain, const struct ghost_leaf *leaf)
{
	struct ghost_map *map = &domain->map;
	unsigned int i = first_behind(map, leaf->iova);

	make_room(map);
	memmove(&map->leaf[i + 1], &map->leaf[i], (map->nr++ - i) * sizeof(*leaf));
	map->leaf[i] = *leaf;
	count(g, leaf, 1);
}

void map_del(struct ghost *g, struct ghost_domain *domain, u64 iova)
{
	struct ghost_map *map = &domain->map;
	unsigned int i = first_behind(map, iova);

	count(g, &map->leaf[i], -1);
	memmove(&map->leaf[i], &map->leaf[i + 1], (--map->nr - i) * sizeof(*map->leaf));
}

void map_clear(struct ghost *g, struct ghost_domain *domain)
{
	while (domain->map.nr)
		count(g, &domain->map.leaf[--domain->map.nr], -1);
}
