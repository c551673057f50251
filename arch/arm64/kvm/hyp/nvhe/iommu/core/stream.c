// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach streams to domains, and change the owner of streams.
 */
#include <linux/nospec.h>

#include <asm/kvm_hypevents.h>

#include <core/domain.h>

/* Pages of a chunk of streams: one for the core, one for the driver */
#define STREAM_PAGES	2

size_t stream_table_size(const struct hyp_iommu *iommu)
{
	BUILD_BUG_ON(sizeof(struct hyp_stream) << HW_CHUNK_BITS_MAX > PAGE_SIZE);
	if (!iommu->chunk_bits)
		return BIT(iommu->sid_bits) * sizeof(struct hyp_stream);

	return BIT(iommu->sid_bits - iommu->chunk_bits) * sizeof(struct hyp_stream *);
}

static int make_chunk(struct hyp_iommu *iommu, u32 sid, struct iommu_pool *pool)
{
	struct hyp_stream **chunks = iommu->streams;
	void *page[STREAM_PAGES];

	if (pool_alloc_all(pool, page, ARRAY_SIZE(page)))
		return -ENOMEM;
	chunks[sid >> iommu->chunk_bits] = page[0];

	return hw_stream_room(iommu, sid, page[1]);
}

/**
 * stream_get() - find a stream; make its chunk of the table if there is none
 * @iommu: IOMMU
 * @sid: stream ID
 * @pool: pool that pays for a chunk, or NULL not to make one
 * @stream: out, the stream
 *
 * Context: hyp_iommu::lock held.
 * Return: 0; -ERANGE (@sid is too large), -ENOENT (EL2 gave the IOMMU up at boot; or
 * @pool is NULL and there is no chunk, so the stream aborts), -ENOMEM (@pool needs
 * STREAM_PAGES pages), -EIO (the IOMMU did not answer).
 */
int stream_get(struct hyp_iommu *iommu, u64 sid, struct iommu_pool *pool,
	       struct hyp_stream **stream)
{
	struct hyp_stream **chunks = iommu->streams;
	u32 idx;
	int ret;

	/* EL2 gave the IOMMU up at boot, but a description of a device can name it */
	if (!iommu->ready)
		return -ENOENT;
	if (sid >> iommu->sid_bits)
		return -ERANGE;
	sid = array_index_nospec(sid, BIT_ULL(iommu->sid_bits));

	if (!iommu->chunk_bits) {
		*stream = (struct hyp_stream *)iommu->streams + sid;
		return 0;
	}

	idx = sid >> iommu->chunk_bits;
	if (!chunks[idx]) {
		if (!pool)
			return -ENOENT;
		ret = make_chunk(iommu, sid, pool);
		if (ret)
			return ret;
	}
	*stream = &chunks[idx][sid & (BIT(iommu->chunk_bits) - 1)];

	return 0;
}

static struct iommu_owner *owner_of(const struct hyp_stream *stream)
{
	return stream->owner ?: &iommu_host;
}

/* Make a stream abort. Until this succeeds the IOMMU can translate for it (I6). */
static int stream_abort(struct hyp_iommu *iommu, u32 sid, struct hyp_stream *stream)
{
	int ret = hw_stream_abort(iommu, sid);

	if (!ret)
		stream->may_be_live = false;

	return ret;
}

static int stream_install(struct hyp_iommu *iommu, u32 sid, struct hyp_stream *stream,
			  struct hyp_iommu_domain *domain, struct iommu_binding *binding)
{
	stream->may_be_live = true;

	return hw_stream_install(iommu, sid, &domain->pgt, binding);
}

/*
 * Attach a stream to another domain, or to none if @domain is NULL. The stream aborts,
 * synchronised, before EL2 drops the old domain (I5, I6) and before it installs the new
 * one. So the IOMMU uses none or all of the new configuration.
 */
