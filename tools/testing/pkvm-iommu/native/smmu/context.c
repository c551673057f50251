// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an STE and a CD to a translation context (sections 5.2 and 5.4), with the
 * checks that make them ILLEGAL.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

u8 sim_address_bits(u8 encoding)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52, 0 };

	return bits[encoding & 7];
}

static u8 output_bits(const struct sim_smmu *smmu)
{
	return sim_address_bits(FIELD_GET(IDR5_OAS, smmu->cfg.idr[5]));
}

/* Page shift of a TG0 encoding, if the SMMU has the granule */
static u8 granule_of(const struct sim_smmu *smmu, u8 tg)
{
	u32 idr5 = smmu->cfg.idr[5];

	switch (tg) {
	case 0:
		return idr5 & IDR5_GRAN4K ? 12 : 0;
	case 1:
		return idr5 & IDR5_GRAN64K ? 16 : 0;
	case 2:
		return idr5 & IDR5_GRAN16K ? 14 : 0;
	}

	return 0;
}

/* Level at which the start level of stage 2 begins, from VTCR.SL0 */
static s8 s2_start(u8 granule, u8 sl0)
{
	if (granule == 12)
		return sl0 == 0 ? 2 : sl0 == 1 ? 1 : sl0 == 2 ? 0 : -1;

	return sl0 == 0 ? 3 : sl0 == 1 ? 2 : sl0 == 2 ? 1 : -1;
}

/* Bits that one table at this level and all below it resolve */
static u8 bits_below(u8 granule, s8 level)
{
	return granule + (4 - level) * (granule - 3);
}

enum sim_fault sim_context_s2(struct sim_smmu *smmu, const u64 ste[8], struct sim_context *ctx)
{
	u64 vtcr = FIELD_GET(STRTAB_STE_2_VTCR, ste[2]);
	u8 t0sz = FIELD_GET(STRTAB_STE_2_VTCR_S2T0SZ, vtcr), concat;
	u8 ps = sim_address_bits(FIELD_GET(STRTAB_STE_2_VTCR_S2PS, vtcr));
	bool coherent = FIELD_GET(STRTAB_STE_2_VTCR_S2IR0, vtcr);
	u32 idr0 = smmu->cfg.idr[0];

	*ctx = (struct sim_context) {
		.vmid	= FIELD_GET(STRTAB_STE_2_S2VMID, ste[2]),
		.granule = granule_of(smmu, FIELD_GET(STRTAB_STE_2_VTCR_S2TG, vtcr)),
		.ias	= 64 - t0sz,
		.oas	= ps,
		.root	= ste[3] & STRTAB_STE_3_S2TTB_MASK,
	};
	if (!(idr0 & IDR0_S2P) || !(ste[2] & STRTAB_STE_2_S2AA64) || !ctx->granule)
		return SIM_C_BAD_STE;
	if (!(idr0 & IDR0_VMID16) && ctx->vmid > 0xff)
		return SIM_C_BAD_STE;
	/* Transactions must not stall: nobody would resume them */
	if (ste[2] & STRTAB_STE_2_S2S)
		return SIM_C_BAD_STE;
	if (ste[2] & STRTAB_STE_2_S2ENDI || !ps || ps > output_bits(smmu) || ps > 48)
		return SIM_C_BAD_STE;
	if (!coherent == smmu->cfg.coherent && native_coherent)
		return SIM_C_BAD_STE;

	ctx->start = s2_start(ctx->granule, FIELD_GET(STRTAB_STE_2_VTCR_S2SL0, vtcr));
	if (ctx->start < 0 || ctx->ias > 48 || ctx->ias > ps ||
	    ctx->ias < bits_below(ctx->granule, ctx->start + 1) + 1)
		return SIM_C_BAD_STE;
	/* Up to 16 tables in a row, aligned as a whole */
	concat = max(ctx->ias, bits_below(ctx->granule, ctx->start)) -
		 bits_below(ctx->granule, ctx->start);
	if (concat > 4 || ctx->root & ((1UL << (ctx->granule + concat)) - 1))
		return SIM_C_BAD_STE;

	return SIM_OK;
}

enum sim_fault sim_context_s1(struct sim_smmu *smmu, const u64 ste[8], const u64 cd[8],
			      struct sim_context *ctx)
{
	u8 t0sz = FIELD_GET(CTXDESC_CD_0_TCR_T0SZ, cd[0]);
	u8 ips = sim_address_bits(FIELD_GET(CTXDESC_CD_0_TCR_IPS, cd[0]));
	u32 idr0 = smmu->cfg.idr[0];

	*ctx = (struct sim_context) {
		.stage1	= true,
		.vmid	= FIELD_GET(STRTAB_STE_2_S2VMID, ste[2]),
		.asid	= FIELD_GET(CTXDESC_CD_0_ASID, cd[0]),
		.granule = granule_of(smmu, FIELD_GET(CTXDESC_CD_0_TCR_TG0, cd[0])),
		.ias	= 64 - t0sz,
		.oas	= min(ips, (u8)48),
		.root	= cd[1] & CTXDESC_CD_1_TTB0_MASK,
	};
	if (!(cd[0] & CTXDESC_CD_0_V) || !(cd[0] & CTXDESC_CD_0_AA64) || !ctx->granule)
		return SIM_C_BAD_CD;
	if (!(idr0 & IDR0_ASID16) && ctx->asid > 0xff)
		return SIM_C_BAD_CD;
	if (!ips || ips > output_bits(smmu) || t0sz < 16 || t0sz > 39 ||
	    !(cd[0] & CTXDESC_CD_0_TCR_EPD1) || cd[0] & CTXDESC_CD_0_ENDI)
		return SIM_C_BAD_CD;
	if (cd[0] & CTXDESC_CD_0_S)
		return SIM_C_BAD_CD;

	/* The level at which the input size starts */
	ctx->start = 4 - DIV_ROUND_UP(ctx->ias - ctx->granule, ctx->granule - 3);

	return SIM_OK;
}
