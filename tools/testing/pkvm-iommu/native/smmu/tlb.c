// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TLB: what was used once stays until it is invalidated.
 */
#include "sim.h"

void sim_tlb_insert(struct sim_smmu *smmu, const struct sim_tlb_entry *new)
{
	struct sim_tlb_entry *entry, *slot = NULL;

	for (entry = smmu->tlb; entry < smmu->tlb + SIM_TLB_SIZE; entry++) {
		if (!entry->valid) {
			slot = slot ?: entry;
			continue;
		}
		if (entry->stage1 == new->stage1 && entry->vmid == new->vmid &&
		    entry->asid == new->asid && entry->iova == new->iova &&
		    entry->size == new->size && entry->pa == new->pa &&
		    entry->read == new->read && entry->write == new->write) {
			/* Fetched anew: invalidations from before do not concern it */
			entry->seq = ++smmu->seq;
			return;
		}
	}
	if (!slot)
		slot = &smmu->tlb[rng_below(&smmu->rng, SIM_TLB_SIZE)];
	*slot = *new;
	slot->seq = ++smmu->seq;
}

void sim_walk_insert(struct sim_smmu *smmu, const struct sim_walk_entry *new)
{
	struct sim_walk_entry *entry, *slot = NULL;

	for (entry = smmu->walks; entry < smmu->walks + SIM_TLB_SIZE; entry++) {
		if (!entry->valid) {
			slot = slot ?: entry;
			continue;
		}
		if (entry->stage1 == new->stage1 && entry->vmid == new->vmid &&
		    entry->asid == new->asid && entry->iova == new->iova &&
		    entry->level == new->level && entry->table == new->table) {
			entry->seq = ++smmu->seq;
			return;
		}
	}
	if (!slot)
		slot = &smmu->walks[rng_below(&smmu->rng, SIM_TLB_SIZE)];
	*slot = *new;
	slot->seq = ++smmu->seq;
}
