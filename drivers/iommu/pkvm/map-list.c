// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatterlists for the drivers of IOMMUs that EL2 owns, in host and guest: as many
 * pieces of memory as fit into the registers of one hypercall, for consecutive IOVAs.
 * Registers, so that there is nothing to share with EL2, and nothing that could
 * change while EL2 reads it.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>

#include "map-list.h"

/* How many bytes of it found room; the list is not full */
static size_t add_piece(struct pkvm_map_list *list, phys_addr_t phys,
			size_t size)
{
	size = min(size, 1UL << (2 * list->shift));
	list->piece[list->nr++] = phys | ((size >> list->shift) - 1);
	list->size += size;

	return size;
}

/**
 * pkvm_map_list_done() - note how much of a list is mapped
 * @list: the list; what is left moves to the front
 * @done: bytes
 *
 * The record of the domain gets it now, and not before: what was mapped there already
 * has a record.
 *
 * Return: 0, or -ENOMEM: it is mapped without a record, and does not count. The caller
 * unmaps it, @done bytes at list->iova.
 */
int pkvm_map_list_done(struct pkvm_map_list *list, size_t done)
{
	unsigned long mask = (1UL << list->shift) - 1, start = list->iova;
	unsigned int i, left = 0;
	size_t rest = done;
	int ret = 0;

	list->size -= done;
	for (i = 0; i < list->nr; i++) {
		size_t size = ((list->piece[i] & mask) + 1) << list->shift;
		size_t cut = min(size, rest);

		if (cut)
			ret = pkvm_iova_map_add(list->map, list->iova,
						list->piece[i] & ~mask, cut,
						list->gfp) ?: ret;
		list->iova += cut;
		rest -= cut;
		if (cut < size)
			list->piece[left++] = list->piece[i] + cut - (cut >> list->shift);
	}
	list->nr = left;
	if (!ret) {
		list->mapped += done;
		return 0;
	}
	list->iova = start;
	__pkvm_iova_map_remove(list->map, start, done);

	return ret;
}

/* Map a stretch of memory, as soon as there are as many as a call takes */
static inline int map_stretch(struct pkvm_map_list *list, phys_addr_t phys,
			      size_t size,
			      int (*map)(struct pkvm_map_list *list))
{
	size_t added;
	int ret;

	if (!IS_ALIGNED(phys | size, 1UL << list->shift))
		return -EINVAL;

	for (; size; phys += added, size -= added) {
		if (list->nr == PKVM_MAP_LIST_MAX) {
			ret = map(list);
			if (ret)
				return ret;
		}
		added = add_piece(list, phys, size);
	}

	return 0;
}

/**
 * pkvm_map_sg() - map a scatterlist
 * @list: empty
 * @sg: as for iommu_map_sg()
 * @nents: as well
 * @map: maps all of the list, or returns an errno; notes what is mapped by
 *	pkvm_map_list_done()
 *
 * Return: 0 or an errno; list->mapped bytes are mapped then.
 */
int pkvm_map_sg(struct pkvm_map_list *list, struct scatterlist *sg,
		unsigned int nents,
		int (*map)(struct pkvm_map_list *list))
{
	phys_addr_t start = 0;
	size_t len = 0;
	int ret = 0;

	for (; nents && !ret; nents--, sg = sg_next(sg)) {
		phys_addr_t phys = sg_phys(sg);

		if (sg_dma_is_bus_address(sg))
			continue;
		if (len && phys == start + len) {
			len += sg->length;
			continue;
		}
		ret = map_stretch(list, start, len, map);
		start = phys;
		len = sg->length;
	}
	ret = ret ?: map_stretch(list, start, len, map);
	if (!ret && list->nr)
		ret = map(list);

	return ret;
}
