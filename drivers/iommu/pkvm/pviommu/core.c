// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: pvIOMMUs and devices.
 *
 * The VMM gives each stream of an assigned device a virtual stream ID (vSID)
 * behind a pvIOMMU. EL2 knows which physical stream that is, blocks it until
 * the guest attaches it to a domain, and checks each mapping, so the guest
 * trusts neither the host nor the VMM with its memory.
 */
#include <linux/dma-map-ops.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "../../dma-iommu.h"
#include "pviommu.h"

static struct iommu_domain *pviommu_domain_alloc_paging(struct device *dev)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	return pviommu_domain_alloc(master->pviommu);
}

/*
 * Asked when a device is probed, and when the type of its group is written in
 * sysfs, which fails for identity.
 */
static int pviommu_def_domain_type(struct device *dev)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	/* The core does not say which type was written: attached means that it is */
	if (!iommu_default_passthrough() && !master->streams[0].attached)
		return 0;	/* with or without a flush queue: iommu.strict */

	dev_info(dev,
		 "DMA domains only: passthrough (identity) would open all memory of the guest to the device\n");

	return IOMMU_DOMAIN_DMA;
}

static bool pviommu_capable(struct device *dev, enum iommu_cap cap)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		/*
		 * Only the VMM knows the SMMU and the interconnect, and
		 * says so by dma-coherent in the device's node.
		 */
		return dev_is_dma_coherent(dev);
	case IOMMU_CAP_NOEXEC:
		return true;
	case IOMMU_CAP_DEFERRED_FLUSH:
		return master->pviommu->features & PVIOMMU_FEATURE_UNMAP_LIST;
	default:
		return false;
	}
}

static void forget_streams(struct pviommu_master *master, unsigned int nr)
{
	guard(mutex)(&master->pviommu->lock);
	while (nr--)
		xa_erase(&master->pviommu->streams, master->streams[nr].vsid);
}

/*
 * Does EL2 know the stream? Attaching one that it does not would fail too, but
 * only when it takes all other devices of the pvIOMMU down with it.
 */
static bool stream_exists(struct pviommu_master *master, u32 vsid)
{
	u64 pviommu = master->pviommu->id;
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(PVIOMMU_DEV_REQ_DMA_FUNC_ID, pviommu, (u64)vsid,
			  &res);

	/* The token in @res is for firmware that knows the machine */
	return pviommu_errno(&res) != -EINVAL;
}

/*
 * -ENODEV fails the device alone, any other errno all devices of the pvIOMMU.
 * A stream that two devices share cannot be on the domains of both.
 */
static int claim_stream(struct pviommu_master *master, u32 vsid)
{
	struct xarray *streams = &master->pviommu->streams;
	int ret;

	if (!stream_exists(master, vsid)) {
		dev_err(master->dev,
			"pvIOMMU %u of this VM has no vSID %#x; all DMA is blocked\n",
			master->pviommu->id, vsid);
		return -ENODEV;
	}

	ret = xa_insert(streams, vsid, master, GFP_KERNEL);
	if (ret == -EBUSY) {
		struct pviommu_master *other = xa_load(streams, vsid);

		dev_err(master->dev,
			"vSID %#x of pvIOMMU %u is already that of %s; all DMA is blocked\n",
			vsid, master->pviommu->id,
			dev_name(other->dev));
		return -ENODEV;
	}

	return ret;
}

static int claim_streams(struct pviommu_master *master)
{
	unsigned int i;
	int ret;

	for (i = 0; i < master->nr_streams; i++) {
		ret = claim_stream(master, master->streams[i].vsid);
		if (ret) {
			forget_streams(master, i);
			return ret;
		}
	}

	return 0;
}

static struct pviommu *pviommu_of_device(struct iommu_fwspec *fwspec)
{
	struct device *dev = bus_find_device_by_fwnode(&platform_bus_type,
						       fwspec->iommu_fwnode);

	/* It has no remove */
	put_device(dev);
	return dev ? dev_get_drvdata(dev) : NULL;
}

static struct iommu_device *pviommu_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct pviommu *pviommu = pviommu_of_device(fwspec);
	struct pviommu_master *master;
	unsigned int i;
	int ret;

	if (!pviommu || !fwspec->num_ids || pviommu_verify(pviommu, dev))
		return ERR_PTR(-ENODEV);

	master = kzalloc_flex(*master, streams, fwspec->num_ids);
	if (!master)
		return ERR_PTR(-ENOMEM);

	master->nr_streams = fwspec->num_ids;
	master->dev = dev;
	master->pviommu = pviommu;
	for (i = 0; i < master->nr_streams; i++)
		master->streams[i].vsid = fwspec->ids[i];

	ret = claim_streams(master);
	if (ret) {
		kfree(master);
		return ERR_PTR(ret);
	}
	dev_iommu_priv_set(dev, master);
	pviommu_private_pools(dev);

	return &pviommu->iommu;
}

