/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping of scatterlists, for the host driver and the guest driver of the pKVM IOMMU.
 */
#ifndef __PKVM_MAP_LIST_H__
#define __PKVM_MAP_LIST_H__

#include <linux/arm-smccc.h>
#include <linux/string.h>
#include <linux/types.h>

#include "iova-map.h"

struct scatterlist;

/* x5 to x17 hold pieces: address of the first page, number of pages less one in low bits */
#define PKVM_MAP_LIST_MAX	13
#define PKVM_MAP_LIST_FIRST	5

/**
 * struct pkvm_map_list - pieces of a scatterlist that one hypercall is to map
 * @map: record of the mappings of the domain
 * @shift: log2 of the page size
 * @iova: IOVA of the first piece
 * @prot: IOMMU_READ and the like
 * @gfp: flags to allocate with
 * @mapped: bytes of the scatterlist that are mapped already
 * @size: size of all pieces in bytes
 * @nr: number of pieces
 * @piece: the pieces as the registers hold them
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

/* Fill the registers of a hypercall with the pieces */
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
