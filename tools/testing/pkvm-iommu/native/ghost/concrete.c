// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the EL2 code's structures must agree on among themselves: marks of pages,
 * VMIDs and ASIDs, STEs.
 */
#include <stdio.h>

#include <core/iommu.h>
#include <core/vm.h>
#include <memory/pin.h>

#include <smmu_v3/smmu.h>

#include "ghost.h"
#include "must.h"

static ghost_verdict check_pages(void)
{
	unsigned int piece;
	u64 phys;

	for (piece = 0; piece < hyp_memblock_nr; piece++) {
		u64 end = hyp_memory[piece].base + hyp_memory[piece].size;

		for (phys = hyp_memory[piece].base; phys < end; phys += PAGE_SIZE) {
			bool revoked = page_use_revoked(phys);

			MUST(revoked == !host_may_access(phys),
			     "page 0x%lx is %s but the host may %saccess it", phys,
			     revoked ? "revoked" : "not revoked", revoked ? "" : "not ");
		}
	}

	return NULL;
}

static struct hyp_stream *stream_of(struct hyp_iommu *smmu, u32 sid, u64 **ste)
{
	struct hyp_stream *stream = smmu->streams;
	u32 idx = sid;

	*ste = to_smmu(smmu)->strtab;
	if (smmu->chunk_bits) {
		u64 *l1 = to_smmu(smmu)->strtab;
		u64 l2 = l1[sid >> smmu->chunk_bits] & STRTAB_L1_DESC_L2PTR_MASK;

		stream = ((struct hyp_stream **)smmu->streams)[sid >> smmu->chunk_bits];
		idx = sid & (BIT(smmu->chunk_bits) - 1);
		if (!stream != !l2)
			native_fail("STEs and streams of chunk %u differ", sid >> smmu->chunk_bits);
		if (!stream)
			return NULL;
		*ste = hyp_phys_to_virt(l2);
	}
	*ste += idx * 8;

	return stream + idx;
}

/* An STE says what EL2 thinks that it says */
static ghost_verdict check_ste(struct hyp_iommu *smmu, u32 sid, unsigned long *ids)
{
	struct hyp_stream *stream;
	unsigned int i, cfg;
	u64 *ste;

	stream = stream_of(smmu, sid, &ste);
	if (!stream)
		return NULL;
	MUST(ste[0] & STRTAB_STE_0_V, "STE 0x%x is not valid", sid);
	cfg = FIELD_GET(STRTAB_STE_0_CFG, ste[0]);
	if (!stream->domain) {
		MUST(cfg == STRTAB_STE_0_CFG_ABORT || smmu->state == IOMMU_ABORTING ||
		     (smmu->state == IOMMU_HUNG && stream->may_be_live),
		     "I6: STE 0x%x of a blocked stream is 0x%lx", sid, ste[0]);
		return NULL;
	}
	for (i = 0; i < stream->domain->nr_tags; i++) {
		const struct iommu_tag *tag = &stream->domain->tags[i];

		if (!tag->refs || tag->iommu != smmu)
			continue;
		ids[BIT_WORD(tag->id)] |= BIT_MASK(tag->id);
		MUST(smmu->ids[BIT_WORD(tag->id)] & BIT_MASK(tag->id),
		     "tag %u of a domain is free", tag->id);
		MUST(tag->id && tag->id < smmu->nr_ids, "tag %u is out of range", tag->id);
		if (iommu_cfg.stage == 2)
			MUST(FIELD_GET(STRTAB_STE_2_S2VMID, ste[2]) == tag->id,
			     "STE 0x%x has VMID %llu, not %u", sid,
			     FIELD_GET(STRTAB_STE_2_S2VMID, ste[2]), tag->id);
		return NULL;
	}
	snprintf(said, sizeof(said), "stream 0x%x is attached without a tag", sid);

	return said;
}

/* Tags that no stream needs are free again, unless an SMMU has failed */
static ghost_verdict check_smmu(struct hyp_iommu *smmu)
{
	static unsigned long ids[BITS_TO_LONGS(1 << 16)];
	unsigned int i, nr = BITS_TO_LONGS(smmu->nr_ids);
	ghost_verdict v = NULL;

	memset(ids, 0, nr * sizeof(*ids));
	for (i = 0; i < NR_SIDS && !v; i++)
		v = check_ste(smmu, machine_sids[i], ids);
	for (i = 0; i < nr && !v && !weather.hardware; i++)
		MUST(smmu->ids[i] == ids[i], "of tags %u to %u 0x%lx are taken, 0x%lx used",
		     i * (u32)BITS_PER_LONG, (i + 1) * (u32)BITS_PER_LONG - 1,
		     smmu->ids[i], ids[i]);

	return v;
}

ghost_verdict ghost_concrete(void)
{
	ghost_verdict v = check_pages();
	unsigned int i;

	for (i = 0; i < hyp_nr_iommus && !v; i++) {
		if (hyp_iommus[i]->ready)
			v = check_smmu(hyp_iommus[i]);
	}

	return v ?: ghost_derived();
}
