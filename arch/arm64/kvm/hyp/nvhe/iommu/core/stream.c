// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which domain a stream uses, and whose the stream is.
 */
#include <linux/nospec.h>

#include <asm/kvm_hypevents.h>

#include <core/domain.h>

/* Of one chunk: the streams, and the IOMMU's own for them */
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
 * stream_get() - find a stream, and make room for it
 * @iommu: IOMMU
 * @sid: stream ID
 * @pool: who pays for a chunk of the table that is not there yet, or NULL
 * @stream: out
 *
 * Context: hyp_iommu::lock held.
 * Return: 0, -ERANGE, -ENOENT (the IOMMU was given up; or no chunk, no @pool: the
 * stream aborts), -ENOMEM (@pool needs two pages), -EIO.
 */
int stream_get(struct hyp_iommu *iommu, u64 sid, struct iommu_pool *pool,
	       struct hyp_stream **stream)
{
	struct hyp_stream **chunks = iommu->streams;
	u32 idx;
	int ret;

	/* Given up at boot: it aborts, and a description may name it nonetheless */
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

/* Until this succeeds the IOMMU may go on translating for the stream (I6) */
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
 * Point a stream elsewhere. The order is what makes it safe: the stream aborts,
 * synchronised, before its old domain is let go (I5, I6) and before its new one
 * is installed, of which the IOMMU thus sees nothing or all.
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

/* An attach that failed may have left a stream live without a domain */
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
		return 0;	/* never attached: aborts, and is nobody else's */
	if (ret)
		return ret;

	/* I2: a stream of someone else is out of reach */
	if (owner_of(stream) != &iommu_host)
		return -EPERM;

	return stream_has(stream, domain) ? 0 : stream_switch(iommu, sid, stream, domain);
}

/* The host replaces whatever one of its streams had */
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
	/* I8: the guest is to know that its device does nothing any more */
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
 * @attach: attach, or block
 *
 * Return: 0, -ENOENT (no such domain of the VM), -EBUSY (the stream is attached, or not
 * to this domain), -ENOSPC, -EIO
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

/* What the stream did before is not the new owner's to know */
static void change_hands(struct hyp_iommu *iommu, struct hyp_stream *stream,
			 struct iommu_owner *owner)
{
	stream->owner = owner;
	stream->pviommu = 0;
	stream->vsid = 0;
	stream->first_event = hw_next_event(iommu);
}

/* A blocked stream of the host; hyp_iommu::lock held */
static int find_free(struct hyp_iommu *iommu, u64 sid, struct hyp_stream **stream)
{
	int ret = stream_get(iommu, sid, NULL, stream);

	return ret ?: (*stream)->owner || (*stream)->domain ? -EBUSY : 0;
}

/* Would stream_claim() succeed? Nothing changes, and the answer may be old. */
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
 * stream_claim() - make a blocked stream of the host a VM's (I2)
 * @owner: VM
 * @iommu: IOMMU
 * @sid: stream ID; the host has had it attached, so its part of the stream
 *	table is there and paid for
 *
 * Return: 0, -EBUSY (owned or attached), -ENOENT (never attached), -ERANGE, -EIO
 * (not known to abort).
 */
int stream_claim(struct iommu_owner *owner, struct hyp_iommu *iommu, u64 sid)
{
	struct hyp_stream *stream;
	int ret;

	hyp_spin_lock(&iommu->lock);
	ret = find_free(iommu, sid, &stream);
	/* If an attach failed half-way on an IOMMU that hangs, it may be live (I2) */
	if (!ret)
		ret = stream_abort(iommu, sid, stream);
	if (!ret)
		change_hands(iommu, stream, owner);
	hyp_spin_unlock(&iommu->lock);

	return ret;
}

/* Block a stream of a VM whatever it is attached to (I6) */
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

/* What the VM calls one of its streams */
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

/* Give a blocked stream, if it is @owner's, to @heir; NULL: back to the host */
void stream_disown(struct iommu_owner *owner, struct hyp_iommu *iommu, u32 sid,
		   struct iommu_owner *heir)
{
	struct hyp_stream *stream;

	hyp_spin_lock(&iommu->lock);
	if (!stream_get(iommu, sid, NULL, &stream) && stream->owner == owner)
		change_hands(iommu, stream, heir);
	hyp_spin_unlock(&iommu->lock);
}
