// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decode the ID registers into features, or why EL2 cannot drive an SMMU (section 6.3).
 */
#include <asm/pkvm-iommu-host.h>

#include <linux/io.h>

#include "smmu.h"

/* Smallest log2 of the entries of either queue that EL2 can use */
#define MIN_QUEUE_LOG2	3

/* With fewer bits the root table could be below the level of the largest blocks */
#define MIN_OAS		36

static u8 oas_bits(u32 idr5)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u32 oas = FIELD_GET(IDR5_OAS, idr5);

	return oas < ARRAY_SIZE(bits) ? bits[oas] : 0;
}

static bool has_page_size(u32 idr5)
{
	switch (PAGE_SIZE) {
	case SZ_4K:
		return idr5 & IDR5_GRAN4K;
	case SZ_16K:
		return idr5 & IDR5_GRAN16K;
	default:
		return idr5 & IDR5_GRAN64K;
	}
}

void smmu_read_idrs(void __iomem *base, u32 idr[6])
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		idr[i] = readl_relaxed(base + ARM_SMMU_IDR0 + 4 * i);
}

int smmu_features_decode(const u32 idr[6], u64 flags, struct smmu_features *feat)
{
	u32 endian = FIELD_GET(IDR0_TTENDIAN, idr[0]);
	u32 stall = FIELD_GET(IDR0_STALL_MODEL, idr[0]);

	*feat = (struct smmu_features) {
		.sid_bits	= FIELD_GET(IDR1_SIDSIZE, idr[1]),
		.oas		= oas_bits(idr[5]),
		.cmdq_log2	= FIELD_GET(IDR1_CMDQS, idr[1]),
		.evtq_log2	= FIELD_GET(IDR1_EVTQS, idr[1]),
		.stage1		= idr[0] & IDR0_S1P,
		.stage2		= idr[0] & IDR0_S2P,
		.two_level	= FIELD_GET(IDR0_ST_LVL, idr[0]) == IDR0_ST_LVL_2LVL &&
				  !(flags & PKVM_IOMMU_F_NO_2LVL),
		.coherent	= (idr[0] & IDR0_COHACC) && (flags & PKVM_IOMMU_F_COHERENT),
		.range_inv	= (idr[3] & IDR3_RIL) && !(flags & PKVM_IOMMU_F_NO_RIL),
		.bbml2		= FIELD_GET(IDR3_BBM, idr[3]) == 2 &&
				  !(flags & PKVM_IOMMU_F_NO_BBML2),
		.stall		= stall == IDR0_STALL_MODEL_STALL,
		.ats		= idr[0] & IDR0_ATS,
		.hyp		= idr[0] & IDR0_HYP,
		.msi		= idr[0] & IDR0_MSI,
		.attr_ovr	= idr[1] & IDR1_ATTR_TYPES_OVR,
		.repeat		= flags & PKVM_IOMMU_F_REPEAT,
	};
	if (feat->stage1)
		feat->asid_bits = idr[0] & IDR0_ASID16 ? 16 : 8;
	if (feat->stage2)
		feat->vmid_bits = idr[0] & IDR0_VMID16 ? 16 : 8;

	if (idr[1] & (IDR1_TABLES_PRESET | IDR1_QUEUES_PRESET | IDR1_REL))
		return PKVM_IOMMU_BAD_PRESET;
	if (!(FIELD_GET(IDR0_TTF, idr[0]) & IDR0_TTF_AARCH64))
		return PKVM_IOMMU_BAD_TTF;
	if (endian != IDR0_TTENDIAN_MIXED && endian != IDR0_TTENDIAN_LE)
		return PKVM_IOMMU_BAD_ENDIAN;
	if (!feat->stage1 && !feat->stage2)
		return PKVM_IOMMU_BAD_STAGE;
	if (!has_page_size(idr[5]))
		return PKVM_IOMMU_BAD_GRANULE;
	if (feat->oas < MIN_OAS)
		return PKVM_IOMMU_BAD_OAS;
	if (stall == IDR0_STALL_MODEL_FORCE)
		return PKVM_IOMMU_BAD_STALL;
	if (feat->cmdq_log2 < MIN_QUEUE_LOG2 || feat->evtq_log2 < MIN_QUEUE_LOG2)
		return PKVM_IOMMU_BAD_QUEUE;

	return 0;
}