static int stream_switch(struct hyp_iommu *iommu, u32 sid, struct hyp_stream *stream,
			 struct hyp_iommu_domain *domain)
{
	struct hyp_iommu_domain *old = stream->domain;
	struct iommu_binding *binding = NULL;
	int ret;

	if (domain) {
		binding = domain_bind(domain, iommu);
		if (!binding)
			return -ENOSPC;
	}

	ret = stream_abort(iommu, sid, stream);
	if (!ret && old) {
		stream->domain = NULL;
		ret = domain_unbind(old, iommu);
	}
	if (!ret && domain)
		ret = stream_install(iommu, sid, stream, domain, binding);
	if (!ret)
		stream->domain = domain;
	else if (domain)
		domain_unbind(domain, iommu);

	if (domain)
		trace_iommu_attach(owner_of(stream)->vm, iommu->mmio.base, sid, ret);
	else
		trace_iommu_detach(owner_of(stream)->vm, iommu->mmio.base, sid, ret);

	return ret;
}

/* A failed attach can leave a stream without a domain for which the IOMMU translates */
static bool stream_has(const struct hyp_stream *stream, const struct hyp_iommu_domain *domain)
{
	return stream->domain == domain && (domain || !stream->may_be_live);
}

static int attach_host_locked(struct hyp_iommu *iommu, u64 sid, struct hyp_iommu_domain *domain)
{
	struct hyp_stream *stream;
	int ret;

	ret = stream_get(iommu, sid, domain ? &iommu_host.pool : NULL, &stream);
	if (ret == -ENOENT)
		return 0;	/* never attached: it aborts, and the host owns it */
	if (ret)
		return ret;

	/* I2: the host cannot attach a stream that a VM owns */
	if (owner_of(stream) != &iommu_host)
		return -EPERM;

	return stream_has(stream, domain) ? 0 : stream_switch(iommu, sid, stream, domain);
}

/* Attach a stream of the host, whatever it is attached to, or block it */
int stream_attach_host(u64 iommu_id, u64 sid, u64 handle, u64 *pages)
{
	bool paging = handle > PKVM_IOMMU_DOMAIN_IDENTITY;
	struct hyp_iommu *iommu = iommu_by_id(iommu_id);
	struct hyp_iommu_domain *domain = NULL;
	int ret;

	if (!iommu)
		return -ENOENT;

	if (paging) {
		domain = domain_handle_get(&iommu_host.handles, handle);
		if (!domain)
			return -ENOENT;
	} else if (handle == PKVM_IOMMU_DOMAIN_IDENTITY) {
		domain = host_idmap;
	}

	*pages = STREAM_PAGES;
	hyp_spin_lock(&iommu->lock);
	ret = attach_host_locked(iommu, sid, domain);
	hyp_spin_unlock(&iommu->lock);
	if (paging)
		domain_handle_put(domain);

	return ret;
}

static int attach_guest_locked(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid,
			       struct hyp_iommu_domain *domain, bool attach)
{
	struct hyp_stream *stream;
	int ret = stream_get(iommu, sid, NULL, &stream);

	if (ret)
		return ret;
	if (owner_of(stream) != owner)
		return -EPERM;
	if (stream->domain != (attach ? NULL : domain))
		return -EBUSY;
	/* I8: tell the guest that its device can do no DMA any more */
	if (attach && READ_ONCE(iommu->state) != IOMMU_LIVE)
		return -EIO;

	return stream_switch(iommu, sid, stream, attach ? domain : NULL);
}

/**
 * stream_attach_guest() - attach a blocked stream of a VM to a domain, or block it again
 * @owner: VM
 * @iommu: IOMMU
 * @sid: stream ID
 * @handle: domain of the VM; if !@attach, the one that the stream is attached to
 * @attach: true to attach the stream, false to block it
 *
 * Return: 0; -ENOENT (the VM has no such domain), -EPERM (the VM does not own the
 * stream), -EBUSY (the stream is attached already, or not to this domain), -ENOSPC (as
 * NULL from domain_bind()), -EIO (the IOMMU is off or did not answer).
 */
