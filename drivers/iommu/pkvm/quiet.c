// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: assignable devices that have no stream.
 *
 * Such a device does no DMA, so VFIO cannot have it, but a protected VM that gets its
 * group gets its registers too. Any driver of the host would crash then. While a VM
 * has the group, the device is bound to a driver that does nothing with it.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "host.h"

/**
 * struct quiet_device - an assignable device without streams
 * @node: entry in the list of all
 * @np: its node
 * @group: its group
 * @dev: the device while it is bound to the driver of this file, with a reference;
 *	guarded by the lock of the group
 */
struct quiet_device {
	struct list_head	node;
	struct device_node	*np;
	unsigned int		group;
	struct device		*dev;
};

/* Made at boot, constant after that */
static LIST_HEAD(quiet_devices);

/* Matches nothing by itself, and user space cannot unbind it */
static struct platform_driver quiet_driver = {
	.driver	= {
		.name			= "pkvm-assigned",
		.suppress_bind_attrs	= true,
	},
};

/**
 * pkvm_iommu_note_quiet() - the device tree has an assignable device without streams
 * @np: its node
 * @group: its group
 *
 * Return: 0 or -ENOMEM.
 */
int __init pkvm_iommu_note_quiet(struct device_node *np, unsigned int group)
{
	struct quiet_device *quiet = kzalloc_obj(*quiet);

	if (!quiet)
		return -ENOMEM;
	quiet->np = of_node_get(np);
	quiet->group = group;
	list_add_tail(&quiet->node, &quiet_devices);

	return 0;
}

/**
 * pkvm_iommu_quiet_init() - get ready to keep drivers off such devices
 *
 * Return: 0 or an errno.
 */
int __init pkvm_iommu_quiet_init(void)
{
	return list_empty(&quiet_devices) ? 0 :
	       platform_driver_register(&quiet_driver);
}

static int claim(struct quiet_device *quiet)
{
	struct device *dev = get_dev_from_fwnode(of_fwnode_handle(quiet->np));

	/* No driver can have what is no device */
	if (!dev)
		return 0;

	if (dev->bus != &platform_bus_type ||
	    device_driver_attach(&quiet_driver.driver, dev)) {
		dev_warn_ratelimited(dev, "in use by the host, no VM gets its group\n");
		put_device(dev);
		return -EBUSY;
	}
	quiet->dev = dev;

	return 0;
}

/**
 * pkvm_iommu_release_quiet() - drivers may have the devices of a group again
 * @group: the group, locked; the host has its registers
 */
void pkvm_iommu_release_quiet(unsigned int group)
{
	struct quiet_device *quiet;

	list_for_each_entry(quiet, &quiet_devices, node) {
		if (quiet->group != group || !quiet->dev)
			continue;
		device_release_driver(quiet->dev);
		put_device(quiet->dev);
		quiet->dev = NULL;
	}
}

/**
 * pkvm_iommu_claim_quiet() - keep drivers off the devices of a group without streams
 * @group: the group, locked
 *
 * Return: 0, or -EBUSY: a driver has one of them; nothing changed then.
 */
int pkvm_iommu_claim_quiet(unsigned int group)
{
	struct quiet_device *quiet;

	list_for_each_entry(quiet, &quiet_devices, node) {
		if (quiet->group == group && claim(quiet)) {
			pkvm_iommu_release_quiet(group);
			return -EBUSY;
		}
	}

	return 0;
}
