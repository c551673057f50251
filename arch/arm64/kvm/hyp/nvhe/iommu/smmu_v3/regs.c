// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of registers after the first two (section 6.1). EL2 does not use them, and
 * withholds them from the host and its devices.
 */
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/sizes.h>

#include <nvhe/mm.h>

#include <memory/ranges.h>

#include "smmu.h"

#define IDR0_VATOS			BIT(20)
#define ARM_SMMU_IDR2			0x8
#define IDR2_BA_VATOS			GENMASK(9, 0)
#define VATOS_PAGE(n)			(SZ_128K + (n) * (u64)SZ_64K)

/*
 * Enhanced command queues (ECMDQ, sections 3.5.6 and 6.2.5) have their registers in
 * contiguous control pages of 64K. Each page has the same number of queues, evenly
 * spaced.
 */
#define IDR1_ECMDQ			BIT(31)
#define ARM_SMMU_IDR6			0x190
#define IDR6_LOG2NUMP			GENMASK(27, 24)
#define IDR6_LOG2NUMQ			GENMASK(19, 16)
/* Most pages, and most queues in a page */
#define ECMDQ_MAX_LOG2			8

#define CMDQ_CONTROL_PAGE_BASE(n)	(0x4000 + 32 * (n))
/* Offset from the first page of the SMMU's registers */
#define CMDQ_CONTROL_PAGE_BASE_ADDR	GENMASK_ULL(55, 16)
#define CMDQ_CONTROL_PAGE_SIZE		((u64)SZ_64K)

#define ECMDQ_PROD			0x8
#define ECMDQ_CONS			0xc
/* PROD.EN, and CONS.ENACK */
#define ECMDQ_EN			BIT(31)

static u64 page_offset_of(const struct hyp_smmu *smmu, u32 n)
{
	return readq_relaxed(smmu->base + CMDQ_CONTROL_PAGE_BASE(n)) & CMDQ_CONTROL_PAGE_BASE_ADDR;
}

static int disable_queue(void __iomem *queue)
{
	u32 prod = readl_relaxed(queue + ECMDQ_PROD);
	/* PROD is read-only until the last change of EN is acknowledged */
	int ret = smmu_wait(queue, ECMDQ_CONS, ECMDQ_EN, prod & ECMDQ_EN);

	if (ret || !(prod & ECMDQ_EN))
		return ret;
	writel_relaxed(prod & ~ECMDQ_EN, queue + ECMDQ_PROD);

	return smmu_wait(queue, ECMDQ_CONS, ECMDQ_EN, 0);
}

/* With an ECMDQ the host could issue commands, and make the SMMU read any memory */
static int withhold_ecmdqs(struct hyp_smmu *smmu)
{
	u32 idr6 = readl_relaxed(smmu->base + ARM_SMMU_IDR6), i;
	u8 log2_pages = FIELD_GET(IDR6_LOG2NUMP, idr6);
	u8 log2_queues = FIELD_GET(IDR6_LOG2NUMQ, idr6);
	u64 first, base, size = CMDQ_CONTROL_PAGE_SIZE << log2_pages;
	unsigned long va;
	int ret;

	if (max(log2_pages, log2_queues) > ECMDQ_MAX_LOG2)
		return -EINVAL;
	first = page_offset_of(smmu, 0);
	for (i = 1; i < BIT(log2_pages); i++) {
		if (page_offset_of(smmu, i) != first + i * CMDQ_CONTROL_PAGE_SIZE)
			return -EINVAL;
	}

	base = smmu->iommu.mmio.base + first;
	ret = mmio_withhold(base, size) ?:
	      __pkvm_create_private_mapping(base, size, PAGE_HYP_DEVICE, &va);
	for (i = 0; i < BIT(log2_pages + log2_queues) && !ret; i++)
		ret = disable_queue((void __iomem *)va +
				    i * (CMDQ_CONTROL_PAGE_SIZE >> log2_queues));

	return ret;
}

/* VATOS would translate addresses of VMs for the host */
static int withhold_vatos(struct hyp_smmu *smmu)
{
	u32 n = FIELD_GET(IDR2_BA_VATOS, readl_relaxed(smmu->base + ARM_SMMU_IDR2));

	return mmio_withhold(smmu->iommu.mmio.base + VATOS_PAGE(n), SZ_64K);
}

/**
 * smmu_withhold_pages() - keep the host from registers that EL2 does not use
 * @smmu: SMMU, off
 *
 * An ECMDQ works even if the SMMU is off (section 3.5.6.2). So if this fails, EL2 must
 * not tell the host that the SMMU aborts.
 *
 * Context: boot, before the host is deprivileged.
 * Return: 0; -EIO (an ECMDQ cannot be disabled), -EPERM (pages cannot be withheld).
 */
int smmu_withhold_pages(struct hyp_smmu *smmu)
{
	int vatos = 0, ecmdqs = 0;

	if (readl_relaxed(smmu->base + ARM_SMMU_IDR0) & IDR0_VATOS)
		vatos = withhold_vatos(smmu);
	if (readl_relaxed(smmu->base + ARM_SMMU_IDR1) & IDR1_ECMDQ)
		ecmdqs = withhold_ecmdqs(smmu);
	if (ecmdqs == -EIO)
		return -EIO;

	return vatos || ecmdqs ? -EPERM : 0;
}
