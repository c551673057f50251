/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pKVM IOMMU host driver: streams of assignable devices, which assignable.c lists and
 * group.c assigns.
 */
#ifndef __PKVM_IOMMU_ASSIGNABLE_H__
#define __PKVM_IOMMU_ASSIGNABLE_H__

#include <linux/list.h>
#include <linux/types.h>

struct pkvm_iommu;

/**
 * struct assignable_stream - a stream of an assignable device
 * @node: entry in the list of all such streams
 * @iommu: its IOMMU
 * @sid: its stream ID
 * @group: number of the group of its device
 */
struct assignable_stream {
	struct list_head	node;
	struct pkvm_iommu	*iommu;
	u32			sid;
	unsigned int		group;
};

/* assignable.c */
struct assignable_stream *
pkvm_iommu_next_assignable(unsigned int group, struct assignable_stream *stream);

/* group.c */
void pkvm_iommu_groups_init(void);

#endif /* __PKVM_IOMMU_ASSIGNABLE_H__ */
