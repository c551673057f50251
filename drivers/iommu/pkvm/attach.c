// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: attaching the streams of a device to a domain.
 *
 * The driver attaches all streams of a device to the same domain. EL2 blocks a stream
 * until the driver attaches it for the first time.
 *
 * PCI devices behind a bridge share the stream of the bridge. The iommu core attaches the
 * devices of a group one after the other: the driver moves a shared stream with the first
 * of them, and blocks it with the last.
 *
 * The driver cannot attach a stream that a VM owns. The iommu core may want to attach it
 * nevertheless, because user space has closed the device or the device is removed. The
 * driver then records the domain, and attaches the stream when the VM has returned it,
 * see assign.c.
 */
#include <linux/gfp.h>

#include "host.h"

static u32 domain_handle(const struct iommu_domain *domain)
{
	if (!domain || domain->type == IOMMU_DOMAIN_BLOCKED)
		return PKVM_IOMMU_DOMAIN_BLOCKED;

	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return PKVM_IOMMU_DOMAIN_IDENTITY;

	return container_of_const(domain, struct pkvm_iommu_domain,
				  domain)->handle;
}

/**
 * pkvm_iommu_attach_stream_locked() - attach a stream that the host owns
 * @iommu: the IOMMU
 * @stream: the stream
 * @handle: handle of the domain at EL2
 *
 * Context: lock of the stream held.
 * Return: 0 or an errno.
 */
int pkvm_iommu_attach_stream_locked(struct pkvm_iommu *iommu,
				    struct pkvm_iommu_stream *stream, u32 handle)
{
	struct pkvm_iommu_need need = { .gfp = GFP_KERNEL };
	int ret;

	lockdep_assert_held(&stream->lock);

	/* No need to attach the stream again, which would block its DMA for a moment */
	if (stream->handle == handle)
		return 0;

	do {
		ret = pkvm_iommu_hyp_attach(iommu->id, stream->sid, handle,
					    &need.pages);
	} while (ret == -ENOMEM && pkvm_iommu_supply(&need));

	if (!ret)
		stream->handle = handle;
	else if (ret == -EIO)
		stream->handle = PKVM_IOMMU_DOMAIN_BLOCKED;

	return ret;
}

static int attach_stream(struct pkvm_iommu *iommu,
			 struct pkvm_iommu_stream *stream, u32 handle)
{
	guard(mutex)(&stream->lock);
	if (stream->vm) {
		stream->handle = handle;
		return 0;
	}

	return pkvm_iommu_attach_stream_locked(iommu, stream, handle);
}

/* Does another device of the group use the stream in a domain that is not blocked? */
static bool used_by_other(struct pkvm_iommu_stream_user *user)
{
	struct pkvm_iommu_stream_user *other;

	guard(mutex)(&user->master->iommu->streams_lock);
	list_for_each_entry(other, &user->stream->users, node) {
		if (other != user && other->master->domain &&
		    other->master->domain->type != IOMMU_DOMAIN_BLOCKED)
			return true;
	}

	return false;
}

static void set_domain(struct pkvm_iommu_master *master,
		       struct iommu_domain *domain)
{
	guard(mutex)(&master->iommu->streams_lock);
	master->domain = domain;
}

/**
 * pkvm_iommu_block() - block the streams of a device, except those in use by others
 * @master: the device
 * @domain: the domain to record for the device: the blocked domain, or the former domain
 *	if the device could not be attached to it again
 *
 * A stream stays attached while another device of the group has it in a domain that is
 * not blocked. If a VM owns the stream, the driver only records that it is to be blocked.
 *
 * Returns no error, since the iommu core could not handle one. Does not log -EIO: the
 * IOMMU is dead then, which event.c logs.
 */
void pkvm_iommu_block(struct pkvm_iommu_master *master,
		      struct iommu_domain *domain)
{
	struct pkvm_iommu_stream *stream;
	unsigned int i;
	int ret;

	for (i = 0; i < master->nr_streams; i++) {
		stream = master->streams[i].stream;
		if (used_by_other(&master->streams[i]))
			continue;

		ret = attach_stream(master->iommu, stream,
				    PKVM_IOMMU_DOMAIN_BLOCKED);
		if (ret && ret != -EIO)
			dev_err(master->dev, "EL2 failed to block stream %#x (%pe)\n",
				stream->sid, ERR_PTR(ret));
	}

	set_domain(master, domain);
}

/* Attach the first @nr streams to their former domain again */
static void roll_back(struct pkvm_iommu_master *master, unsigned int nr,
		      struct iommu_domain *old)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = attach_stream(master->iommu, master->streams[i].stream,
				    domain_handle(old));
		if (!ret)
			continue;

		dev_err(master->dev,
			"EL2 failed to attach stream %#x to its former domain again (%pe), blocking all streams that no other device uses\n",
			master->streams[i].stream->sid, ERR_PTR(ret));
		pkvm_iommu_block(master, old);
		return;
	}
}

static bool is_owned_by_vm(struct pkvm_iommu_master *master)
{
	unsigned int i;

	guard(mutex)(&master->iommu->streams_lock);
	for (i = 0; i < master->nr_streams; i++) {
		if (master->streams[i].stream->vm)
			return true;
	}

	return false;
}

/**
 * pkvm_iommu_attach() - attach all streams of a device, or none
 * @master: the device
 * @domain: the new domain
 * @old: the domain to which all its streams are attached
 *
 * On failure the device remains attached to @old, as the iommu core expects, or is
 * blocked if even that fails.
 *
 * Return: 0, -EBUSY if a VM owns a stream of the device and @domain is not the default
 * domain, or another errno.
 */
int pkvm_iommu_attach(struct pkvm_iommu_master *master,
		      struct iommu_domain *domain, struct iommu_domain *old)
{
	u32 handle = domain_handle(domain);
	unsigned int i;
	int ret;

	if (is_owned_by_vm(master) &&
	    domain != iommu_get_dma_domain(master->dev))
		return -EBUSY;

	for (i = 0; i < master->nr_streams; i++) {
		ret = attach_stream(master->iommu, master->streams[i].stream,
				    handle);
		if (!ret)
			continue;

		dev_err(master->dev, "EL2 failed to attach stream %#x (%pe)\n",
			master->streams[i].stream->sid, ERR_PTR(ret));
		roll_back(master, i, old);
		return ret;
	}

	set_domain(master, domain);
	return 0;
}
