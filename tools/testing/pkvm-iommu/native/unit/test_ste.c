// SPDX-License-Identifier: GPL-2.0-only
/*
 * STEs and CDs, bit by bit as in Arm IHI 0070, sections 5.2 and 5.4. The numbers are
 * those of the specification, not of any header.
 */
#include <asm/kvm_pgtable.h>

#include <memory/pgtable.h>

#include <smmu_v3/smmu.h>

#include "test.h"

static u64 field(u64 word, unsigned int high, unsigned int low)
{
	return word >> low & (~0ULL >> (63 - (high - low)));
}

/* TG0 and S2TG, start level: by granule */
#if PAGE_SHIFT == 12
#define TG	0
#define SL0(l)	(2 - (l))
#elif PAGE_SHIFT == 14
#define TG	2
#define SL0(l)	(3 - (l))
#else
#define TG	1
#define SL0(l)	(3 - (l))
#endif

static struct iommu_pgtable table(struct iommu_pgtable_cfg *cfg, u8 ias)
{
	return (struct iommu_pgtable) {
		.cfg		= cfg,
		.root		= hyp_phys_to_virt(NATIVE_MEM_START + 16 * PAGE_SIZE),
		.ias		= ias,
		.start_level	= iommu_pgtable_start_level(cfg->stage, ias),
	};
}

TEST(ste, abort_is_valid_and_nothing_else)
{
	struct arm_smmu_ste ste;
	unsigned int i;

	memset(&ste, 0xff, sizeof(ste));
	smmu_make_abort_ste(&ste);
	ASSERT_EQ(ste.data[0], 1);		/* V, Config = 0b000 */
	for (i = 1; i < 8; i++)
		ASSERT_EQ(ste.data[i], 0);
}

TEST(ste, of_stage_2)
{
	struct iommu_pgtable_cfg cfg = { .stage = 2, .oas = 44, .coherent = true };
	struct smmu_features feat = { .attr_ovr = true };
	struct iommu_pgtable pgt;
	struct arm_smmu_ste ste;
	unsigned int i;

	machine_prepare(m, seed);
	pgt = table(&cfg, 42);
	smmu_make_ste(&ste, &feat, &pgt, 0x1234000, 0xabcd);
	ASSERT_EQ(field(ste.data[0], 0, 0), 1);
	ASSERT_EQ(field(ste.data[0], 3, 1), 6);		/* stage 2 only */
	ASSERT_EQ(field(ste.data[0], 63, 4), 0);
	ASSERT_EQ(field(ste.data[1], 45, 44), 1);	/* SHCFG: as it came in */
	ASSERT_EQ(field(ste.data[2], 15, 0), 0xabcd);	/* S2VMID */
	ASSERT_EQ(field(ste.data[2], 37, 32), 64 - 42);	/* S2T0SZ */
	ASSERT_EQ(field(ste.data[2], 39, 38), SL0(pgt.start_level));
	ASSERT_EQ(field(ste.data[2], 41, 40), 1);	/* S2IR0: write-back */
	ASSERT_EQ(field(ste.data[2], 43, 42), 1);	/* S2OR0 */
	ASSERT_EQ(field(ste.data[2], 45, 44), 3);	/* S2SH0: inner */
	ASSERT_EQ(field(ste.data[2], 47, 46), TG);
	ASSERT_EQ(field(ste.data[2], 50, 48), 4);	/* S2PS: 44 bits */
	ASSERT_EQ(field(ste.data[2], 51, 51), 1);	/* S2AA64 */
	ASSERT_EQ(field(ste.data[2], 52, 52), 0);	/* S2ENDI */
	ASSERT_EQ(field(ste.data[2], 54, 54), 1);	/* S2PTW */
	ASSERT_EQ(field(ste.data[2], 57, 57), 0);	/* S2S: no stall */
	ASSERT_EQ(field(ste.data[2], 58, 58), 1);	/* S2R: events */
	ASSERT_EQ(ste.data[3], NATIVE_MEM_START + 16 * PAGE_SIZE);
	for (i = 4; i < 8; i++)
		ASSERT_EQ(ste.data[i], 0);
}

TEST(ste, of_stage_2_without_snooping)
{
	struct iommu_pgtable_cfg cfg = { .stage = 2, .oas = 40 };
	struct smmu_features feat = {};
	struct iommu_pgtable pgt;
	struct arm_smmu_ste ste;

	machine_prepare(m, seed);
	pgt = table(&cfg, 38);
	smmu_make_ste(&ste, &feat, &pgt, 0, 1);
	ASSERT_EQ(ste.data[1], 0);
	ASSERT_EQ(field(ste.data[2], 43, 40), 0);	/* non-cacheable walks */
	ASSERT_EQ(field(ste.data[2], 45, 44), 2);	/* outer shareable */
	ASSERT_EQ(field(ste.data[2], 50, 48), 2);	/* 40 bits */
}

