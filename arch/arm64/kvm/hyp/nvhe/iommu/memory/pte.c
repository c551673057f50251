// SPDX-License-Identifier: GPL-2.0-only
/*
 * IO page-table entries and geometry, as pure functions.
 *
 * Arm ARM DDI 0487, D8.3 (descriptor formats) and D8.2 (stage 2 concatenation).
 */
#include <linux/iommu.h>

#include <asm/memory.h>
#include <asm/stage2_pgtable.h>

#include <memory/pgtable.h>

enum { S1_ATTR_NC, S1_ATTR_CACHE, S1_ATTR_DEVICE };

#define PTE_SH_OUTER		2
#define PTE_SH_INNER		3
#define S1_AP_UNPRIV		BIT(6)
#define S1_AP_RDONLY		BIT(7)
#define S1_NG			BIT(11)

static kvm_pte_t leaf_s1(int prot)
{
	u64 idx = S1_ATTR_NC;
	kvm_pte_t pte = S1_NG;

	if (prot & IOMMU_MMIO)
		idx = S1_ATTR_DEVICE;
	else if (prot & IOMMU_CACHE)
		idx = S1_ATTR_CACHE;
	pte |= FIELD_PREP(KVM_PTE_LEAF_ATTR_LO_S1_ATTRIDX, idx);

	/* Stage 1 cannot express write-only */
	if (!(prot & IOMMU_WRITE))
		pte |= S1_AP_RDONLY;
	if (!(prot & IOMMU_PRIV))
		pte |= S1_AP_UNPRIV;
	if (prot & IOMMU_NOEXEC)
		pte |= KVM_PTE_LEAF_ATTR_HI_S1_UXN | KVM_PTE_LEAF_ATTR_HI_S1_PXN;

	return pte;
}

static kvm_pte_t leaf_s2(int prot)
{
	u64 attr = MT_S2_NORMAL_NC;
	kvm_pte_t pte = 0;

	if (prot & IOMMU_MMIO)
		attr = MT_S2_DEVICE_nGnRE;
	else if (prot & IOMMU_CACHE)
		attr = MT_S2_NORMAL;
	pte |= FIELD_PREP(KVM_PTE_LEAF_ATTR_LO_S2_MEMATTR, attr);

	if (prot & IOMMU_READ)
		pte |= KVM_PTE_LEAF_ATTR_LO_S2_S2AP_R;
	if (prot & IOMMU_WRITE)
		pte |= KVM_PTE_LEAF_ATTR_LO_S2_S2AP_W;
	if (prot & IOMMU_NOEXEC)
		pte |= FIELD_PREP(KVM_PTE_LEAF_ATTR_HI_S2_XN, 2);

	return pte;
}

kvm_pte_t iommu_pte_leaf(const struct iommu_pgtable_cfg *cfg, u64 phys, s8 level, int prot)
{
	kvm_pte_t pte = cfg->stage == 1 ? leaf_s1(prot) : leaf_s2(prot);

	pte |= KVM_PTE_VALID | KVM_PTE_LEAF_ATTR_LO_S2_AF;
	pte |= FIELD_PREP(KVM_PTE_TYPE, level == IOMMU_PAGE_LEVEL ? KVM_PTE_TYPE_PAGE :
								    KVM_PTE_TYPE_BLOCK);
	pte |= FIELD_PREP(KVM_PTE_LEAF_ATTR_LO_S2_SH,
			  prot & IOMMU_CACHE ? PTE_SH_INNER : PTE_SH_OUTER);
	pte |= FIELD_PREP(IOMMU_PTE_PIN, FIELD_GET(IOMMU_PROT_PIN, prot));

	return pte | (phys & KVM_PTE_ADDR_MASK);
}

kvm_pte_t iommu_pte_table(u64 phys)
{
	return KVM_PTE_VALID | FIELD_PREP(KVM_PTE_TYPE, KVM_PTE_TYPE_TABLE) |
	       (phys & KVM_PTE_ADDR_MASK);
}

s8 iommu_pgtable_start_level(u8 stage, u8 ias)
{
	int levels = stage == 1 ? ARM64_HW_PGTABLE_LEVELS(ias) : stage2_pgtable_levels(ias);

	return KVM_PGTABLE_LAST_LEVEL + 1 - levels;
}

unsigned int iommu_pgtable_root_pages(u8 stage, u8 ias)
{
	unsigned int shift = kvm_granule_shift(iommu_pgtable_start_level(stage, ias)) +
			     PAGE_SHIFT - 3;

	return ias > shift ? BIT(ias - shift) : 1;
}

/* The identity map must cover all memory of the CPUs */
u8 iommu_pgtable_idmap_ias(const struct iommu_pgtable_cfg *cfg)
{
	return cfg->stage == 1 ? IOMMU_MAX_BITS : min_t(u8, cfg->oas, IOMMU_MAX_BITS);
}

/* Paging domains have few enough input address bits that the root is one page */
u8 iommu_pgtable_paging_ias(const struct iommu_pgtable_cfg *cfg)
{
	u8 ias = iommu_pgtable_idmap_ias(cfg);

	return ias - ilog2(iommu_pgtable_root_pages(cfg->stage, ias));
}
