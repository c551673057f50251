// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: streams.
 *
 * All streams of a device are attached to one domain. EL2 blocks a stream until
 * it is attached for the first time.
 *
 * PCI devices behind a bridge share the stream of the bridge. The iommu core
 * attaches the devices of a group one after the other; a shared stream moves
 * with the first and is blocked with the last.
 *
 * A stream that was given to a VM stays the VM's until it is gone, whatever the
 * host does. User space may close the device before that, or it may even be
 * removed, and the iommu core cannot be told that it does not go back to its
 * default domain: that is noted down, and done when the stream comes back.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

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

static int __attach_stream(struct pkvm_iommu *iommu,
			   struct pkvm_iommu_stream *stream, u32 handle)
{
	struct pkvm_iommu_need need = { .gfp = GFP_KERNEL };
	int ret;

	lockdep_assert_held(&stream->lock);

	/* Another attach would block it for a moment, and it may be in use */
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

	return __attach_stream(iommu, stream, handle);
}

/* Is another device of the group to go on using the stream? */
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
 * pkvm_iommu_block() - block all streams of a device
 * @master: the device
 * @domain: the blocked domain
 *
 * Cannot fail for the caller: all streams of a dead IOMMU abort.
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
			dev_err(master->dev, "stream %#x not blocked (%pe)\n",
				stream->sid, ERR_PTR(ret));
	}

	set_domain(master, domain);
}

/* The first @nr streams are on a new domain: put them where they were */
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
			"stream %#x cannot go back (%pe), blocking all\n",
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
 * @domain: what to attach to
 * @old: what all its streams are attached to
 *
 * On failure the device is where it was, as the iommu core assumes, or blocked
 * if even that fails. -EBUSY: a VM owns streams of the device, which for them
 * leaves only the default domain.
 *
 * Return: 0 or an errno.
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

		dev_err(master->dev, "stream %#x not attached (%pe)\n",
			master->streams[i].stream->sid, ERR_PTR(ret));
		roll_back(master, i, old);
		return ret;
	}

	set_domain(master, domain);
	return 0;
}

static void free_stream(struct kref *ref)
{
	kfree(container_of(ref, struct pkvm_iommu_stream, ref));
}

/*
 * Forget a stream that nobody uses and no VM owns, if it is blocked: that is what a
 * stream without a record is taken for, when its device comes back.
 */
static void drop_stream(struct pkvm_iommu *iommu, struct pkvm_iommu_stream *stream)
{
	lockdep_assert_held(&iommu->streams_lock);

	if (stream->vm || !list_empty(&stream->users) ||
	    READ_ONCE(stream->handle) != PKVM_IOMMU_DOMAIN_BLOCKED)
		return;

	xa_erase(&iommu->streams, stream->sid);
	kref_put(&stream->ref, free_stream);
}

/**
 * pkvm_iommu_assign_stream() - a stream is about to become a VM's
 * @master: the device
 * @index: which of its streams
 * @vm: pKVM handle of the VM
 *
 * From here to pkvm_iommu_return_stream() nothing is attached to the stream. A
 * device is not shared between VMs.
 *
 * Return: 0, -EACCES (not in the blocking domain) or -EBUSY (it, or another one
 * of the device, has been given away).
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
 * pkvm_iommu_return_stream() - a stream is no longer a VM's
 * @iommu: the IOMMU
 * @stream: the stream, blocked at EL2; may be freed
 *
 * Attaches it to what the iommu core wanted meanwhile.
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
		ret = __attach_stream(iommu, stream, handle);
		if (ret)
			dev_err(iommu->dev, "stream %#x stays blocked (%pe)\n",
				stream->sid, ERR_PTR(ret));

		guard(mutex)(&iommu->streams_lock);
		stream->vm = 0;
		stream->named = false;
		drop_stream(iommu, stream);
	}
	kref_put(&stream->ref, free_stream);
}

static struct pkvm_iommu_stream *find_stream(struct pkvm_iommu *iommu, u32 sid)
{
	struct pkvm_iommu_stream *stream;

	guard(mutex)(&iommu->streams_lock);
	stream = xa_load(&iommu->streams, sid);
	if (stream)
		kref_get(&stream->ref);

	return stream;
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
 * pkvm_iommu_assign_sid() - a stream of an assignable device is to become a VM's
 * @iommu: the IOMMU
 * @sid: the stream ID
 * @vm: pKVM handle of the VM
 *
 * As pkvm_iommu_assign_stream(). A stream without a device has no record here, until
 * a device comes: see get_stream().
 *
 * Return: 0, -EACCES (a device is not in the blocking domain) or -EBUSY.
 */
