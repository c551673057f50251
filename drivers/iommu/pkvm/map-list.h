/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scatterlists for the drivers of IOMMUs that EL2 owns, in host and guest: as many
 * pieces of memory as fit into the registers of one hypercall, for consecutive IOVAs.
 * Registers, so that there is nothing to share with EL2, and nothing that could
 * change while EL2 reads it.
 */
#ifndef __PKVM_MAP_LIST_H__
#define __PKVM_MAP_LIST_H__

#include <linux/arm-smccc.h>
#include <linux/scatterlist.h>

#include "iova-map.h"

/* x5 to x17: address of a page, and one less than the number of pages from there */
#define PKVM_MAP_LIST_MAX	13
#define PKVM_MAP_LIST_FIRST	5

/**
 * struct pkvm_map_list - what is mapped, and what is next
 * @map: the record of the domain
 * @shift: of a page
 * @iova: where the list begins
 * @prot: IOMMU_*
 * @gfp: how to allocate
 * @mapped: bytes before @iova
 * @size: bytes in the list
 * @nr: pieces
 * @piece: as in the registers
 */
struct pkvm_map_list {
	struct pkvm_iova_map	*map;
	unsigned int		shift;
	unsigned long		iova;
	int			prot;
	gfp_t			gfp;
	size_t			mapped;
	size_t			size;
	unsigned int		nr;
	unsigned long		piece[PKVM_MAP_LIST_MAX];
};

/* How many bytes of it found room; the list is not full */
static inline size_t pkvm_map_list_add(struct pkvm_map_list *list, phys_addr_t phys,
				       size_t size)
{
	size = min(size, 1UL << (2 * list->shift));
	list->piece[list->nr++] = phys | ((size >> list->shift) - 1);
	list->size += size;

	return size;
}

/*
 * So much of it is mapped: record that, not before, since what was mapped there
 * already has a record. -ENOMEM: it is mapped without one, and does not count; the
 * caller unmaps it, @done bytes at list->iova.
 */
static inline int pkvm_map_list_done(struct pkvm_map_list *list, size_t done)
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
	pkvm_iova_map_remove(list->map, start, done);

	return ret;
}

/* Registers of the call */
static inline void pkvm_map_list_regs(const struct pkvm_map_list *list,
				      struct arm_smccc_1_2_regs *regs)
{
	memcpy((unsigned long *)regs + PKVM_MAP_LIST_FIRST, list->piece,
	       list->nr * sizeof(list->piece[0]));
}

/* Map a stretch of memory, as soon as there are as many as a call takes */
static inline int pkvm_map_list_step(struct pkvm_map_list *list, phys_addr_t phys,
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
		added = pkvm_map_list_add(list, phys, size);
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
static inline int pkvm_map_sg(struct pkvm_map_list *list, struct scatterlist *sg,
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
		ret = pkvm_map_list_step(list, start, len, map);
		start = phys;
		len = sg->length;
	}
	ret = ret ?: pkvm_map_list_step(list, start, len, map);
	if (!ret && list->nr)
		ret = map(list);

	return ret;
}

#endif /* __PKVM_MAP_LIST_H__ */