TEST(ste, of_stage_1)
{
	struct iommu_pgtable_cfg cfg = { .stage = 1, .oas = 48, .coherent = true };
	struct smmu_features feat = { .stall = true };
	struct iommu_pgtable pgt;
	struct arm_smmu_ste ste;

	machine_prepare(m, seed);
	pgt = table(&cfg, 48);
	smmu_make_ste(&ste, &feat, &pgt, 0x41234040, 7);
	ASSERT_EQ(field(ste.data[0], 3, 0), 5 << 1 | 1);	/* stage 1 only */
	ASSERT_EQ(field(ste.data[0], 51, 6), 0x41234040 >> 6);	/* S1ContextPtr */
	ASSERT_EQ(field(ste.data[0], 63, 59), 0);		/* S1CDMax: one CD */
	ASSERT_EQ(field(ste.data[1], 3, 2), 1);			/* S1CIR: WB, RA */
	ASSERT_EQ(field(ste.data[1], 5, 4), 1);			/* S1COR */
	ASSERT_EQ(field(ste.data[1], 7, 6), 3);			/* S1CSH */
	ASSERT_EQ(field(ste.data[1], 27, 27), 1);		/* S1STALLD */
	ASSERT_EQ(field(ste.data[1], 29, 28), 0);		/* EATS: no ATS */
	ASSERT_EQ(field(ste.data[1], 31, 30), 0);		/* STRW: EL1 */
	ASSERT_EQ(ste.data[2], 0);				/* VMID 0 */
	feat.stall = false;
	smmu_make_ste(&ste, &feat, &pgt, 0x41234040, 7);
	ASSERT_EQ(field(ste.data[1], 27, 27), 0);
}

TEST(ste, context_descriptor)
{
	static const struct { u8 oas, ips; } sizes[] = {
		{ 32, 0 }, { 36, 1 }, { 40, 2 }, { 42, 3 }, { 44, 4 }, { 48, 5 }, { 52, 5 },
	};
	struct iommu_pgtable_cfg cfg = { .stage = 1, .coherent = true };
	struct iommu_pgtable pgt;
	struct arm_smmu_cd cd;
	unsigned int i;

	machine_prepare(m, seed);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cfg.oas = sizes[i].oas;
		pgt = table(&cfg, 47);
		smmu_make_cd(&cd, &pgt, 0xbeef);
		ASSERT_EQ(field(cd.data[0], 5, 0), 64 - 47);	/* T0SZ */
		ASSERT_EQ(field(cd.data[0], 7, 6), TG);
		ASSERT_EQ(field(cd.data[0], 9, 8), 1);		/* IR0 */
		ASSERT_EQ(field(cd.data[0], 11, 10), 1);	/* OR0 */
		ASSERT_EQ(field(cd.data[0], 13, 12), 3);	/* SH0 */
		ASSERT_EQ(field(cd.data[0], 14, 14), 0);	/* EPD0 */
		ASSERT_EQ(field(cd.data[0], 15, 15), 0);	/* ENDI */
		ASSERT_EQ(field(cd.data[0], 30, 30), 1);	/* EPD1: no TTB1 */
		ASSERT_EQ(field(cd.data[0], 31, 31), 1);	/* V */
		ASSERT_EQ(field(cd.data[0], 34, 32), sizes[i].ips);
		ASSERT_EQ(field(cd.data[0], 41, 41), 1);	/* AA64 */
		ASSERT_EQ(field(cd.data[0], 44, 44), 0);	/* S: no stall */
		ASSERT_EQ(field(cd.data[0], 45, 45), 1);	/* R */
		ASSERT_EQ(field(cd.data[0], 46, 46), 1);	/* A */
		ASSERT_EQ(field(cd.data[0], 47, 47), 1);	/* ASET */
		ASSERT_EQ(field(cd.data[0], 63, 48), 0xbeef);
		ASSERT_EQ(cd.data[1], NATIVE_MEM_START + 16 * PAGE_SIZE);
		ASSERT_EQ(cd.data[3], 0x04ff44);		/* MAIR */
	}
	cfg.stage = 2;
	smmu_make_cd(&cd, &pgt, 1);
	ASSERT_EQ(cd.data[0], 0);
}
