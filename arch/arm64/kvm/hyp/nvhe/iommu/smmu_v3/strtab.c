// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream table of one SMMU (section 3.3).
 *
 * A 2-level table has one page of STEs per chunk. The core adds it when the host first
 * attaches a stream of the chunk. A stream without an STE aborts and causes an event.
 */
#include <asm/kvm_mmu.h>

#include <nvhe/memory.h>

#include "smmu.h"

/* 2-level: one page of STEs per chunk; at most 1 MiB of level 1 descriptors */
#define STRTAB_L2_BITS		(PAGE_SHIFT - ilog2(sizeof(struct arm_smmu_ste)))
#define STRTAB_L1_MAX_BITS	17
/* SMMUs without 2-level tables have few streams (IDR0.ST_LEVEL) */
#define STRTAB_LINEAR_MAX_BITS	12

static bool is_linear(const struct smmu_features *feat)
{
	return !feat->two_level || feat->sid_bits <= STRTAB_L2_BITS;
}

u8 smmu_table_bits(const struct smmu_features *feat)
{
	return min_t(u8, feat->sid_bits, is_linear(feat) ? STRTAB_LINEAR_MAX_BITS :
							   STRTAB_L1_MAX_BITS + STRTAB_L2_BITS);
}

u8 smmu_chunk_bits(const struct smmu_features *feat)
{
	BUILD_BUG_ON(STRTAB_L2_BITS > HW_CHUNK_BITS_MAX);

	return is_linear(feat) ? 0 : STRTAB_L2_BITS;
}

size_t smmu_strtab_size(const struct smmu_features *feat)
{
	u8 bits = smmu_table_bits(feat);

	return PAGE_ALIGN(is_linear(feat) ?
			  BIT(bits) * sizeof(struct arm_smmu_ste) :
			  BIT(bits - STRTAB_L2_BITS) * sizeof(struct arm_smmu_strtab_l1));
}

void smmu_strtab_init(struct hyp_smmu *smmu)
{
	if (!smmu->iommu.chunk_bits) {
		struct arm_smmu_ste *ste = smmu->strtab;
		unsigned long i;

		for (i = 0; i < BIT(smmu->iommu.sid_bits); i++)
			smmu_make_abort_ste(&ste[i]);
	}
}

static void clean(const struct hyp_smmu *smmu, void *start, size_t size)
{
	if (!smmu->feat.coherent)
		kvm_flush_dcache_to_poc(start, size);
	dsb(ishst);
}

static struct arm_smmu_ste *ste_of(struct hyp_smmu *smmu, u32 sid)
{
	struct arm_smmu_strtab_l1 *l1 = smmu->strtab;
	u8 split = smmu->iommu.chunk_bits;
	u64 l2;

	if (!split)
		return (struct arm_smmu_ste *)smmu->strtab + sid;

	l2 = le64_to_cpu(l1[sid >> split].l2ptr) & STRTAB_L1_DESC_L2PTR_MASK;

	return (struct arm_smmu_ste *)hyp_phys_to_virt(l2) + (sid & (BIT(split) - 1));
}

int hw_stream_room(struct hyp_iommu *iommu, u32 sid, void *page)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	struct arm_smmu_strtab_l1 *l1 = smmu->strtab;
	u32 idx = sid >> iommu->chunk_bits;
	struct arm_smmu_ste *stes = page;
	struct arm_smmu_cmd cmd;
	unsigned int i;

	for (i = 0; i < BIT(iommu->chunk_bits); i++)
		smmu_make_abort_ste(&stes[i]);
	clean(smmu, stes, PAGE_SIZE);
	WRITE_ONCE(l1[idx].l2ptr,
		   cpu_to_le64((hyp_virt_to_phys(stes) & STRTAB_L1_DESC_L2PTR_MASK) |
			       FIELD_PREP(STRTAB_L1_DESC_SPAN, iommu->chunk_bits + 1)));
	clean(smmu, &l1[idx], sizeof(l1[idx]));
	/* The SMMU can have cached the old, empty descriptor */
	cmd = arm_smmu_make_cmd_cfgi_ste(sid, false);

	return smmu_issue(smmu, &cmd, 1);
}

static int sync_ste(struct hyp_smmu *smmu, u32 sid)
{
	struct arm_smmu_cmd cmd = arm_smmu_make_cmd_cfgi_ste(sid, true);

	return smmu_issue(smmu, &cmd, 1);
}

int hw_stream_abort(struct hyp_iommu *iommu, u32 sid)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	struct arm_smmu_ste *ste = ste_of(smmu, sid), abort;

	/* One 64-bit write is enough: the SMMU ignores the rest of an aborting STE */
	smmu_make_abort_ste(&abort);
	WRITE_ONCE(ste->data[0], abort.data[0]);
	clean(smmu, ste, sizeof(*ste));

	return sync_ste(smmu, sid);
}

/*
 * The STE aborts, synchronised. Fill in the other words, synchronise again, then make it
 * live with one write of the first word. The SMMU reads an STE in pieces of 64 bits.
 * Without the second sync it could combine the new first word with old other words.
 */
int hw_stream_install(struct hyp_iommu *iommu, u32 sid, const struct iommu_pgtable *pgt,
		      const struct iommu_binding *binding)
{
	struct hyp_smmu *smmu = to_smmu(iommu);
	struct arm_smmu_ste *ste = ste_of(smmu, sid), new;
	unsigned int i;
	int ret;

	smmu_make_ste(&new, &smmu->feat, pgt, hyp_virt_to_phys((void *)binding->context),
		      binding->id);
	for (i = 1; i < STRTAB_STE_DWORDS; i++)
		WRITE_ONCE(ste->data[i], new.data[i]);
	clean(smmu, ste, sizeof(*ste));
	ret = sync_ste(smmu, sid);
	if (ret)
		return ret;

	WRITE_ONCE(ste->data[0], new.data[0]);
	clean(smmu, ste, sizeof(*ste));

	return sync_ste(smmu, sid);
}