int stream_attach_guest(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid, u64 handle,
			bool attach)
{
	struct hyp_iommu_domain *domain = domain_handle_get(&owner->handles, handle);
	int ret;

	if (!domain)
		return -ENOENT;

	hyp_spin_lock(&iommu->lock);
	ret = attach_guest_locked(owner, iommu, sid, domain, attach);
	hyp_spin_unlock(&iommu->lock);
	domain_handle_put(domain);

	return ret;
}

/* Change the owner. The new owner must not see earlier events of the stream. */
static void change_hands(struct hyp_iommu *iommu, struct hyp_stream *stream,
			 struct iommu_owner *owner)
{
	stream->owner = owner;
	stream->pviommu = 0;
	stream->vsid = 0;
	stream->first_event = hw_next_event(iommu);
}

/* Find a stream that the host owns and has not attached; hyp_iommu::lock held */
static int find_free(struct hyp_iommu *iommu, u64 sid, struct hyp_stream **stream)
{
	int ret = stream_get(iommu, sid, NULL, stream);

	return ret ?: (*stream)->owner || (*stream)->domain ? -EBUSY : 0;
}

/* Check whether stream_claim() would succeed; the answer can be outdated on return */
int stream_check_free(struct hyp_iommu *iommu, u64 sid)
{
	struct hyp_stream *stream;
	int ret;

	hyp_spin_lock(&iommu->lock);
	ret = find_free(iommu, sid, &stream);
	hyp_spin_unlock(&iommu->lock);

	return ret;
}

/**
 * stream_claim() - make a VM own a stream that the host has blocked (I2)
 * @owner: VM
 * @iommu: IOMMU
 * @sid: stream ID; the host has attached it before, so its chunk of the table exists
 *
 * Return: 0; -EBUSY (a VM owns the stream, or it is attached), -ENOENT (the host never
 * attached it), -ERANGE (@sid is too large), -EIO (the IOMMU does not confirm that the
 * stream aborts).
 */
int stream_claim(struct iommu_owner *owner, struct hyp_iommu *iommu, u64 sid)
{
	struct hyp_stream *stream;
	int ret;

	hyp_spin_lock(&iommu->lock);
	ret = find_free(iommu, sid, &stream);
	/* A failed attach on an IOMMU that hangs can have left the stream live (I2) */
	if (!ret)
		ret = stream_abort(iommu, sid, stream);
	if (!ret)
		change_hands(iommu, stream, owner);
	hyp_spin_unlock(&iommu->lock);

	return ret;
}

/* Make a stream of @owner abort, whatever it is attached to (I6) */
int stream_block(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid)
{
	struct hyp_stream *stream;
	int ret;

	hyp_spin_lock(&iommu->lock);
	ret = stream_get(iommu, sid, NULL, &stream);
	if (!ret && owner_of(stream) == owner && !stream_has(stream, NULL))
		ret = stream_switch(iommu, sid, stream, NULL);
	hyp_spin_unlock(&iommu->lock);

	return ret;
}

/* Set the name that the VM has for one of its streams */
void stream_set_vsid(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid, u32 pviommu,
		     u32 vsid)
{
	struct hyp_stream *stream;

	hyp_spin_lock(&iommu->lock);
	if (!stream_get(iommu, sid, NULL, &stream) && stream->owner == owner) {
		stream->pviommu = pviommu;
		stream->vsid = vsid;
	}
	hyp_spin_unlock(&iommu->lock);
}

/* If @owner owns the blocked stream, pass it to @heir, or to the host if that is NULL */
void stream_disown(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid,
		   struct iommu_owner *heir)
{
	struct hyp_stream *stream;

	hyp_spin_lock(&iommu->lock);
	if (!stream_get(iommu, sid, NULL, &stream) && stream->owner == owner)
		change_hands(iommu, stream, heir);
	hyp_spin_unlock(&iommu->lock);
}
