// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream table of one SMMU (section 3.3), and what EL2 keeps beside it.
 *
 * A 2-level table has one page of STEs per chunk, made when the first stream of
 * the chunk is attached. A stream without an STE aborts and leaves an event.
 */
#include <linux/bitops.h>
#include <linux/nospec.h>

#include <nvhe/memory.h>

#include <iommu.h>

#include "smmu.h"

/* 2-level: one page of STEs per chunk; at most 1 MiB of level 1 descriptors */
#define STRTAB_L2_BITS		(PAGE_SHIFT - ilog2(sizeof(struct arm_smmu_ste)))
#define STRTAB_L1_MAX_BITS	17
/* Hardware without 2-level tables has few streams (IDR0.ST_LEVEL) */
#define STRTAB_LINEAR_MAX_BITS	12

static bool is_linear(const struct smmu_features *feat)
{
	return !feat->two_level || feat->sid_bits <= STRTAB_L2_BITS;
}

static u8 table_bits(const struct smmu_features *feat)
{
	return min_t(u8, feat->sid_bits, is_linear(feat) ? STRTAB_LINEAR_MAX_BITS :
							   STRTAB_L1_MAX_BITS + STRTAB_L2_BITS);
}

struct smmu_layout smmu_layout(const struct smmu_features *feat)
{
	struct smmu_layout l = {
		.cmdq	= PAGE_SIZE,
		.evtq	= PAGE_SIZE,
		.ids	= PAGE_ALIGN(BIT(max(feat->asid_bits, feat->vmid_bits)) / BITS_PER_BYTE),
	};
	u8 bits = table_bits(feat);

	if (is_linear(feat)) {
		l.strtab = BIT(bits) * sizeof(struct arm_smmu_ste);
		l.streams = BIT(bits) * sizeof(struct smmu_stream);
	} else {
		l.strtab = BIT(bits - STRTAB_L2_BITS) * sizeof(struct arm_smmu_strtab_l1);
		l.streams = BIT(bits - STRTAB_L2_BITS) * sizeof(struct smmu_stream *);
	}
	l.strtab = PAGE_ALIGN(l.strtab);
	l.streams = PAGE_ALIGN(l.streams);
	l.total = l.strtab + l.streams + l.cmdq + l.evtq + l.ids;

	return l;
}

