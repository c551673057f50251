// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: assigning streams to VMs, and their return.
 *
 * EL2 decides who owns a stream. Here the driver only records the owner, so as not to ask
 * EL2 to attach a stream that a VM owns. When the stream returns, the driver attaches it.
 */
#include "host.h"

/**
 * pkvm_iommu_assign_stream() - record that EL2 is about to assign a stream to a VM
 * @master: the device
 * @index: index of the stream in @master
 * @vm: pKVM handle of the VM
 *
 * Until pkvm_iommu_return_stream() the driver does not attach the stream. All streams of a
 * device that are assigned are assigned to the same VM.
 *
 * Return: 0, -EACCES (the device is not in the blocking domain) or -EBUSY (the stream is
 * assigned, or another stream of the device is assigned to another VM).
 */
int pkvm_iommu_assign_stream(struct pkvm_iommu_master *master, unsigned int index,
			     pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream = master->streams[index].stream;
	pkvm_handle_t owner;
	unsigned int i;

	guard(mutex)(&stream->lock);
	guard(mutex)(&master->iommu->streams_lock);

	if (!master->domain || master->domain->type != IOMMU_DOMAIN_BLOCKED ||
	    stream->handle != PKVM_IOMMU_DOMAIN_BLOCKED)
		return -EACCES;

	for (i = 0; i < master->nr_streams; i++) {
		owner = master->streams[i].stream->vm;
		if (owner && (owner != vm || i == index))
			return -EBUSY;
	}
	stream->vm = vm;

	return 0;
}

/**
 * pkvm_iommu_return_stream() - record that the host owns a stream again
 * @iommu: the IOMMU
 * @stream: the stream, blocked at EL2; this function may free it
 *
 * Attaches the stream to the domain that the iommu core has chosen meanwhile.
 */
void pkvm_iommu_return_stream(struct pkvm_iommu *iommu,
			      struct pkvm_iommu_stream *stream)
{
	u32 handle;
	int ret;

	kref_get(&stream->ref);
	scoped_guard(mutex, &stream->lock) {
		handle = stream->handle;
		stream->handle = PKVM_IOMMU_DOMAIN_BLOCKED;
		ret = pkvm_iommu_attach_stream_locked(iommu, stream, handle);
		if (ret)
			dev_err(iommu->dev, "EL2 failed to attach stream %#x after a VM had it (%pe), it stays blocked\n",
				stream->sid, ERR_PTR(ret));

		guard(mutex)(&iommu->streams_lock);
		stream->vm = 0;
		stream->named = false;
		pkvm_iommu_drop_stream(iommu, stream);
	}
	pkvm_iommu_put_stream(stream);
}

static bool is_blocked(struct pkvm_iommu_stream *stream)
{
	struct pkvm_iommu_stream_user *user;

	list_for_each_entry(user, &stream->users, node) {
		struct iommu_domain *domain = user->master->domain;

		if (!domain || domain->type != IOMMU_DOMAIN_BLOCKED)
			return false;
	}

	return stream->handle == PKVM_IOMMU_DOMAIN_BLOCKED;
}

/**
 * pkvm_iommu_assign_sid() - pkvm_iommu_assign_stream() for a stream of a group
 * @iommu: the IOMMU
 * @sid: the stream ID
 * @vm: pKVM handle of the VM
 *
 * A stream that no device uses may have no record. If a device is added later,
 * get_stream() makes a record with the owner of the group.
 *
 * Return: 0, -EACCES (a device is not in the blocking domain, or a removed device left
 * the stream in the identity domain) or -EBUSY (the stream is assigned).
 */
int pkvm_iommu_assign_sid(struct pkvm_iommu *iommu, u32 sid, pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream = pkvm_iommu_find_stream(iommu, sid);
	int ret = 0;

	if (!stream)
		return 0;

	scoped_guard(mutex, &stream->lock) {
		guard(mutex)(&iommu->streams_lock);
		if (stream->vm)
			ret = -EBUSY;
		else if (!is_blocked(stream))
			ret = -EACCES;
		if (!ret)
			stream->vm = vm;
	}
	pkvm_iommu_put_stream(stream);

	return ret;
}

/**
 * pkvm_iommu_return_sid() - undo pkvm_iommu_assign_sid()
 * @iommu: the IOMMU
 * @sid: the stream ID
 * @vm: pKVM handle of the VM
 */
void pkvm_iommu_return_sid(struct pkvm_iommu *iommu, u32 sid, pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream = pkvm_iommu_find_stream(iommu, sid);

	if (!stream)
		return;
	if (READ_ONCE(stream->vm) == vm)
		pkvm_iommu_return_stream(iommu, stream);
	pkvm_iommu_put_stream(stream);
}

/**
 * pkvm_iommu_lose_sid() - record that EL2 keeps a stream for ever
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * As for a stream that a VM owns, the driver does not attach it any more.
 */
void pkvm_iommu_lose_sid(struct pkvm_iommu *iommu, u32 sid)
{
	struct pkvm_iommu_stream *stream = pkvm_iommu_find_stream(iommu, sid);

	if (!stream)
		return;
	scoped_guard(mutex, &stream->lock) {
		guard(mutex)(&iommu->streams_lock);
		stream->vm = PKVM_IOMMU_NOBODY;
		stream->named = false;
	}
	pkvm_iommu_put_stream(stream);
}

/**
 * pkvm_iommu_name_sid() - record the route of a stream
 * @iommu: the IOMMU
 * @sid: the stream ID, assigned to a VM
 * @pviommu: number of the VM's pvIOMMU
 * @vsid: virtual stream ID on that pvIOMMU
 */
void pkvm_iommu_name_sid(struct pkvm_iommu *iommu, u32 sid, u32 pviommu, u32 vsid)
{
	struct pkvm_iommu_stream *stream;

	guard(mutex)(&iommu->streams_lock);
	stream = xa_load(&iommu->streams, sid);
	if (!stream)
		return;
	stream->pviommu = pviommu;
	stream->vsid = vsid;
	stream->named = true;
}
