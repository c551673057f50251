// SPDX-License-Identifier: GPL-2.0-only
/*
 * An STE says what the core thinks that it says, and events are counted right.
 */
#include <core/domain.h>
#include <smmu_v3/smmu.h>

#include "../ghost/ghost.h"
#include "../ghost/must.h"

/* The STE of a stream, or NULL: its chunk is not there */
static u64 *ste_of(struct hyp_iommu *iommu, u32 sid)
{
	u64 *table = to_smmu(iommu)->strtab, l2;

	if (!iommu->chunk_bits)
		return table + sid * 8;
	l2 = table[sid >> iommu->chunk_bits] & STRTAB_L1_DESC_L2PTR_MASK;
	if (!l2)
		return NULL;

	return (u64 *)hyp_phys_to_virt(l2) + (sid & (BIT(iommu->chunk_bits) - 1)) * 8;
}

ghost_verdict hw_check_stream(struct hyp_iommu *iommu, u32 sid, const struct hyp_stream *stream,
			      u16 id)
{
	const u64 *ste = ste_of(iommu, sid);
	u8 cfg;

	MUST(!stream == !ste, "of stream 0x%x there is only the STE, or all but that", sid);
	if (!stream)
		return NULL;
	MUST(ste[0] & STRTAB_STE_0_V, "STE 0x%x is not valid", sid);
	cfg = FIELD_GET(STRTAB_STE_0_CFG, ste[0]);
	if (!id)
		MUST(cfg == STRTAB_STE_0_CFG_ABORT || iommu->state == IOMMU_ABORTING ||
		     (iommu->state == IOMMU_HUNG && stream->may_be_live),
		     "I6: STE 0x%x of a blocked stream is 0x%lx", sid, ste[0]);
	else if (iommu_cfg.stage == 2)
		MUST(FIELD_GET(STRTAB_STE_2_S2VMID, ste[2]) == id,
		     "STE 0x%x has VMID %llu, not %u", sid,
		     FIELD_GET(STRTAB_STE_2_S2VMID, ste[2]), id);

	return NULL;
}

ghost_verdict hw_check_events(struct hyp_iommu *iommu, const struct sim_smmu *sim)
{
	const struct hyp_smmu *smmu = to_smmu(iommu);
	u64 queued = (sim->evtq_prod - sim->evtq_cons) & (2 * BIT(smmu->evtq_log2) - 1);

	MUST(smmu->evtq_taken + queued == sim->nr_events,
	     "%lu events taken and %lu queued, of %lu", smmu->evtq_taken, queued,
	     sim->nr_events);

	return NULL;
}
