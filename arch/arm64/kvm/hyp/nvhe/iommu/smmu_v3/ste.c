// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make stream table entries (section 5.2) and context descriptors (section 5.4) from
 * values.
 */
#include <nvhe/memory.h>

#include <memory/pgtable.h>

#include "smmu.h"

/* Cacheability and shareability of walks, as in TCR and VTCR */
#define WALK_CACHE(pgt)		((pgt)->cfg->coherent ? 1 /* WB */ : 0 /* NC */)
#define WALK_SH(pgt)		((pgt)->cfg->coherent ? ARM_SMMU_SH_ISH : ARM_SMMU_SH_OSH)

/* TCR.TG0 and VTCR.TG0 */
#define TG0			(PAGE_SHIFT == 12 ? 0 : PAGE_SHIFT == 14 ? 2 : 1)

static u8 address_size(u8 bits)
{
	switch (bits) {
	case 32:
		return IDR5_OAS_32_BIT;
	case 36:
		return IDR5_OAS_36_BIT;
	case 40:
		return IDR5_OAS_40_BIT;
	case 42:
		return IDR5_OAS_42_BIT;
	case 44:
		return IDR5_OAS_44_BIT;
	default:
		return IDR5_OAS_48_BIT;
	}
}

/* VTCR.SL0, for start levels 0 to 3 */
static u8 start_level(const struct iommu_pgtable *pgt)
{
	return (PAGE_SHIFT == 12 ? 2 : 3) - pgt->start_level;
}

void smmu_make_abort_ste(struct arm_smmu_ste *ste)
{
	memset(ste, 0, sizeof(*ste));
	ste->data[0] = cpu_to_le64(STRTAB_STE_0_V |
				   FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_ABORT));
}

static void make_s1_ste(struct arm_smmu_ste *ste, const struct smmu_features *feat, u64 cd_phys)
{
	ste->data[0] = cpu_to_le64(STRTAB_STE_0_V |
				   FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_S1_TRANS) |
				   FIELD_PREP(STRTAB_STE_0_S1FMT, STRTAB_STE_0_S1FMT_LINEAR) |
				   (cd_phys & STRTAB_STE_0_S1CTXPTR_MASK));
	ste->data[1] = cpu_to_le64(FIELD_PREP(STRTAB_STE_1_S1CIR, STRTAB_STE_1_S1C_CACHE_WBRA) |
				   FIELD_PREP(STRTAB_STE_1_S1COR, STRTAB_STE_1_S1C_CACHE_WBRA) |
				   FIELD_PREP(STRTAB_STE_1_S1CSH, ARM_SMMU_SH_ISH) |
				   FIELD_PREP(STRTAB_STE_1_STRW, STRTAB_STE_1_STRW_NSEL1) |
				   (feat->stall ? STRTAB_STE_1_S1STALLD : 0));
}

static void make_s2_ste(struct arm_smmu_ste *ste, const struct smmu_features *feat,
			const struct iommu_pgtable *pgt, u16 vmid)
{
	u64 vtcr = FIELD_PREP(STRTAB_STE_2_VTCR_S2T0SZ, 64 - pgt->ias) |
		   FIELD_PREP(STRTAB_STE_2_VTCR_S2SL0, start_level(pgt)) |
		   FIELD_PREP(STRTAB_STE_2_VTCR_S2IR0, WALK_CACHE(pgt)) |
		   FIELD_PREP(STRTAB_STE_2_VTCR_S2OR0, WALK_CACHE(pgt)) |
		   FIELD_PREP(STRTAB_STE_2_VTCR_S2SH0, WALK_SH(pgt)) |
		   FIELD_PREP(STRTAB_STE_2_VTCR_S2TG, TG0) |
		   FIELD_PREP(STRTAB_STE_2_VTCR_S2PS, address_size(pgt->cfg->oas));

	ste->data[0] = cpu_to_le64(STRTAB_STE_0_V |
				   FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_S2_TRANS));
	if (feat->attr_ovr)
		ste->data[1] = cpu_to_le64(FIELD_PREP(STRTAB_STE_1_SHCFG,
						      STRTAB_STE_1_SHCFG_INCOMING));
	/* Record faults and terminate the transactions; do not stall them */
	ste->data[2] = cpu_to_le64(FIELD_PREP(STRTAB_STE_2_S2VMID, vmid) |
				   FIELD_PREP(STRTAB_STE_2_VTCR, vtcr) |
				   STRTAB_STE_2_S2AA64 | STRTAB_STE_2_S2PTW | STRTAB_STE_2_S2R);
	ste->data[3] = cpu_to_le64(hyp_virt_to_phys(pgt->root) & STRTAB_STE_3_S2TTB_MASK);
}

/* One stage, never both: errata of nested translation do not apply (1209401, 2268618) */
void smmu_make_ste(struct arm_smmu_ste *ste, const struct smmu_features *feat,
		   const struct iommu_pgtable *pgt, u64 cd_phys, u16 id)
{
	memset(ste, 0, sizeof(*ste));
	if (pgt->cfg->stage == 1)
		make_s1_ste(ste, feat, cd_phys);
	else
		make_s2_ste(ste, feat, pgt, id);
}

void smmu_make_cd(struct arm_smmu_cd *cd, const struct iommu_pgtable *pgt, u16 asid)
{
	memset(cd, 0, sizeof(*cd));
	if (pgt->cfg->stage != 1)
		return;

	/* Record faults and terminate the transactions; do not stall them */
	cd->data[0] = cpu_to_le64(FIELD_PREP(CTXDESC_CD_0_TCR_T0SZ, 64 - pgt->ias) |
				  FIELD_PREP(CTXDESC_CD_0_TCR_TG0, TG0) |
				  FIELD_PREP(CTXDESC_CD_0_TCR_IRGN0, WALK_CACHE(pgt)) |
				  FIELD_PREP(CTXDESC_CD_0_TCR_ORGN0, WALK_CACHE(pgt)) |
				  FIELD_PREP(CTXDESC_CD_0_TCR_SH0, WALK_SH(pgt)) |
				  FIELD_PREP(CTXDESC_CD_0_TCR_IPS, address_size(pgt->cfg->oas)) |
				  FIELD_PREP(CTXDESC_CD_0_ASID, asid) |
				  CTXDESC_CD_0_TCR_EPD1 | CTXDESC_CD_0_V | CTXDESC_CD_0_AA64 |
				  CTXDESC_CD_0_R | CTXDESC_CD_0_A | CTXDESC_CD_0_ASET);
	cd->data[1] = cpu_to_le64(hyp_virt_to_phys(pgt->root) & CTXDESC_CD_1_TTB0_MASK);
	cd->data[3] = cpu_to_le64(IOMMU_S1_MAIR);
}

/* With stage 1, @binding->id is the ASID and all TLB entries have VMID 0 */
void hw_bind(struct iommu_binding *binding, const struct iommu_pgtable *pgt)
{
	struct arm_smmu_cd *cd = (struct arm_smmu_cd *)binding->context;

	BUILD_BUG_ON(sizeof(*cd) != sizeof(binding->context));
	smmu_make_cd(cd, pgt, binding->id);
	iommu_pgtable_clean(pgt, cd, sizeof(*cd));
}
