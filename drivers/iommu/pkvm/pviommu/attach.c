// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: attaching the streams of a device.
 *
 * The driver attaches all streams of a device to the same domain, or none.
 *
 * The driver offers no identity domain: it would let devices reach all memory of the
 * guest, and EL2 would have to pin all of it. The guest must choose what a device reaches.
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

/* Set the domain whose fault handler events.c calls. The domain exists while it is set. */
static void set_domain(struct pviommu_master *master,
		       struct iommu_domain *domain)
{
	guard(mutex)(&master->pviommu->lock);
	master->domain = domain;
}

/* Detach all streams, which blocks them. Continues after an error and returns the first. */
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

/* Attach all streams. After an error the device is blocked. */
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
			"EL2 refused to attach vSID %#x of pvIOMMU %u (%pe): the VM has no such vSID, it is attached already, or the SMMU failed or has no VMID or ASID left\n",
			master->streams[i].vsid, master->pviommu->id, ERR_PTR(ret));
		detach_streams(master);
		return ret;
	}
	set_domain(master, domain);

	return 0;
}

/**
 * pviommu_attach_dev() - iommu_domain_ops.attach_dev of paging domains
 * @domain: the new domain
 * @dev: the device
 * @old: the former domain
 *
 * EL2 refuses to attach a stream that is attached, so the device is blocked in between. If
 * EL2 refuses a stream, the driver attaches the device to @old again, or leaves it blocked
 * if even that fails.
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
		dev_err(dev, "not attached to its former domain again; all DMA is blocked\n");

	return -ENODEV;
}

static int pviommu_attach_blocked(struct iommu_domain *domain,
				  struct device *dev, struct iommu_domain *old)
{
	return detach_streams(dev_iommu_priv_get(dev)) ? -ENODEV : 0;
}

/* For a device that is removed, or that a user owns and has not given a domain yet */
struct iommu_domain pviommu_blocked_domain = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= pviommu_attach_blocked,
	},
};
