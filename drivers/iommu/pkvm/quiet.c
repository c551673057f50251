// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: keeps host drivers off assignable devices without streams.
 *
 * A device without streams does no DMA, so VFIO does not handle it. But if EL2 assigns its
 * group to a protected VM, the VM gets its registers, and a host driver that accesses them
 * would crash the kernel. So while a VM owns the group, the device is bound to the driver
 * of this file, which does not access it.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "host.h"

/**
 * struct quiet_device - an assignable device without streams
 * @node: entry in the list of all such devices
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

/* Filled at boot, constant after that, except for quiet_device.dev */
static LIST_HEAD(quiet_devices);

/* Without an ID table it binds to nothing by itself, and user space cannot unbind it */
static struct platform_driver quiet_driver = {
	.driver	= {
		.name			= "pkvm-assigned",
		.suppress_bind_attrs	= true,
	},
};

/**
 * pkvm_iommu_note_quiet() - record an assignable device without streams
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
 * pkvm_iommu_quiet_init() - register the driver for devices without streams
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

	/* The kernel made no device for the node, so no driver is bound to it */
	if (!dev)
		return 0;

	if (dev->bus != &platform_bus_type ||
	    device_driver_attach(&quiet_driver.driver, dev)) {
		dev_warn_ratelimited(dev, "in use by the host, which keeps its group from VMs: unbind its driver\n");
		put_device(dev);
		return -EBUSY;
	}
	quiet->dev = dev;

	return 0;
}

/**
 * pkvm_iommu_release_quiet() - let drivers bind to the devices of a group again
 * @group: the group, locked; the host owns its registers
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
 * pkvm_iommu_claim_quiet() - keep drivers off the devices without streams of a group
 * @group: the group, locked
 *
 * Return: 0, or -EBUSY if a driver is bound to one of them, after which nothing has changed.
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
