// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the iommu_ops, with which the iommu core handles devices.
 */
#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../dma-iommu.h"
#include "host.h"

/* IOVAs to which the iommu core maps doorbells of MSIs, the same as in arm-smmu-v3.c */
#define MSI_IOVA_BASE		0x8000000
#define MSI_IOVA_LENGTH		0x100000

static int attach_dev_identity(struct iommu_domain *domain, struct device *dev,
			       struct iommu_domain *old)
{
	return pkvm_iommu_attach(dev_iommu_priv_get(dev), domain, old);
}

static int attach_dev_blocked(struct iommu_domain *domain, struct device *dev,
			      struct iommu_domain *old)
{
	pkvm_iommu_block(dev_iommu_priv_get(dev), domain);
	return 0;
}

static struct iommu_domain pkvm_iommu_identity_domain = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &(const struct iommu_domain_ops) {
		.attach_dev = attach_dev_identity,
	},
};

static struct iommu_domain pkvm_iommu_blocked_domain = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &(const struct iommu_domain_ops) {
		.attach_dev = attach_dev_blocked,
	},
};

static struct iommu_device *pkvm_iommu_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct pkvm_iommu_master *master;
	struct pkvm_iommu *iommu;
	int ret;

	iommu = pkvm_iommu_find(fwspec->iommu_fwnode);
	if (!iommu || !iommu->dev || !fwspec->num_ids)
		return ERR_PTR(-ENODEV);

	master = kzalloc_flex(*master, streams, fwspec->num_ids);
	if (!master)
		return ERR_PTR(-ENOMEM);

	master->dev = dev;
	master->iommu = iommu;
	ratelimit_state_init(&master->rs, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);

	ret = pkvm_iommu_add_streams(master, fwspec);
	if (ret) {
		kfree(master);
		return ERR_PTR(ret);
	}
	dev_iommu_priv_set(dev, master);

	return &iommu->core;
}

/*
 * The core has attached release_domain before, so all streams are blocked. If firmware
 * demands direct mappings for the device, they are in the identity domain, and stay there.
 */
static void pkvm_iommu_release_device(struct device *dev)
{
	struct pkvm_iommu_master *master = dev_iommu_priv_get(dev);

	pkvm_iommu_remove_streams(master);
	kfree(master);
}

static struct iommu_group *pkvm_iommu_device_group(struct device *dev)
{
	struct pkvm_iommu_master *master = dev_iommu_priv_get(dev);
	struct iommu_group *group;

	group = dev_is_pci(dev) ? pci_device_group(dev) :
				  generic_device_group(dev);
	if (!IS_ERR(group) && !pkvm_iommu_streams_in_group(master, group)) {
		iommu_group_put(group);
		return ERR_PTR(-ENODEV);
	}

	return group;
}

static int pkvm_iommu_of_xlate(struct device *dev,
			       const struct of_phandle_args *args)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	if (args->args_count != 1)
		return -EINVAL;

	/* The core only checks that the IOMMUs of all streams have the same driver */
	if (fwspec->iommu_fwnode != of_fwnode_handle(args->np)) {
		dev_err(dev, "firmware puts it behind %pfw and %pOF, but a device can be behind only one IOMMU\n",
			fwspec->iommu_fwnode, args->np);
		return -EINVAL;
	}

	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static void pkvm_iommu_get_resv_regions(struct device *dev,
					struct list_head *head)
{
	int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(MSI_IOVA_BASE, MSI_IOVA_LENGTH, prot,
					 IOMMU_RESV_SW_MSI, GFP_KERNEL);
	if (!region)
		return;

	list_add_tail(&region->list, head);
	iommu_dma_get_resv_regions(dev, head);
}

static bool pkvm_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		/* EL2 cleans tables for an SMMU that does not snoop: only the device counts */
		return dev_is_dma_coherent(dev);
	case IOMMU_CAP_DEFERRED_FLUSH:
		return true;
	default:
		return false;
	}
}

/*
 * identity_default: in EL2's identity domain a device reaches only memory that the host
 * owns, and the DMA API makes no hypercalls.
 */
const struct iommu_ops pkvm_iommu_ops = {
	.identity_default	= IS_ENABLED(CONFIG_PKVM_IOMMU_IDENTITY),
	.capable		= pkvm_iommu_capable,
	.probe_device		= pkvm_iommu_probe_device,
	.release_device		= pkvm_iommu_release_device,
	.device_group		= pkvm_iommu_device_group,
	.of_xlate		= pkvm_iommu_of_xlate,
	.get_resv_regions	= pkvm_iommu_get_resv_regions,
	.domain_alloc_paging	= pkvm_iommu_domain_alloc_paging,
	.identity_domain	= &pkvm_iommu_identity_domain,
	.blocked_domain		= &pkvm_iommu_blocked_domain,
	.release_domain		= &pkvm_iommu_blocked_domain,
	.default_domain_ops	= &pkvm_iommu_paging_ops,
	.owner			= THIS_MODULE,
};
