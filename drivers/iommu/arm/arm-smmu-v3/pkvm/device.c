// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: devices and their streams.
 *
 * All streams of a device are attached to one domain, or to none. EL2 blocks
 * a stream until it is attached for the first time.
 */
#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../arm-smmu-v3.h"
#include "../../../dma-iommu.h"
#include "pkvm-smmu.h"

static u32 domain_handle(const struct iommu_domain *domain)
{
	if (!domain || domain->type == IOMMU_DOMAIN_BLOCKED)
		return PKVM_IOMMU_DOMAIN_BLOCKED;

	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return PKVM_IOMMU_DOMAIN_IDENTITY;

	return container_of_const(domain, struct pkvm_smmu_domain,
				  domain)->handle;
}

static int attach_one(struct pkvm_smmu *smmu, u32 sid, u32 handle)
{
	struct pkvm_smmu_need need = { .gfp = GFP_KERNEL };
	int ret;

	do {
		ret = pkvm_smmu_hyp_attach(smmu->id, sid, handle, &need.pages);
	} while (ret == -ENOMEM && pkvm_smmu_supply(&need));

	return ret;
}

/*
 * Cannot fail for the caller: all streams of a dead SMMU abort, and a stream
 * that is a VM's is out of the host's reach.
 */
static void block_streams(struct pkvm_smmu_master *master)
{
	unsigned int i;
	int ret;

	for (i = 0; i < master->nr_sids; i++) {
		ret = attach_one(master->smmu, master->sids[i],
				 PKVM_IOMMU_DOMAIN_BLOCKED);
		if (ret && ret != -EIO)
			dev_err(master->dev, "stream %#x not blocked (%pe)\n",
				master->sids[i], ERR_PTR(ret));
	}
}

/* The first @nr streams are on a new domain: put them where they were */
static void roll_back(struct pkvm_smmu_master *master, unsigned int nr,
		      const struct iommu_domain *old)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = attach_one(master->smmu, master->sids[i],
				 domain_handle(old));
		if (!ret)
			continue;

		dev_err(master->dev,
			"stream %#x cannot go back (%pe), blocking all\n",
			master->sids[i], ERR_PTR(ret));
		block_streams(master);
		return;
	}
}

static void set_domain(struct pkvm_smmu_master *master,
		       struct iommu_domain *domain)
{
	guard(mutex)(&master->smmu->streams_lock);
	master->domain = domain;
}

/**
 * pkvm_smmu_attach() - attach all streams of a device, or none
 * @master: the device
 * @domain: what to attach to
 * @old: what all its streams are attached to
 *
 * On failure the device is where it was, as the iommu core assumes, or blocked
 * if even that fails.
 *
 * Return: 0 or an errno.
 */
int pkvm_smmu_attach(struct pkvm_smmu_master *master,
		     struct iommu_domain *domain, struct iommu_domain *old)
{
	u32 handle = domain_handle(domain);
	unsigned int i;
	int ret;

	for (i = 0; i < master->nr_sids; i++) {
		ret = attach_one(master->smmu, master->sids[i], handle);
		if (!ret)
			continue;

		dev_err(master->dev, "stream %#x not attached (%pe)\n",
			master->sids[i], ERR_PTR(ret));
		roll_back(master, i, old);
		return ret;
	}

	set_domain(master, domain);
	return 0;
}

static int attach_dev_identity(struct iommu_domain *domain, struct device *dev,
			       struct iommu_domain *old)
{
	return pkvm_smmu_attach(dev_iommu_priv_get(dev), domain, old);
}

static int attach_dev_blocked(struct iommu_domain *domain, struct device *dev,
			      struct iommu_domain *old)
{
	struct pkvm_smmu_master *master = dev_iommu_priv_get(dev);

	block_streams(master);
	set_domain(master, domain);

	return 0;
}

static struct iommu_domain pkvm_smmu_identity_domain = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &(const struct iommu_domain_ops) {
		.attach_dev = attach_dev_identity,
	},
};

static struct iommu_domain pkvm_smmu_blocked_domain = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &(const struct iommu_domain_ops) {
		.attach_dev = attach_dev_blocked,
	},
};

static int cmp_sid(const void *l, const void *r)
{
	return cmp_int(*(const u32 *)l, *(const u32 *)r);
}

/* Several firmware entries or PCI aliases may name one stream */
static struct pkvm_smmu_master *master_alloc(const struct iommu_fwspec *fwspec)
{
	struct pkvm_smmu_master *master;
	unsigned int i, nr = 0;

	master = kzalloc_flex(*master, sids, fwspec->num_ids);
	if (!master)
		return NULL;

