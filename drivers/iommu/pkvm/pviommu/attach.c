// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: attaching the streams of a device.
 *
 * All streams of a device are attached to one domain, or to none.
 *
 * There is no identity domain: all memory of the guest would be open to its
 * devices, and EL2 would have to pin all of it. A protected guest must choose
 * what a device sees.
 */
#include <linux/device.h>

#include "pviommu.h"

static int attach_stream(struct pviommu_master *master,
			 struct pviommu_stream *stream, u64 handle)
{
	struct arm_smccc_res res;
	int ret;

	ret = pviommu_call(PVIOMMU_OP_ATTACH_DEV, master->pviommu->id,
			   stream->vsid, 0, handle, 0, &res);
	if (!ret) {
		stream->handle = handle;
		stream->attached = true;
	}

	return ret;
}

/* Whose handler is told of a fault; it is set while the domain cannot go */
static void set_domain(struct pviommu_master *master,
		       struct iommu_domain *domain)
{
	guard(mutex)(&master->pviommu->lock);
	master->domain = domain;
}

/* Block all streams; go on after an error, and return the first one */
static int detach_streams(struct pviommu_master *master)
{
	struct arm_smccc_res res;
	unsigned int i;
	int first = 0;
	int ret;

	set_domain(master, NULL);
	for (i = 0; i < master->nr_streams; i++) {
		struct pviommu_stream *stream = &master->streams[i];

		if (!stream->attached)
			continue;

		ret = pviommu_call(PVIOMMU_OP_DETACH_DEV, master->pviommu->id,
				   stream->vsid, 0, stream->handle, 0, &res);
		if (!ret) {
			stream->attached = false;
			continue;
		}
		dev_err(master->dev,
			"EL2 refused to detach vSID %#x of pvIOMMU %u (%pe)\n",
			stream->vsid, master->pviommu->id, ERR_PTR(ret));
		first = first ?: ret;
	}

	return first;
}

/* All streams, or none and the device is blocked */
static int attach_streams(struct pviommu_master *master,
			  struct iommu_domain *domain)
{
	u64 handle = to_pviommu_domain(domain)->handle;
	unsigned int i;
	int ret;

	for (i = 0; i < master->nr_streams; i++) {
		ret = attach_stream(master, &master->streams[i], handle);
		if (!ret)
			continue;

		dev_err(master->dev,
			"EL2 refused to attach vSID %#x of pvIOMMU %u (%pe): vSID not this VM's, attached already, or no room at the SMMU\n",
			master->streams[i].vsid, master->pviommu->id, ERR_PTR(ret));
		detach_streams(master);
		return ret;
	}
	set_domain(master, domain);

	return 0;
}

/**
 * pviommu_attach_dev() - iommu_domain_ops.attach_dev of paging domains
 * @domain: what to attach
 * @dev: to which device
 * @old: where it is now, as the iommu core believes; its streams know better
 *
 * EL2 replaces nothing, so the device is blocked in between. If one of its
 * streams is refused it goes back, or stays blocked if even that fails.
 *
 * Return: 0 or an errno.
 */
int pviommu_attach_dev(struct iommu_domain *domain, struct device *dev,
		       struct iommu_domain *old)
{
	struct pviommu_master *master = dev_iommu_priv_get(dev);

	if (detach_streams(master))
		return -ENODEV;
	if (!attach_streams(master, domain))
		return 0;

	if (!old || !(old->type & __IOMMU_DOMAIN_PAGING) ||
	    attach_streams(master, old))
		dev_err(dev, "all DMA is blocked\n");

	return -ENODEV;
}

static int pviommu_attach_blocked(struct iommu_domain *domain,
				  struct device *dev, struct iommu_domain *old)
{
	return detach_streams(dev_iommu_priv_get(dev)) ? -ENODEV : 0;
}

/* What the iommu core attaches a device to that nobody uses */
struct iommu_domain pviommu_blocked_domain = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= pviommu_attach_blocked,
	},
};
