// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which domain a stream uses.
 */
#include <iommu.h>

/* Both levels of one chunk of the stream table: STEs and what EL2 knows of them */
#define STREAM_PAGES	2

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

	ret = smmu_ste_abort(smmu, sid);
	if (!ret && old) {
		stream->domain = NULL;
		ret = domain_put_tag(old, smmu);
	}
	if (!ret && domain)
		ret = smmu_ste_install(smmu, sid, &domain->pgt, &tag->cd, tag->id);
	if (!ret)
		stream->domain = domain;
	else if (domain)
		domain_put_tag(domain, smmu);

	return ret;
}

static int stream_claim(struct iommu_owner *owner, struct hyp_smmu *smmu, u32 sid,
			struct smmu_stream *stream, struct hyp_iommu_domain *domain)
{
	/* I2: a stream of someone else is out of reach */
	if (stream->owner && stream->owner != owner)
		return -EPERM;

	return stream->domain == domain ? 0 : stream_switch(smmu, sid, stream, domain);
}

int stream_attach(struct iommu_owner *owner, u64 smmu_id, u64 sid, u64 handle, u64 *pages)
{
	bool paging = handle > PKVM_IOMMU_DOMAIN_IDENTITY;
	struct hyp_smmu *smmu = smmu_by_id(smmu_id);
	struct hyp_iommu_domain *domain = NULL;
	struct smmu_stream *stream;
	int ret;

	if (!smmu)
		return -ENOENT;

	if (paging) {
		domain = handle_get(&owner->handles, handle);
		if (!domain)
			return -ENOENT;
	} else if (handle == PKVM_IOMMU_DOMAIN_IDENTITY) {
		domain = host_idmap;
	}

	hyp_spin_lock(&smmu->lock);
	*pages = STREAM_PAGES;
	ret = smmu_stream_get(smmu, sid, domain ? &owner->pool : NULL, &stream);
	if (ret == -ENOENT)
		ret = 0;	/* never attached: aborts, and is nobody else's */
	else if (!ret)
		ret = stream_claim(owner, smmu, sid, stream, domain);
	hyp_spin_unlock(&smmu->lock);
	if (paging)
		handle_put(&owner->handles, handle);

	return ret;
}
