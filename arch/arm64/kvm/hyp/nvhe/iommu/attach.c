// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which domain a stream uses, and whose the stream is.
 */
#include <asm/kvm_hypevents.h>

#include <iommu.h>

/* Both levels of one chunk of the stream table: STEs and what EL2 knows of them */
#define STREAM_PAGES	2

static struct iommu_owner *owner_of(const struct smmu_stream *stream)
{
	return stream->owner ?: &iommu_host;
}

/* Until this succeeds the SMMU may go on translating for the stream (I6) */
static int stream_abort(struct hyp_smmu *smmu, u32 sid, struct smmu_stream *stream)
{
	int ret = smmu_ste_abort(smmu, sid);

	if (!ret)
		stream->may_be_live = false;

	return ret;
}

static int stream_install(struct hyp_smmu *smmu, u32 sid, struct smmu_stream *stream,
			  struct hyp_iommu_domain *domain, struct iommu_tag *tag)
{
	stream->may_be_live = true;

	return smmu_ste_install(smmu, sid, &domain->pgt, &tag->cd, tag->id);
}

/*
 * Point a stream elsewhere. The order is what makes it safe: the stream aborts,
 * synchronised, before its old domain is let go (I5, I6) and before its new STE
 * is written, of which the SMMU thus sees nothing or all.
 */
static int stream_switch(struct hyp_smmu *smmu, u32 sid, struct smmu_stream *stream,
			 struct hyp_iommu_domain *domain)
{
	struct hyp_iommu_domain *old = stream->domain;
	struct iommu_tag *tag = NULL;
	int ret;

	if (domain) {
		tag = domain_get_tag(domain, smmu);
		if (!tag)
			return -ENOSPC;
	}

	ret = stream_abort(smmu, sid, stream);
	if (!ret && old) {
		stream->domain = NULL;
		ret = domain_put_tag(old, smmu);
	}
	if (!ret && domain)
		ret = stream_install(smmu, sid, stream, domain, tag);
	if (!ret)
		stream->domain = domain;
	else if (domain)
		domain_put_tag(domain, smmu);

	if (domain)
		trace_iommu_attach(iommu_vm_handle(owner_of(stream)), smmu->mmio_phys, sid, ret);
	else
		trace_iommu_detach(iommu_vm_handle(owner_of(stream)), smmu->mmio_phys, sid, ret);

	return ret;
}

/* An attach that failed may have left a stream live without a domain */
static bool stream_has(const struct smmu_stream *stream, const struct hyp_iommu_domain *domain)
{
	return stream->domain == domain && (domain || !stream->may_be_live);
}

static int attach_host_locked(struct hyp_smmu *smmu, u64 sid, struct hyp_iommu_domain *domain)
{
	struct smmu_stream *stream;
	int ret;

	ret = smmu_stream_get(smmu, sid, domain ? &iommu_host.pool : NULL, &stream);
	if (ret == -ENOENT)
		return 0;	/* never attached: aborts, and is nobody else's */
	if (ret)
		return ret;

	/* I2: a stream of someone else is out of reach */
	if (owner_of(stream) != &iommu_host)
		return -EPERM;

	return stream_has(stream, domain) ? 0 : stream_switch(smmu, sid, stream, domain);
}

/* The host replaces whatever one of its streams had */
int stream_attach_host(u64 smmu_id, u64 sid, u64 handle, u64 *pages)
{
	bool paging = handle > PKVM_IOMMU_DOMAIN_IDENTITY;
	struct hyp_smmu *smmu = smmu_by_id(smmu_id);
	struct hyp_iommu_domain *domain = NULL;
	int ret;

	if (!smmu)
		return -ENOENT;

	if (paging) {
		domain = handle_get(&iommu_host.handles, handle);
		if (!domain)
			return -ENOENT;
	} else if (handle == PKVM_IOMMU_DOMAIN_IDENTITY) {
		domain = host_idmap;
	}

	*pages = STREAM_PAGES;
	hyp_spin_lock(&smmu->lock);
	ret = attach_host_locked(smmu, sid, domain);
	hyp_spin_unlock(&smmu->lock);
	if (paging)
		handle_put(domain);

	return ret;
}

/* One of a guest's streams goes from domain @from to @to, one of them NULL */
static int switch_guest(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid,
			struct hyp_iommu_domain *from, struct hyp_iommu_domain *to)
{
	struct smmu_stream *stream;
	int ret;

	hyp_spin_lock(&smmu->lock);
	ret = smmu_stream_get(smmu, sid, NULL, &stream);
	if (!ret && owner_of(stream) != owner)
		ret = -EPERM;
	if (!ret && stream->domain != from)
		ret = -EBUSY;
	/* I8: the guest is to know that its device does nothing any more */
	if (!ret && to && READ_ONCE(smmu->state) != SMMU_LIVE)
		ret = -EIO;
	if (!ret)
		ret = stream_switch(smmu, sid, stream, to);
	hyp_spin_unlock(&smmu->lock);

