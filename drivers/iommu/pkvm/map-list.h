/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scatterlists for the drivers of IOMMUs that EL2 owns, in host and guest: as many
 * pieces of memory as fit into the registers of one hypercall, for consecutive IOVAs.
 */
#ifndef __PKVM_MAP_LIST_H__
#define __PKVM_MAP_LIST_H__

#include <linux/arm-smccc.h>
#include <linux/string.h>
#include <linux/types.h>

#include "iova-map.h"

struct scatterlist;

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

/* Registers of the call */
static inline void pkvm_map_list_regs(const struct pkvm_map_list *list,
				      struct arm_smccc_1_2_regs *regs)
{
	memcpy((unsigned long *)regs + PKVM_MAP_LIST_FIRST, list->piece,
	       list->nr * sizeof(list->piece[0]));
}

int pkvm_map_list_done(struct pkvm_map_list *list, size_t done);
int pkvm_map_sg(struct pkvm_map_list *list, struct scatterlist *sg, unsigned int nents,
		int (*map)(struct pkvm_map_list *list));

#endif /* __PKVM_MAP_LIST_H__ */
