// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the list of IOMMUs that EL2 owns.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/slab.h>

#include "host.h"

/* Filled before the first driver binds, constant after that */
static LIST_HEAD(pkvm_iommus);

/**
 * pkvm_iommu_add() - add an IOMMU that EL2 has taken over
 * @iommu: the IOMMU, zeroed except for its number and address
 * @np: its node
 */
void __init pkvm_iommu_add(struct pkvm_iommu *iommu, struct device_node *np)
{
	iommu->fwnode = of_fwnode_handle(of_node_get(np));
	/* Not in pkvm_iommu_bind(): the code for assignable devices uses them without it */
	xa_init(&iommu->streams);
	mutex_init(&iommu->streams_lock);
	list_add_tail(&iommu->node, &pkvm_iommus);
	pkvm_iommu_cover(np, PKVM_IOMMU_ISOLATED, NULL);
}

/**
 * pkvm_iommu_forget_all() - empty the list if EL2 could not enable the IOMMUs
 */
void __init pkvm_iommu_forget_all(void)
{
	struct pkvm_iommu *iommu, *tmp;

	list_for_each_entry_safe(iommu, tmp, &pkvm_iommus, node) {
		pkvm_iommu_cover(to_of_node(iommu->fwnode), PKVM_IOMMU_BLOCKED,
				 "not enabled");
		list_del(&iommu->node);
		fwnode_handle_put(iommu->fwnode);
		kfree(iommu);
	}
}

/**
 * pkvm_iommu_bind() - set an IOMMU up for the driver that binds to its platform device
 * @iommu: the IOMMU
 * @dev: its platform device
 * @event_ops: decoders of its fault records
 *
 * The driver then sets &pkvm_iommu.wired, registers with the iommu core, and calls
 * pkvm_iommu_poll_now().
 *
 * Return: 0, or an errno, which this function has logged.
 */
int pkvm_iommu_bind(struct pkvm_iommu *iommu, struct device *dev,
		    const struct pkvm_iommu_event_ops *event_ops)
{
	int ret;

	ret = pkvm_iommu_hyp_get_info(iommu->id, &iommu->sid_bits, &iommu->info);
	if (ret)
		return dev_err_probe(dev, ret, "EL2 failed to enable it, its DMA is blocked\n");

	if (iommu->info & PKVM_IOMMU_INFO_DEAD)
		return dev_err_probe(dev, -EIO, "dead, unusable until the machine is reset\n");

	iommu->dev = dev;
	iommu->ias = FIELD_GET(PKVM_IOMMU_INFO_IAS, iommu->info);
	iommu->event_ops = event_ops;
	INIT_DEFERRABLE_WORK(&iommu->event_work, pkvm_iommu_event_work);
	ratelimit_state_init(&iommu->unknown_rs, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);

	return 0;
}

/**
 * pkvm_iommu_find() - find an IOMMU that EL2 drives
 * @fwnode: its firmware node
 *
 * Return: the IOMMU or NULL.
 */
struct pkvm_iommu *pkvm_iommu_find(const struct fwnode_handle *fwnode)
{
	struct pkvm_iommu *iommu;

	list_for_each_entry(iommu, &pkvm_iommus, node) {
		if (iommu->fwnode == fwnode)
			return iommu;
	}

	return NULL;
}

/**
 * pkvm_iommu_next() - iterate over the IOMMUs that EL2 drives
 * @iommu: the IOMMU before, or NULL for the first one
 *
 * Return: the next IOMMU, or NULL.
 */
struct pkvm_iommu *pkvm_iommu_next(struct pkvm_iommu *iommu)
{
	if (!iommu)
		return list_first_entry_or_null(&pkvm_iommus, struct pkvm_iommu,
						node);

	return list_is_last(&iommu->node, &pkvm_iommus) ? NULL :
							list_next_entry(iommu, node);
}

/**
 * pkvm_iommu_available() - does EL2 drive an IOMMU?
 *
 * Return: true if the host can give devices to VMs.
 */
bool pkvm_iommu_available(void)
{
	return !list_empty(&pkvm_iommus);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_available);