	master->nr_sids = fwspec->num_ids;
	memcpy(master->sids, fwspec->ids, flex_array_size(master, sids,
							  fwspec->num_ids));
	sort(master->sids, master->nr_sids, sizeof(*master->sids), cmp_sid,
	     NULL);
	for (i = 0; i < master->nr_sids; i++) {
		if (!nr || master->sids[nr - 1] != master->sids[i])
			master->sids[nr++] = master->sids[i];
	}
	master->nr_sids = nr;

	return master;
}

static int add_stream(struct pkvm_smmu_master *master, u32 sid)
{
	struct pkvm_smmu *smmu = master->smmu;
	struct pkvm_smmu_master *other;
	int ret;

	if ((u64)sid >> smmu->sid_bits) {
		dev_err(master->dev, "stream %#x is beyond the %u bits of %s\n",
			sid, smmu->sid_bits, dev_name(smmu->dev));
		return -ERANGE;
	}

	ret = xa_insert(&smmu->streams, sid, master, GFP_KERNEL);
	if (ret == -EBUSY) {
		other = xa_load(&smmu->streams, sid);
		dev_err(master->dev, "stream %#x is already %s's\n", sid,
			dev_name(other->dev));
		return -ENODEV;
	}

	return ret;
}

static void remove_streams(struct pkvm_smmu_master *master, unsigned int nr)
{
	guard(mutex)(&master->smmu->streams_lock);
	while (nr--)
		xa_erase(&master->smmu->streams, master->sids[nr]);
}

static int add_streams(struct pkvm_smmu_master *master)
{
	unsigned int i;
	int ret = 0;

	scoped_guard(mutex, &master->smmu->streams_lock) {
		for (i = 0; i < master->nr_sids && !ret; i++)
			ret = add_stream(master, master->sids[i]);
	}
	if (ret)
		remove_streams(master, i - 1);

	return ret;
}

static struct iommu_device *pkvm_smmu_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct pkvm_smmu_master *master;
	struct pkvm_smmu *smmu;
	int ret;

	smmu = pkvm_smmu_find(fwspec->iommu_fwnode);
	if (!smmu || !smmu->dev || !fwspec->num_ids)
		return ERR_PTR(-ENODEV);

	master = master_alloc(fwspec);
	if (!master)
		return ERR_PTR(-ENOMEM);

	master->dev = dev;
	master->smmu = smmu;
	ratelimit_state_init(&master->rs, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);

	ret = add_streams(master);
	if (ret) {
		kfree(master);
		return ERR_PTR(ret);
	}
	dev_iommu_priv_set(dev, master);

	return &smmu->iommu;
}

/* The core attached release_domain before, so all streams are blocked */
static void pkvm_smmu_release_device(struct device *dev)
{
	struct pkvm_smmu_master *master = dev_iommu_priv_get(dev);

	remove_streams(master, master->nr_sids);
	kfree(master);
}

static struct iommu_group *pkvm_smmu_device_group(struct device *dev)
{
	return dev_is_pci(dev) ? pci_device_group(dev) :
				 generic_device_group(dev);
}

static int pkvm_smmu_of_xlate(struct device *dev,
			      const struct of_phandle_args *args)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	if (args->args_count != 1)
		return -EINVAL;

	/* The core only checks that both have the same driver */
	if (fwspec->iommu_fwnode != of_fwnode_handle(args->np)) {
		dev_err(dev, "streams of more than one SMMU are not supported\n");
		return -EINVAL;
	}

	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static void pkvm_smmu_get_resv_regions(struct device *dev,
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

static bool pkvm_smmu_capable(struct device *dev, enum iommu_cap cap)
{
	struct pkvm_smmu_master *master = dev_iommu_priv_get(dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		/* As the stock driver: walks and transactions go together */
		return master->smmu->info & PKVM_IOMMU_INFO_COHERENT;
	default:
		return false;
	}
}

const struct iommu_ops pkvm_smmu_ops = {
	.capable		= pkvm_smmu_capable,
	.probe_device		= pkvm_smmu_probe_device,
	.release_device		= pkvm_smmu_release_device,
	.device_group		= pkvm_smmu_device_group,
	.of_xlate		= pkvm_smmu_of_xlate,
	.get_resv_regions	= pkvm_smmu_get_resv_regions,
	.domain_alloc_paging	= pkvm_smmu_domain_alloc_paging,
	.identity_domain	= &pkvm_smmu_identity_domain,
	.blocked_domain		= &pkvm_smmu_blocked_domain,
	.release_domain		= &pkvm_smmu_blocked_domain,
	.default_domain_ops	= &pkvm_smmu_paging_ops,
	.owner			= THIS_MODULE,
};