int pkvm_iommu_assign_sid(struct pkvm_iommu *iommu, u32 sid, pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream = find_stream(iommu, sid);
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
	kref_put(&stream->ref, free_stream);

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
	struct pkvm_iommu_stream *stream = find_stream(iommu, sid);

	if (!stream)
		return;
	if (READ_ONCE(stream->vm) == vm)
		pkvm_iommu_return_stream(iommu, stream);
	kref_put(&stream->ref, free_stream);
}

/**
 * pkvm_iommu_lose_sid() - a stream that was given to a VM never comes back
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * What is attached to it from now on is noted, as for a VM's.
 */
void pkvm_iommu_lose_sid(struct pkvm_iommu *iommu, u32 sid)
{
	struct pkvm_iommu_stream *stream = find_stream(iommu, sid);

	if (!stream)
		return;
	scoped_guard(mutex, &stream->lock) {
		guard(mutex)(&iommu->streams_lock);
		stream->vm = PKVM_IOMMU_NOBODY;
		stream->named = false;
	}
	kref_put(&stream->ref, free_stream);
}

/**
 * pkvm_iommu_name_sid() - note what a VM calls a stream, as EL2 does
 * @iommu: the IOMMU
 * @sid: the stream ID, given to the VM
 * @pviommu: number of the pvIOMMU
 * @vsid: virtual stream ID
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
		dev_err(master->dev, "stream %#x is beyond the %u bits of %s\n",
			sid, iommu->sid_bits, dev_name(iommu->dev));
		return -ERANGE;
	}

	/* Several firmware entries or PCI aliases may name one stream */
	if (has_stream(master, sid))
		return 0;

	stream = get_stream(iommu, sid);
	if (IS_ERR(stream))
		return PTR_ERR(stream);

	/* In this order: the count bounds the array */
	master->nr_streams++;
	user = &master->streams[master->nr_streams - 1];
	user->stream = stream;
	user->master = master;
	list_add_tail(&user->node, &stream->users);

	return 0;
}

/**
 * pkvm_iommu_remove_streams() - a device goes: forget its streams
 * @master: the device, blocked, or in identity as firmware demands
 */
void pkvm_iommu_remove_streams(struct pkvm_iommu_master *master)
{
	struct pkvm_iommu_stream_user *user;

	guard(mutex)(&master->iommu->streams_lock);
	while (master->nr_streams) {
		user = &master->streams[master->nr_streams - 1];
		list_del(&user->node);
		drop_stream(master->iommu, user->stream);
		master->nr_streams--;
	}
}

/**
 * pkvm_iommu_add_streams() - a device comes: note its streams
 * @master: the device, with room for all IDs of @fwspec
 * @fwspec: its stream IDs
 *
 * Return: 0 or an errno, there are no streams then.
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
 * pkvm_iommu_streams_in_group() - are all that share streams in one group?
 * @master: a device
 * @group: the group it is to join
 *
 * Return: true if so.
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

			dev_err(master->dev, "stream %#x is already %s's\n",
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
 * Return: the device, the first of those that share the stream, or NULL.
 */
struct pkvm_iommu_master *pkvm_iommu_stream_master(struct pkvm_iommu *iommu,
						   u32 sid)
{
	struct pkvm_iommu_stream *stream = xa_load(&iommu->streams, sid);

	lockdep_assert_held(&iommu->streams_lock);

	/* A stream without a device is a VM's */
	if (!stream || list_empty(&stream->users))
		return NULL;

	return list_first_entry(&stream->users, struct pkvm_iommu_stream_user,
				node)->master;
}