/* The core has attached the blocked domain */
static void pviommu_release_device(struct device *dev)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	forget_streams(master, master->nr_streams);
	kfree(master);
}

static struct iommu_group *pviommu_device_group(struct device *dev)
{
	return dev_is_pci(dev) ? pci_device_group(dev) :
				 generic_device_group(dev);
}

/* Only collects; a vSID that is named twice is one stream. */
static int pviommu_of_xlate(struct device *dev,
			    const struct of_phandle_args *args)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	unsigned int i;

	if (fwspec->iommu_fwnode != of_fwnode_handle(args->np)) {
		dev_err(dev,
			"iommus names %pfw and %pOF, but all streams of a device must be behind one pvIOMMU; all DMA is blocked\n",
			fwspec->iommu_fwnode, args->np);
		return -EINVAL;
	}

	for (i = 0; i < fwspec->num_ids; i++)
		if (fwspec->ids[i] == args->args[0])
			return 0;

	return iommu_fwspec_add_ids(dev, args->args, 1);
}

/*
 * No window for MSIs: EL2 lets no device write to an interrupt controller
 * through a domain, and platform devices need not.
 */
static const struct iommu_ops pviommu_ops = {
	.capable		= pviommu_capable,
	.domain_alloc_paging	= pviommu_domain_alloc_paging,
	.probe_device		= pviommu_probe_device,
	.release_device		= pviommu_release_device,
	.device_group		= pviommu_device_group,
	.get_resv_regions	= iommu_dma_get_resv_regions,
	.of_xlate		= pviommu_of_xlate,
	.def_domain_type	= pviommu_def_domain_type,
	.blocked_domain		= &pviommu_blocked_domain,
	.release_domain		= &pviommu_blocked_domain,
	.owner			= THIS_MODULE,
};

/**
 * pkvm_pviommu_has_device() - whether a device does its DMA through a pvIOMMU
 * @dev: the device, or NULL
 *
 * Such a device reaches what this driver maps for it, private memory included,
 * and nothing else.
 *
 * Return: whether it is behind one.
 */
bool pkvm_pviommu_has_device(struct device *dev)
{
	return dev && dev->iommu && dev->iommu->iommu_dev &&
	       dev->iommu->iommu_dev->ops == &pviommu_ops;
}

static int pviommu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct pviommu *pviommu;
	int ret;

	if (arm_smccc_1_1_get_conduit() != SMCCC_CONDUIT_HVC)
		return dev_err_probe(dev, -ENODEV,
				     "no hypervisor to call by HVC\n");

	pviommu = devm_kzalloc(dev, sizeof(*pviommu), GFP_KERNEL);
	if (!pviommu)
		return -ENOMEM;

	pviommu->dev = dev;
	xa_init(&pviommu->streams);
	mutex_init(&pviommu->lock);

	ret = of_property_read_u32(dev->of_node, "id", &pviommu->id);
	if (ret)
		return dev_err_probe(dev, ret, "no usable id\n");

	ret = pviommu_features(pviommu);
	if (ret)
		return ret;

	platform_set_drvdata(pdev, pviommu);

	ret = iommu_device_sysfs_add(&pviommu->iommu, dev, NULL, "%s",
				     dev_name(dev));
	if (ret)
		return ret;

	ret = iommu_device_register(&pviommu->iommu, &pviommu_ops, dev);
	if (ret) {
		iommu_device_sysfs_remove(&pviommu->iommu);
		return ret;
	}

	ret = pviommu_events_init(pviommu, pdev);
	if (ret)
		dev_warn(dev, "faults will not be reported (%pe)\n",
			 ERR_PTR(ret));

	dev_info(dev, "pvIOMMU %u, %u bits, page sizes %#llx\n", pviommu->id,
		 pviommu->input_bits, pviommu->pgsize_bitmap);

	return 0;
}

static const struct of_device_id pviommu_of_match[] = {
	{ .compatible = "pkvm,pviommu" },
	{ }
};

static struct platform_driver pviommu_driver = {
	.probe	= pviommu_probe,
	.driver	= {
		.name			= "pkvm-pviommu",
		.of_match_table		= pviommu_of_match,
		.suppress_bind_attrs	= true,
	},
};
builtin_platform_driver(pviommu_driver);
