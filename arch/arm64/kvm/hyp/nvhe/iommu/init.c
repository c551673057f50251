// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take-over: the host, still trusted, hands its SMMUs to EL2. From the first
 * call about an SMMU on it aborts all DMA, and its registers are EL2's.
 */
#include <asm/kvm_mmu.h>

#include <linux/log2.h>
#include <linux/nospec.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include <iommu.h>

#define SMMU_MIN_SIZE		SZ_128K
#define SMMU_MAX_NR		(PAGE_SIZE / sizeof(struct hyp_smmu *))

struct iommu_owner iommu_host;
struct iommu_pgtable_cfg iommu_cfg;

struct hyp_smmu **hyp_smmus;
unsigned int hyp_nr_smmus;

struct hyp_smmu *smmu_by_id(u64 id)
{
	if (id >= hyp_nr_smmus)
		return NULL;
	id = array_index_nospec(id, hyp_nr_smmus);

	return hyp_smmus[id]->strtab ? hyp_smmus[id] : NULL;
}

static u64 end_of_memory(void)
{
	const struct memblock_region *last = &hyp_memory[hyp_memblock_nr - 1];

	return hyp_memblock_nr ? last->base + last->size : 0;
}

static bool range_is_free(u64 base, u64 size)
{
	struct hyp_smmu *smmu;
	unsigned int i;

	for (i = 0; i < hyp_memblock_nr; i++) {
		if (base < hyp_memory[i].base + hyp_memory[i].size &&
		    hyp_memory[i].base < base + size)
			return false;
	}
	for_each_smmu(smmu) {
		if (base < smmu->mmio_phys + smmu->mmio_size && smmu->mmio_phys < base + size)
			return false;
	}

	return true;
}

/* Registers: EL2's, mapped, and out of the host's stage 2 */
static long claim_registers(u64 base, u64 size)
{
	struct hyp_smmu *smmu;
	unsigned long va;
	int ret;

	if (!PAGE_ALIGNED(base | size) || size < SMMU_MIN_SIZE || base + size < base ||
	    !range_is_free(base, size))
		return -EINVAL;

	if (!hyp_smmus)
		hyp_smmus = host_idmap_alloc(1);
	if (!hyp_smmus || hyp_nr_smmus == SMMU_MAX_NR)
		return -ENOSPC;
	smmu = host_idmap_alloc(1);
	if (!smmu)
		return -ENOSPC;
	/* The host must not take an SMMU that is still its own for one that aborts */
	if (__pkvm_create_private_mapping(base, size, PAGE_HYP_DEVICE, &va))
		return -ENOSPC;

	smmu->mmio_phys = base;
	smmu->mmio_size = size;
	smmu->base = (void __iomem *)va;
	hyp_spin_lock_init(&smmu->lock);
	hyp_spin_lock_init(&smmu->cmdq_lock);
	hyp_spin_lock_init(&smmu->evtq_lock);
	hyp_smmus[hyp_nr_smmus] = smmu;

	hyp_spin_lock(&host_mmu.lock);
	ret = kvm_pgtable_stage2_unmap(&host_mmu.pgt, base, size);
	hyp_spin_unlock(&host_mmu.lock);

	return ret ? -ENOSPC : hyp_nr_smmus++;
}

static long find_registers(u64 base, u64 size)
{
	unsigned int i;

	for (i = 0; i < hyp_nr_smmus; i++) {
		if (hyp_smmus[i]->mmio_phys == base && hyp_smmus[i]->mmio_size == size)
			return i;
	}

	return claim_registers(base, size);
}

/* Cut the host's donation up: largest and most aligned first */
static void assign_memory(struct hyp_smmu *smmu, void *mem, const struct smmu_layout *l)
{
	memset(mem, 0, l->total);
	smmu->strtab = mem;
	smmu->streams = mem += l->strtab;
	smmu->cmdq = mem += l->streams;
	smmu->evtq = mem += l->cmdq;
	smmu->ids = mem + l->evtq;
	smmu->cmdq_log2 = min_t(u8, smmu->feat.cmdq_log2, PAGE_SHIFT - CMDQ_ENT_SZ_SHIFT);
	smmu->evtq_log2 = min_t(u8, smmu->feat.evtq_log2, PAGE_SHIFT - EVTQ_ENT_SZ_SHIFT);
	smmu_strtab_init(smmu);
	if (!smmu->feat.coherent)
		kvm_flush_dcache_to_poc(smmu->strtab, l->total);
}

