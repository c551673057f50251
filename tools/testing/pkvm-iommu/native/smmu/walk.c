// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table walks, VMSAv8-64 (Arm ARM, D8). Each table passed is cached.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

#define DESC_VALID	BIT(0)
#define DESC_TABLE	BIT(1)	/* or page, at level 3 */
#define DESC_AF		BIT(10)

static bool block_allowed(u8 granule, s8 level)
{
	return granule == 12 ? level == 1 || level == 2 : level == 2;
}

static u8 shift_of(const struct sim_context *ctx, s8 level)
{
	return ctx->granule + (3 - level) * (ctx->granule - 3);
}

static enum sim_fault make_leaf(const struct sim_context *ctx, u64 desc, u64 iova, s8 level,
				u32 sid, struct sim_tlb_entry *leaf)
{
	u64 size = 1UL << shift_of(ctx, level);
	u64 pa = desc & GENMASK_ULL(47, ctx->granule);

	if (!(desc & DESC_AF))
		return SIM_F_ACCESS;
	if (pa & (size - 1) || pa >> ctx->oas)
		return SIM_F_ADDR_SIZE;

	*leaf = (struct sim_tlb_entry) {
		.valid	= true,
		.stage1	= ctx->stage1,
		/* Stage 1: AP[1] lets unprivileged accesses in, AP[2] takes writes away */
		.read	= desc & BIT(6),
		.write	= ctx->stage1 ? (desc & BIT(6)) && !(desc & BIT(7)) : desc & BIT(7),
		.level	= level,
		.vmid	= ctx->vmid,
		.asid	= ctx->asid,
		.sid	= sid,
		.iova	= iova & ~(size - 1),
		.size	= size,
		.pa	= pa,
	};

	return SIM_OK;
}

enum sim_fault sim_walk(struct sim_smmu *smmu, const struct sim_context *ctx, u64 iova,
			u64 table, s8 level, u32 sid, struct sim_tlb_entry *leaf)
{
	bool root = level == ctx->start;

	if (iova >> ctx->ias)
		return SIM_F_TRANSLATION;

	for (;; level++, root = false) {
		u8 shift = shift_of(ctx, level);
		u64 idx = iova >> shift, desc;

		if (!root)
			idx &= (1UL << (ctx->granule - 3)) - 1;
		desc = sim_read64(smmu, table + idx * 8, "page table");
		if (!(desc & DESC_VALID))
			return SIM_F_TRANSLATION;
		if (level == 3) {
			return desc & DESC_TABLE ? make_leaf(ctx, desc, iova, level, sid, leaf) :
						   SIM_F_TRANSLATION;
		}
		if (!(desc & DESC_TABLE)) {
			return block_allowed(ctx->granule, level) ?
			       make_leaf(ctx, desc, iova, level, sid, leaf) : SIM_F_TRANSLATION;
		}

		table = desc & GENMASK_ULL(47, ctx->granule);
		sim_walk_insert(smmu, &(struct sim_walk_entry) {
			.valid	= true,
			.stage1	= ctx->stage1,
			.level	= level + 1,
			.vmid	= ctx->vmid,
			.asid	= ctx->asid,
			.iova	= iova & ~((1UL << shift) - 1),
			.size	= 1UL << shift,
			.table	= table,
		});
	}
}
