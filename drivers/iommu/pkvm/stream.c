// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the record of each stream, and of the devices that use it.
 */
#include <linux/slab.h>

#include "host.h"

static void free_stream(struct kref *ref)
{
	kfree(container_of(ref, struct pkvm_iommu_stream, ref));
}

/**
 * pkvm_iommu_put_stream() - drop a reference to a stream
 * @stream: the stream
 */
void pkvm_iommu_put_stream(struct pkvm_iommu_stream *stream)
{
	kref_put(&stream->ref, free_stream);
}

/**
 * pkvm_iommu_find_stream() - find the record of a stream
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * Return: the stream, with a reference for the caller, or NULL if it has no record.
 */
struct pkvm_iommu_stream *pkvm_iommu_find_stream(struct pkvm_iommu *iommu, u32 sid)
{
	struct pkvm_iommu_stream *stream;

	guard(mutex)(&iommu->streams_lock);
	stream = xa_load(&iommu->streams, sid);
	if (stream)
		kref_get(&stream->ref);

	return stream;
}

/**
 * pkvm_iommu_drop_stream() - forget a stream if nobody needs its record
 * @iommu: the IOMMU
 * @stream: the stream
 *
 * The driver needs no record of a stream that the host owns, no device uses, and that is
 * blocked: it takes a stream without a record for such a one.
 *
 * Context: streams_lock held.
 */
void pkvm_iommu_drop_stream(struct pkvm_iommu *iommu, struct pkvm_iommu_stream *stream)
{
	lockdep_assert_held(&iommu->streams_lock);

	if (stream->vm || !list_empty(&stream->users) ||
	    READ_ONCE(stream->handle) != PKVM_IOMMU_DOMAIN_BLOCKED)
		return;

	xa_erase(&iommu->streams, stream->sid);
	pkvm_iommu_put_stream(stream);
}

static bool has_stream(struct pkvm_iommu_master *master, u32 sid)
{
	unsigned int i;

	for (i = 0; i < master->nr_streams; i++) {
		if (master->streams[i].stream->sid == sid)
			return true;
	}

	return false;
}

static struct pkvm_iommu_stream *get_stream(struct pkvm_iommu *iommu, u32 sid)
{
	struct pkvm_iommu_stream *stream = xa_load(&iommu->streams, sid);
	int ret;

	if (stream)
		return stream;

	stream = kzalloc_obj(*stream);
	if (!stream)
		return ERR_PTR(-ENOMEM);

	stream->sid = sid;
	stream->vm = pkvm_iommu_group_owner(iommu, sid);
	stream->handle = PKVM_IOMMU_DOMAIN_BLOCKED;
	mutex_init(&stream->lock);
	INIT_LIST_HEAD(&stream->users);
	kref_init(&stream->ref);

	ret = xa_err(xa_store(&iommu->streams, sid, stream, GFP_KERNEL));
	if (ret) {
		kfree(stream);
		return ERR_PTR(ret);
	}

	return stream;
}

static int add_stream(struct pkvm_iommu_master *master, u32 sid)
{
	struct pkvm_iommu *iommu = master->iommu;
	struct pkvm_iommu_stream_user *user;
	struct pkvm_iommu_stream *stream;

	if ((u64)sid >> iommu->sid_bits) {
		dev_err(master->dev, "firmware names stream %#x, but %s has only %u-bit stream IDs\n",
			sid, dev_name(iommu->dev), iommu->sid_bits);
		return -ERANGE;
	}

	/* Several firmware entries or PCI aliases may name one stream */
	if (has_stream(master, sid))
		return 0;

	stream = get_stream(iommu, sid);
	if (IS_ERR(stream))
		return PTR_ERR(stream);

	/* Increment nr_streams first: __counted_by() checks the index against it */
	master->nr_streams++;
	user = &master->streams[master->nr_streams - 1];
	user->stream = stream;
	user->master = master;
	list_add_tail(&user->node, &stream->users);

	return 0;
}

/**
 * pkvm_iommu_remove_streams() - remove a device from the users of its streams
 * @master: the device, blocked, or in the identity domain if firmware demands that
 */
void pkvm_iommu_remove_streams(struct pkvm_iommu_master *master)
{
	struct pkvm_iommu_stream_user *user;

	guard(mutex)(&master->iommu->streams_lock);
	while (master->nr_streams) {
		user = &master->streams[master->nr_streams - 1];
		list_del(&user->node);
		pkvm_iommu_drop_stream(master->iommu, user->stream);
		master->nr_streams--;
	}
}

/**
 * pkvm_iommu_add_streams() - make a new device a user of its streams
 * @master: the device, with room for all IDs of @fwspec
 * @fwspec: its stream IDs
 *
 * Return: 0 or an errno, after which @master has no streams.
 */
int pkvm_iommu_add_streams(struct pkvm_iommu_master *master,
			   const struct iommu_fwspec *fwspec)
{
	unsigned int i;
	int ret = 0;

	master->nr_streams = 0;
	scoped_guard(mutex, &master->iommu->streams_lock) {
		for (i = 0; i < fwspec->num_ids && !ret; i++)
			ret = add_stream(master, fwspec->ids[i]);
	}
	if (ret)
		pkvm_iommu_remove_streams(master);

	return ret;
}

/**
 * pkvm_iommu_streams_in_group() - check that only one group uses the streams of a device
 * @master: the device
 * @group: the group that the device is about to join
 *
 * Return: true if all other users of the streams are in @group.
 */
bool pkvm_iommu_streams_in_group(struct pkvm_iommu_master *master,
				 const struct iommu_group *group)
{
	struct pkvm_iommu_stream_user *user, *other;
	unsigned int i;

	guard(mutex)(&master->iommu->streams_lock);
	for (i = 0; i < master->nr_streams; i++) {
		user = &master->streams[i];
		list_for_each_entry(other, &user->stream->users, node) {
			if (other == user ||
			    other->master->dev->iommu_group == group)
				continue;

			dev_err(master->dev, "stream %#x is used by %s in another group\n",
				user->stream->sid,
				dev_name(other->master->dev));
			return false;
		}
	}

	return true;
}

/**
 * pkvm_iommu_stream_master() - find the device of a stream
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * Context: streams_lock held.
 *
 * Return: the device, or the first of those that share the stream, or NULL.
 */
struct pkvm_iommu_master *pkvm_iommu_stream_master(struct pkvm_iommu *iommu,
						   u32 sid)
{
	struct pkvm_iommu_stream *stream = xa_load(&iommu->streams, sid);

	lockdep_assert_held(&iommu->streams_lock);

	/* A stream without users has a record if a VM owns it, or if it is not blocked */
	if (!stream || list_empty(&stream->users))
		return NULL;

	return list_first_entry(&stream->users, struct pkvm_iommu_stream_user,
				node)->master;
}
