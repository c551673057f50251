// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping of scatterlists, for the host driver and the guest driver of the pKVM IOMMU.
 *
 * One hypercall maps as many pieces of memory to consecutive IOVAs as fit into registers.
 * With registers, the caller need not share memory with EL2, and cannot change the list
 * while EL2 reads it.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>

#include "map-list.h"

/* Add a piece, or its beginning, to a list that is not full. Returns the bytes added. */
static size_t add_piece(struct pkvm_map_list *list, phys_addr_t phys,
			size_t size)
{
	size = min(size, 1UL << (2 * list->shift));
	list->piece[list->nr++] = phys | ((size >> list->shift) - 1);
	list->size += size;

	return size;
}

/**
 * pkvm_map_list_done() - record what EL2 has mapped of a list, and remove it from the list
 * @list: the list; the remaining pieces move to the front
 * @done: bytes that EL2 has mapped
 *
 * Adds only these bytes to the record of the domain, since an earlier mapping may have a
 * record at the IOVAs that EL2 has not mapped.
 *
 * Return: 0, or -ENOMEM if there is no memory for the record. The caller must then unmap
 * @done bytes at list->iova, which list->mapped does not include.
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

/* Add contiguous memory to the list. Map the list whenever it is full. */
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
 * @list: an empty list
 * @sg: the scatterlist, see iommu_map_sg()
 * @nents: number of its entries
 * @map: maps all of the list or returns an errno, and calls pkvm_map_list_done() for what
 *	EL2 has mapped
 *
 * Return: 0 or an errno. In both cases list->mapped is the number of bytes mapped.
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
