// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the IOMMUs that EL2 owns.
 */
#include <linux/export.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/pkvm-iommu.h>
#include <linux/slab.h>

#include "host.h"

/* Written before the first driver binds, only read after that */
static LIST_HEAD(pkvm_smmus);

/**
 * pkvm_smmu_add() - EL2 drives an IOMMU from now on
 * @smmu: the IOMMU, zeroed but for its number and address
 * @np: its node
 */
void __init pkvm_smmu_add(struct pkvm_smmu *smmu, struct device_node *np)
{
	smmu->fwnode = of_fwnode_handle(of_node_get(np));
	/* Here: assignable devices name it whether EL2 enables it or not */
	xa_init(&smmu->streams);
	mutex_init(&smmu->streams_lock);
	list_add_tail(&smmu->node, &pkvm_smmus);
	pkvm_smmu_cover(np, PKVM_SMMU_ISOLATED, NULL);
}

/**
 * pkvm_smmu_forget_all() - EL2 could not enable the IOMMUs
 */
void __init pkvm_smmu_forget_all(void)
{
	struct pkvm_smmu *smmu, *tmp;

	list_for_each_entry_safe(smmu, tmp, &pkvm_smmus, node) {
		pkvm_smmu_cover(to_of_node(smmu->fwnode), PKVM_SMMU_BLOCKED,
				"not enabled");
		list_del(&smmu->node);
		fwnode_handle_put(smmu->fwnode);
		kfree(smmu);
	}
}

/**
 * pkvm_smmu_find() - find an IOMMU that EL2 drives
 * @fwnode: its firmware node
 *
 * Return: the IOMMU or NULL.
 */
struct pkvm_smmu *pkvm_smmu_find(const struct fwnode_handle *fwnode)
{
	struct pkvm_smmu *smmu;

	list_for_each_entry(smmu, &pkvm_smmus, node) {
		if (smmu->fwnode == fwnode)
			return smmu;
	}

	return NULL;
}

/**
 * pkvm_smmu_next() - go through the IOMMUs that EL2 drives
 * @smmu: the last one, or NULL
 *
 * Return: the next one or NULL.
 */
struct pkvm_smmu *pkvm_smmu_next(struct pkvm_smmu *smmu)
{
	if (!smmu)
		return list_first_entry_or_null(&pkvm_smmus, struct pkvm_smmu,
						node);

	return list_is_last(&smmu->node, &pkvm_smmus) ? NULL :
							list_next_entry(smmu, node);
}

/**
 * pkvm_iommu_available() - does EL2 own an IOMMU
 *
 * Return: true if devices can be given to VMs.
 */
bool pkvm_iommu_available(void)
{
	return !list_empty(&pkvm_smmus);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_available);
