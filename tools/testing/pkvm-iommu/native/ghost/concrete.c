// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the EL2 code's structures must agree on among themselves: marks of pages,
 * address space IDs, streams.
 */
#include <stdio.h>

#include <core/domain.h>
#include <core/vm.h>
#include <memory/pin.h>

#include "ghost.h"
#include "must.h"

static ghost_verdict check_pages(void)
{
	unsigned int piece;
	u64 phys;

	for (piece = 0; piece < hyp_memblock_nr; piece++) {
		u64 end = hyp_memory[piece].base + hyp_memory[piece].size;

		for (phys = hyp_memory[piece].base; phys < end; phys += PAGE_SIZE) {
			bool revoked = page_is_revoked(phys);

			MUST(revoked == !host_may_access(phys),
			     "page 0x%lx is %s but the host may %saccess it", phys,
			     revoked ? "revoked" : "not revoked", revoked ? "" : "not ");
		}
	}

	return NULL;
}

/* The binding that a domain has on an IOMMU, and that it takes there */
static ghost_verdict check_tag(const struct hyp_iommu_domain *domain, struct hyp_iommu *iommu,
			       u32 sid, unsigned long *ids, u16 *id)
{
	unsigned int i;

	for (i = 0; i < domain->nr_bindings; i++) {
		const struct iommu_binding *binding = &domain->bindings[i];

		if (!binding->refs || binding->iommu != iommu)
			continue;
		ids[BIT_WORD(binding->id)] |= BIT_MASK(binding->id);
		MUST(iommu->ids[BIT_WORD(binding->id)] & BIT_MASK(binding->id),
		     "binding %u of a domain is free", binding->id);
		MUST(binding->id && binding->id < iommu->nr_ids, "binding %u is out of range",
		     binding->id);
		*id = binding->id;
		return NULL;
	}
	snprintf(said, sizeof(said), "stream 0x%x is attached without a binding", sid);

	return said;
}

static ghost_verdict check_stream(struct hyp_iommu *iommu, u32 sid, unsigned long *ids)
{
	const struct hyp_stream *stream = ghost_stream_of(iommu, sid);
	ghost_verdict v = NULL;
	u16 id = 0;

	if (stream && stream->domain)
		v = check_tag(stream->domain, iommu, sid, ids, &id);

	return v ?: hw_check_stream(iommu, sid, stream, id);
}

/* Tags that no stream needs are free again, unless an SMMU has failed */
static ghost_verdict check_iommu(struct hyp_iommu *iommu)
{
	static unsigned long ids[BITS_TO_LONGS(1 << 16)];
	unsigned int i, nr = BITS_TO_LONGS(iommu->nr_ids);
	ghost_verdict v = NULL;

	memset(ids, 0, nr * sizeof(*ids));
	for (i = 0; i < NR_SIDS && !v; i++)
		v = check_stream(iommu, machine_sids[i], ids);
	for (i = 0; i < nr && !v && !weather.hardware; i++)
		MUST(iommu->ids[i] == ids[i], "of bindings %u to %u 0x%lx are taken, 0x%lx used",
		     i * (u32)BITS_PER_LONG, (i + 1) * (u32)BITS_PER_LONG - 1,
		     iommu->ids[i], ids[i]);

	return v;
}

ghost_verdict ghost_concrete(void)
{
	ghost_verdict v = check_pages();
	unsigned int i;

	for (i = 0; i < hyp_nr_iommus && !v; i++) {
		if (hyp_iommus[i]->ready)
			v = check_iommu(hyp_iommus[i]);
	}

	return v ?: ghost_derived();
}
