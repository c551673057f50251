// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: what a domain maps.
 *
 * Memory is bounded by the mappings that exist, and only a cut in the middle
 * of one, which the iommu core does not make, needs more to forget it.
 */
#include <linux/interval_tree.h>
#include <linux/slab.h>

#include "pkvm-pviommu.h"

/**
 * struct pviommu_mapping - what one call of map_pages mapped
 * @iova: first and last byte, in pviommu_mappings.tree
 * @paddr: IPA of the first byte
 */
struct pviommu_mapping {
	struct interval_tree_node	iova;
	phys_addr_t			paddr;
};

static struct pviommu_mapping *to_mapping(struct interval_tree_node *node)
{
	return container_of(node, struct pviommu_mapping, iova);
}

/**
 * pviommu_mappings_init() - start with nothing mapped
 * @maps: what to initialise
 */
void pviommu_mappings_init(struct pviommu_mappings *maps)
{
	spin_lock_init(&maps->lock);
	maps->tree = RB_ROOT_CACHED;
}

/**
 * pviommu_mapping_alloc() - allocate a node
 * @gfp: as given to map_pages
 *
 * Return: the node, for kfree() or pviommu_mappings_add(), or NULL.
 */
struct pviommu_mapping *pviommu_mapping_alloc(gfp_t gfp)
{
	return kmalloc_obj(struct pviommu_mapping, gfp);
}

/**
 * pviommu_mappings_add() - remember a mapping
 * @maps: of the domain
 * @map: a node, which belongs to @maps from now on
 * @iova: first byte; nothing in the range is mapped
 * @paddr: IPA of it
 * @size: bytes, not 0
 */
void pviommu_mappings_add(struct pviommu_mappings *maps,
			  struct pviommu_mapping *map, unsigned long iova,
			  phys_addr_t paddr, size_t size)
{
	unsigned long flags;

	map->iova.start = iova;
	map->iova.last = iova + size - 1;
	map->paddr = paddr;

	spin_lock_irqsave(&maps->lock, flags);
	interval_tree_insert(&map->iova, &maps->tree);
	spin_unlock_irqrestore(&maps->lock, flags);
}

/**
 * pviommu_mappings_split() - whether a cut may need a spare node
 * @maps: of the domain
 * @iova: where the cut begins
 *
 * The iommu core unmaps what was mapped in one go from its start, possibly in
 * steps, so this is for callers that do not keep to that.
 *
 * Return: whether a mapping goes on across @iova.
 */
bool pviommu_mappings_split(struct pviommu_mappings *maps, unsigned long iova)
{
	struct interval_tree_node *node;
	unsigned long flags;
	bool split;

	spin_lock_irqsave(&maps->lock, flags);
	node = interval_tree_iter_first(&maps->tree, iova, iova);
	split = node && node->start < iova;
	spin_unlock_irqrestore(&maps->lock, flags);

	return split;
}

/* Change the limits of a mapping that may be in the tree */
static void move_mapping(struct pviommu_mappings *maps,
			 struct pviommu_mapping *map, unsigned long start,
			 unsigned long last, phys_addr_t paddr)
{
	map->iova.start = start;
	map->iova.last = last;
	map->paddr = paddr;
	interval_tree_insert(&map->iova, &maps->tree);
}

/**
 * pviommu_mappings_cut() - forget a range
 * @maps: of the domain
 * @iova: first byte
 * @size: bytes, not 0
 * @spare: a node, needed if pviommu_mappings_split() said so, else NULL
 *
 * Return: whether @spare is in use now.
 */
bool pviommu_mappings_cut(struct pviommu_mappings *maps, unsigned long iova,
			  size_t size, struct pviommu_mapping *spare)
{
	unsigned long last = iova + size - 1;
	struct interval_tree_node *node;
	bool used = false;
	unsigned long flags;

	spin_lock_irqsave(&maps->lock, flags);
	while ((node = interval_tree_iter_first(&maps->tree, iova, last))) {
		struct pviommu_mapping *map = to_mapping(node);
		unsigned long start = node->start;
		unsigned long end = node->last;
		phys_addr_t paddr = map->paddr;

		interval_tree_remove(node, &maps->tree);
		if (start < iova) {
			move_mapping(maps, map, start, iova - 1, paddr);
			map = spare;
			used = end > last;
		}
		if (end > last && !WARN_ON_ONCE(!map))
			move_mapping(maps, map, last + 1, end,
				     paddr + (last + 1 - start));
		else if (start >= iova)
			kfree(map);
	}
	spin_unlock_irqrestore(&maps->lock, flags);

	return used;
}

/**
 * pviommu_mappings_phys() - where an IOVA leads
 * @maps: of the domain
 * @iova: the address, of any alignment
 *
 * Return: the IPA, or 0 if it is not mapped.
 */
phys_addr_t pviommu_mappings_phys(struct pviommu_mappings *maps,
				  unsigned long iova)
{
	struct interval_tree_node *node;
	phys_addr_t paddr = 0;
	unsigned long flags;

	spin_lock_irqsave(&maps->lock, flags);
	node = interval_tree_iter_first(&maps->tree, iova, iova);
	if (node)
		paddr = to_mapping(node)->paddr + (iova - node->start);
	spin_unlock_irqrestore(&maps->lock, flags);

	return paddr;
}

/**
 * pviommu_mappings_clear() - forget everything
 * @maps: of a domain that nobody uses any more
 */
void pviommu_mappings_clear(struct pviommu_mappings *maps)
{
	struct pviommu_mapping *map, *next;

	rbtree_postorder_for_each_entry_safe(map, next, &maps->tree.rb_root,
					     iova.rb)
		kfree(map);
	maps->tree = RB_ROOT_CACHED;
}
