// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: pvIOMMUs and devices.
 *
 * The VMM gives each stream of an assigned device a virtual stream ID (vSID) on a pvIOMMU.
 * EL2 knows the physical stream of each vSID, blocks it until the guest attaches it to a
 * domain, and checks each mapping. So the guest need not trust the host or the VMM.
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
 * The core calls this when it probes a device, and when the user writes the type of its
 * group in sysfs. For the type "identity" the core then returns an error to the user.
 */
static int pviommu_def_domain_type(struct device *dev)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	/* A device is attached if the user writes a type, which the core does not pass on */
	if (!iommu_default_passthrough() && !master->streams[0].attached)
		return 0;	/* DMA or DMA-FQ, as iommu.strict= says */

	dev_info(dev,
		 "only DMA domains are supported: passthrough (identity) would open all memory of the guest to the device\n");

	return IOMMU_DOMAIN_DMA;
}

static bool pviommu_capable(struct device *dev, enum iommu_cap cap)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		/*
		 * The guest cannot find out whether the DMA of a device snoops. The VMM can,
		 * and sets dma-coherent in the node of a device whose DMA does.
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
 * Does the VM have a stream with this vSID? An attach would fail as well if not, but then
 * the core would fail all devices of the pvIOMMU, not just this one.
 */
static bool stream_exists(struct pviommu_master *master, u32 vsid)
{
	u64 pviommu = master->pviommu->id;
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(PVIOMMU_DEV_REQ_DMA_FUNC_ID, pviommu, (u64)vsid,
			  &res);

	/* Firmware that knows the machine uses the token in @res; this driver does not */
	return pviommu_errno(&res) != -EINVAL;
}

/*
 * Make a stream the device's. Two devices cannot share a stream, since EL2 can attach it
 * to only one domain. After -ENODEV the core fails only this device, after another errno
 * all devices of the pvIOMMU.
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
			"vSID %#x of pvIOMMU %u already belongs to %s; all DMA is blocked\n",
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

	/* No reference is needed: the driver of a pvIOMMU cannot be unbound */
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

/* The core has attached the device to the blocked domain before */
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

/* Add a vSID to those of the device, unless the device tree has named it before */
static int pviommu_of_xlate(struct device *dev,
			    const struct of_phandle_args *args)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	unsigned int i;

	if (fwspec->iommu_fwnode != of_fwnode_handle(args->np)) {
		dev_err(dev,
			"its iommus property names %pfw and %pOF, but all streams of a device must be behind one pvIOMMU; all DMA is blocked\n",
			fwspec->iommu_fwnode, args->np);
		return -EINVAL;
	}

	for (i = 0; i < fwspec->num_ids; i++)
		if (fwspec->ids[i] == args->args[0])
			return 0;

	return iommu_fwspec_add_ids(dev, args->args, 1);
}

/*
 * get_resv_regions reports no window for MSIs: EL2 maps no interrupt controller into a
 * domain of a VM, and platform devices do not need that.
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
 * pkvm_pviommu_has_device() - is a device behind a pvIOMMU?
 * @dev: the device, or NULL
 *
 * Such a device reaches only what this driver maps for it, which may be private memory.
 *
 * Return: true if it is.
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
				     "this kernel cannot call a hypervisor by HVC\n");

	pviommu = devm_kzalloc(dev, sizeof(*pviommu), GFP_KERNEL);
	if (!pviommu)
		return -ENOMEM;

	pviommu->dev = dev;
	xa_init(&pviommu->streams);
	mutex_init(&pviommu->lock);

	ret = of_property_read_u32(dev->of_node, "id", &pviommu->id);
	if (ret)
		return dev_err_probe(dev, ret, "its node has no valid property \"id\"\n");

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
		dev_warn(dev, "faults of its devices will not be logged (%pe)\n",
			 ERR_PTR(ret));

	dev_info(dev, "pvIOMMU %u, %u-bit DMA addresses, page sizes %#llx\n",
		 pviommu->id, pviommu->input_bits, pviommu->pgsize_bitmap);

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