	return ret;
}

/**
 * stream_attach_guest() - attach a blocked stream of a VM
 * @owner: VM
 * @smmu: SMMU
 * @sid: StreamID
 * @handle: domain of the VM
 *
 * Return: 0, -ENOENT (no such domain of the VM), -EBUSY (attached), -ENOSPC, -EIO
 */
int stream_attach_guest(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid, u64 handle)
{
	struct hyp_iommu_domain *domain = handle_get(&owner->handles, handle);
	int ret;

	if (!domain)
		return -ENOENT;

	ret = switch_guest(owner, smmu, sid, NULL, domain);
	handle_put(domain);

	return ret;
}

/**
 * stream_detach_guest() - block a stream of a VM
 * @owner: VM
 * @smmu: SMMU
 * @sid: StreamID
 * @handle: the domain it is attached to
 *
 * Return: 0, -ENOENT (no such domain of the VM), -EBUSY (not attached to it), -EIO
 */
int stream_detach_guest(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid, u64 handle)
{
	struct hyp_iommu_domain *domain = handle_get(&owner->handles, handle);
	int ret;

	if (!domain)
		return -ENOENT;

	ret = switch_guest(owner, smmu, sid, domain, NULL);
	handle_put(domain);

	return ret;
}

/* What the stream did before is not the new owner's to know */
static void change_hands(struct hyp_smmu *smmu, struct smmu_stream *stream,
			 struct iommu_owner *owner)
{
	stream->owner = owner;
	stream->pviommu = 0;
	stream->vsid = 0;
	stream->first_event = smmu_next_event(smmu);
}

/* A blocked stream of the host; hyp_smmu::lock held */
static int find_free(struct hyp_smmu *smmu, u64 sid, struct smmu_stream **stream)
{
	int ret = smmu_stream_get(smmu, sid, NULL, stream);

	return ret ?: (*stream)->owner || (*stream)->domain ? -EBUSY : 0;
}

/* Would stream_claim() succeed? Nothing changes, and the answer may be old. */
int stream_check_free(struct hyp_smmu *smmu, u64 sid)
{
	struct smmu_stream *stream;
	int ret;

	hyp_spin_lock(&smmu->lock);
	ret = find_free(smmu, sid, &stream);
	hyp_spin_unlock(&smmu->lock);

	return ret;
}

/**
 * stream_claim() - make a blocked stream of the host a VM's (I2)
 * @owner: VM
 * @smmu: SMMU
 * @sid: StreamID; the host has had it attached, so its part of the stream
 *	table is there and paid for
 *
 * Return: 0, -EBUSY (owned or attached), -ENOENT (never attached), -ERANGE, -EIO
 * (not known to abort).
 */
int stream_claim(struct iommu_owner *owner, struct hyp_smmu *smmu, u64 sid)
{
	struct smmu_stream *stream;
	int ret;

	hyp_spin_lock(&smmu->lock);
	ret = find_free(smmu, sid, &stream);
	/* If an attach failed half-way on an SMMU that hangs, its STE may be live (I2) */
	if (!ret)
		ret = stream_abort(smmu, sid, stream);
	if (!ret)
		change_hands(smmu, stream, owner);
	hyp_spin_unlock(&smmu->lock);

	return ret;
}

/* Block a stream of a VM whatever it is attached to (I6) */
int stream_block(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid)
{
	struct smmu_stream *stream;
	int ret;

	hyp_spin_lock(&smmu->lock);
	ret = smmu_stream_get(smmu, sid, NULL, &stream);
	if (!ret && owner_of(stream) == owner && !stream_has(stream, NULL))
		ret = stream_switch(smmu, sid, stream, NULL);
	hyp_spin_unlock(&smmu->lock);

	return ret;
}

/* What the VM calls one of its streams */
void stream_name(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid, u32 pviommu,
		 u32 vsid)
{
	struct smmu_stream *stream;

	hyp_spin_lock(&smmu->lock);
	if (!smmu_stream_get(smmu, sid, NULL, &stream) && stream->owner == owner) {
		stream->pviommu = pviommu;
		stream->vsid = vsid;
	}
	hyp_spin_unlock(&smmu->lock);
}

/* Give a blocked stream, if it is @owner's, to @heir; NULL: back to the host */
void stream_disown(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid,
		   struct iommu_owner *heir)
{
	struct smmu_stream *stream;

	hyp_spin_lock(&smmu->lock);
	if (!smmu_stream_get(smmu, sid, NULL, &stream) && stream->owner == owner)
		change_hands(smmu, stream, heir);
	hyp_spin_unlock(&smmu->lock);
}