long iommu_register_smmu(u64 base, u64 size, u64 flags, u64 pfn, u64 nr_pages, u64 *out)
{
	struct smmu_layout layout;
	struct hyp_smmu *smmu;
	u32 idr[6];
	long id;
	int ret;

	if (flags & ~(u64)PKVM_IOMMU_F_ALL)
		return -EINVAL;
	id = find_registers(base, size);
	if (id < 0)
		return id;
	smmu = hyp_smmus[id];
	if (smmu->strtab)
		return -EBUSY;

	ret = smmu_disable(smmu->base);
	if (ret)
		return ret;
	smmu_read_idrs(smmu->base, idr);
	*out = smmu_features_decode(idr, flags, &smmu->feat);
	ret = smmu_withhold_pages(smmu);
	if (ret)
		return ret;
	if (!*out && end_of_memory() > BIT_ULL(smmu->feat.oas))
		*out = PKVM_IOMMU_BAD_OAS;
	if (*out)
		return -EOPNOTSUPP;

	layout = smmu_layout(&smmu->feat);
	*out = layout.total >> PAGE_SHIFT;
	if (nr_pages < *out)
		return -ENOMEM;
	if (!is_power_of_2(nr_pages) || !IS_ALIGNED(pfn, nr_pages))
		return -EINVAL;
	ret = __pkvm_host_donate_hyp(pfn, nr_pages);
	if (ret)
		return ret;

	assign_memory(smmu, hyp_phys_to_virt(hyp_pfn_to_phys(pfn)), &layout);
	ret = smmu_reset(smmu);
	if (ret)
		smmu->strtab = NULL;

	return ret ?: id;
}

/* One format for all: a domain may be attached anywhere */
static bool choose_format(void)
{
	bool s1 = true, s2 = true, coherent = true, blocks = true;
	u8 oas = IOMMU_MAX_BITS;
	struct hyp_smmu *smmu;

	for_each_smmu(smmu) {
		const struct smmu_features *feat = &smmu->feat;

		if (!smmu->strtab)
			continue;
		s1 &= feat->stage1;
		s2 &= feat->stage2;
		coherent &= feat->coherent;
		blocks &= feat->bbml2;
		oas = min(oas, feat->oas);
	}
	iommu_cfg = (struct iommu_pgtable_cfg) {
		.stage		= s1 && !s2 ? 1 : 2,
		.oas		= oas,
		.coherent	= coherent,
	};

	return blocks;
}

static bool speaks_format(const struct smmu_features *feat)
{
	return iommu_cfg.stage == 1 ? feat->stage1 : feat->stage2;
}

bool pkvm_iommu_active(void)
{
	return hyp_nr_smmus;
}

void pkvm_iommu_resume(void)
{
	struct hyp_smmu *smmu;

	for_each_smmu(smmu)
		smmu_resume(smmu);
}

int iommu_finalise(void)
{
	struct hyp_smmu *smmu;
	int ret;

	if (host_idmap)
		return -EBUSY;
	if (!hyp_nr_smmus)
		return -ENODEV;

	ret = host_idmap_build(choose_format());
	if (ret)
		return ret;

	for_each_smmu(smmu) {
		if (!smmu->strtab)
			continue;
		smmu->nr_ids = BIT(iommu_cfg.stage == 1 ? smmu->feat.asid_bits :
							  smmu->feat.vmid_bits);
		/* What cannot be enabled stays off and aborts; others go on (I8) */
		if (!speaks_format(&smmu->feat) || smmu_enable(smmu))
			smmu->strtab = NULL;
	}

	return 0;
}