void smmu_strtab_init(struct hyp_smmu *smmu)
{
	smmu->sid_bits = table_bits(&smmu->feat);
	smmu->split = is_linear(&smmu->feat) ? 0 : STRTAB_L2_BITS;
	if (!smmu->split) {
		struct arm_smmu_ste *ste = smmu->strtab;
		unsigned long i;

		for (i = 0; i < BIT(smmu->sid_bits); i++)
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
	u64 l2;

	if (!smmu->split)
		return (struct arm_smmu_ste *)smmu->strtab + sid;

	l2 = le64_to_cpu(l1[sid >> smmu->split].l2ptr) & STRTAB_L1_DESC_L2PTR_MASK;

	return (struct arm_smmu_ste *)hyp_phys_to_virt(l2) + (sid & (BIT(smmu->split) - 1));
}

static int make_chunk(struct hyp_smmu *smmu, u32 idx, struct iommu_pool *pool)
{
	struct smmu_stream **streams = smmu->streams;
	struct arm_smmu_strtab_l1 *l1 = smmu->strtab;
	struct arm_smmu_ste *stes;
	unsigned int i;
	void *page[2];

	if (pool_alloc_all(pool, page, ARRAY_SIZE(page)))
		return -ENOMEM;
	stes = page[0];
	for (i = 0; i < BIT(smmu->split); i++)
		smmu_make_abort_ste(&stes[i]);
	clean(smmu, stes, PAGE_SIZE);
	streams[idx] = page[1];
	WRITE_ONCE(l1[idx].l2ptr,
		   cpu_to_le64((hyp_virt_to_phys(stes) & STRTAB_L1_DESC_L2PTR_MASK) |
			       FIELD_PREP(STRTAB_L1_DESC_SPAN, smmu->split + 1)));
	clean(smmu, &l1[idx], sizeof(l1[idx]));

	return 0;
}

/**
 * smmu_stream_get() - find a stream, and make room for it in the table
 * @smmu: SMMU
 * @sid: StreamID
 * @pool: who pays for a chunk of the table that is not there yet, or NULL
 * @stream: out
 *
 * Context: hyp_smmu::lock held.
 * Return: 0, -ERANGE, -ENOENT (the SMMU was given up; or no chunk, no @pool: the
 * stream aborts), -ENOMEM (@pool needs two pages), -EIO.
 */
int smmu_stream_get(struct hyp_smmu *smmu, u64 sid, struct iommu_pool *pool,
		    struct smmu_stream **stream)
{
	struct smmu_stream **chunks = smmu->streams;
	struct arm_smmu_cmd cmd;
	u32 idx;
	int ret;

	/* Given up at boot: it aborts, and a description may name it nonetheless */
	if (!smmu->strtab)
		return -ENOENT;
	if (sid >> smmu->sid_bits)
		return -ERANGE;
	sid = array_index_nospec(sid, BIT_ULL(smmu->sid_bits));

	if (!smmu->split) {
		*stream = (struct smmu_stream *)smmu->streams + sid;
		return 0;
	}

	idx = sid >> smmu->split;
	if (!chunks[idx]) {
		if (!pool)
			return -ENOENT;
		ret = make_chunk(smmu, idx, pool);
		if (ret)
			return ret;
		/* The SMMU may have cached that there was nothing */
		cmd = arm_smmu_make_cmd_cfgi_ste(sid, false);
		ret = smmu_issue(smmu, &cmd, 1);
		if (ret)
			return ret;
	}
	*stream = &chunks[idx][sid & (BIT(smmu->split) - 1)];

	return 0;
}

static int sync_ste(struct hyp_smmu *smmu, u32 sid)
{
	struct arm_smmu_cmd cmd = arm_smmu_make_cmd_cfgi_ste(sid, true);

	return smmu_issue(smmu, &cmd, 1);
}

int smmu_ste_abort(struct hyp_smmu *smmu, u32 sid)
{
	struct arm_smmu_ste *ste = ste_of(smmu, sid), abort;

	/* One 64-bit write; an aborting STE makes the SMMU ignore the rest */
	smmu_make_abort_ste(&abort);
	WRITE_ONCE(ste->data[0], abort.data[0]);
	clean(smmu, ste, sizeof(*ste));

	return sync_ste(smmu, sid);
}

/*
 * The STE aborts, synchronised: fill in the rest, synchronise again, then make it
 * live at once. The SMMU reads an STE in pieces of 64 bits; without the second
 * sync it could pair the new first word with old others.
 */
int smmu_ste_install(struct hyp_smmu *smmu, u32 sid, const struct iommu_pgtable *pgt,
		     struct arm_smmu_cd *cd, u16 id)
{
	struct arm_smmu_ste *ste = ste_of(smmu, sid), new;
	unsigned int i;
	int ret;

	smmu_make_ste(&new, &smmu->feat, pgt, hyp_virt_to_phys(cd), id);
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

/* VMID 0 tags stage 1 alone; no need to tell which ASIDs that concerns */
int smmu_id_alloc(struct hyp_smmu *smmu)
{
	u32 word;

	for (word = 0; word < BITS_TO_LONGS(smmu->nr_ids); word++) {
		unsigned long used = smmu->ids[word] | (word ? 0 : BIT(0));

		if (~used) {
			u32 id = word * BITS_PER_LONG + ffz(used);

			smmu->ids[word] |= BIT_MASK(id);
			return id;
		}
	}

	return -ENOSPC;
}

void smmu_id_free(struct hyp_smmu *smmu, u16 id)
{
	smmu->ids[BIT_WORD(id)] &= ~BIT_MASK(id);
}
