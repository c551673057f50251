/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An IOMMU that does what hw.h says, at once, and nothing else. It has no registers, no
 * queue of commands and no tables of its own; it caches translations until the core has
 * them invalidated.
 */
#ifndef NATIVE_HW_IDEAL_MODEL_H
#define NATIVE_HW_IDEAL_MODEL_H

#include <core/domain.h>

#include "../smmu/sim.h"

#define IDEAL_SIDS	BIT(16)
#define IDEAL_QUEUE	128

/**
 * struct ideal - the hardware of one IOMMU
 * @iommu: what the core knows of it, or NULL
 * @sim: what the harness knows of it
 * @stream: page tables of the streams, by stream ID; root 0: it aborts; granule 0: there
 *	is no room for it
 * @prod: events that were queued
 * @cons: events that were taken
 * @overflow: an event was lost
 * @errors: global errors that nobody was told of
 */
struct ideal {
	struct hyp_iommu	*iommu;
	struct sim_smmu		*sim;
	struct sim_context	*stream;
	u64			prod, cons;
	bool			overflow;
	u32			errors;
};

extern struct ideal ideals[SIM_MAX_SMMUS];

struct ideal *ideal_of(const struct hyp_iommu *iommu);
struct ideal *ideal_of_sim(const struct sim_smmu *sim);

#endif /* NATIVE_HW_IDEAL_MODEL_H */
