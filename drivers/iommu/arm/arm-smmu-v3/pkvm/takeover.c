// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: gives every SMMUv3 to EL2 before pKVM is finalised.
 *
 * This runs once, on one CPU, while EL2 still trusts the host. If EL2 cannot drive an SMMU,
 * no driver binds to it, and the boot continues without the devices behind it.
 */
#include <linux/acpi.h>
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/log2.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/slab.h>

#include <asm/pkvm-iommu-boot.h>
#include <asm/virt.h>

#include "pkvm-hook.h"
#include "pkvm-smmu.h"

#undef pr_fmt
#define pr_fmt(fmt) "arm-smmu-v3-pkvm: " fmt

/**
 * pkvm_smmu_owned_by_el2() - does EL2 own an SMMU, or will it after the take-over?
 * @dev: device of an SMMUv3
 *
 * The stock driver must not bind to such an SMMU. In a protected boot that is every SMMUv3
 * of the device tree, also one that EL2 cannot drive.
 *
 * Return: true if EL2 owns the SMMU or will own it.
 */
bool pkvm_smmu_owned_by_el2(struct device *dev)
{
	return dev->of_node && is_protected_kvm_enabled() &&
	       is_kvm_arm_initialised();
}

static const char *unsupported_str(u64 reason)
{
	static const char * const str[] = {
		[PKVM_IOMMU_BAD_PRESET]	 = "its tables or queues have fixed or relative addresses",
		[PKVM_IOMMU_BAD_TTF]	 = "no AArch64 page tables",
		[PKVM_IOMMU_BAD_ENDIAN]	 = "no little-endian page-table walks",
		[PKVM_IOMMU_BAD_STAGE]	 = "no translation stage shared by all SMMUs",
		[PKVM_IOMMU_BAD_GRANULE] = "PAGE_SIZE is not a translation granule",
		[PKVM_IOMMU_BAD_OAS]	 = "output addresses too small for the memory",
		[PKVM_IOMMU_BAD_STALL]	 = "stalling of faults cannot be switched off",
		[PKVM_IOMMU_BAD_QUEUE]	 = "command or event queue too small",
	};

	if (reason >= ARRAY_SIZE(str) || !str[reason])
		return "unknown reason";

	return str[reason];
}

static int __init register_with(const struct resource *res, u64 flags,
				struct page *mem, unsigned int order, u64 *out)
{
	return pkvm_iommu_hyp_register(res->start, resource_size(res), flags,
				       mem ? page_to_phys(mem) : 0,
				       mem ? 1UL << order : 0, out);
}

/*
 * Ask EL2 how much memory it needs for an SMMU, allocate it, and give both to EL2. Returns
 * the number of the SMMU or an errno, and for -EOPNOTSUPP the reason in *@out.
 */
static int __init hand_over(const struct resource *res, u64 flags, u64 *out)
{
	unsigned int order;
	struct page *mem;
	int ret;

	ret = register_with(res, flags, NULL, 0, out);
	if (ret != -ENOMEM)
		return ret;

	/* EL2 requires memory that is aligned to its size, as alloc_pages() returns it */
	order = order_base_2(*out);
	mem = order <= MAX_PAGE_ORDER ? alloc_pages(GFP_KERNEL, order) : NULL;
	if (!mem)
		return -ENOMEM;

	ret = register_with(res, flags, mem, order, out);
	/* After -EIO EL2 may have the memory, and the SMMU may still access it */
	if (ret < 0 && ret != -EIO)
		__free_pages(mem, order);

	return ret;
}

/*
 * arm_smmu_v3_pkvm.without=2lvl,ril,bbml2: features of the hardware that EL2 must not use,
 * for errata, and to test EL2 on hardware without them.
 */
static u64 without __initdata;

static int __init parse_without(char *str)
{
	static const struct {
		const char *name;
		u64 flag;
	} features[] = {
		{ "2lvl",  PKVM_IOMMU_F_NO_2LVL },
		{ "ril",   PKVM_IOMMU_F_NO_RIL },
		{ "bbml2", PKVM_IOMMU_F_NO_BBML2 },
	};
	char *name;
	int i;

	while ((name = strsep(&str, ","))) {
		for (i = 0; i < ARRAY_SIZE(features); i++) {
			if (!strcmp(name, features[i].name))
				without |= features[i].flag;
		}
	}

	return 0;
}
early_param("arm_smmu_v3_pkvm.without", parse_without);

/* Log and record what EL2 does about an SMMU that it does not drive */
static void __init note_failure(struct device_node *np, int err, u64 out)
{
	switch (err) {
	case -EOPNOTSUPP:
		pr_err("%pOF: EL2 cannot drive it: %s; all DMA through it is blocked\n",
		       np, unsupported_str(out));
		pkvm_iommu_cover(np, PKVM_IOMMU_BLOCKED, unsupported_str(out));
		break;
	case -EIO:
		/* The SMMU did not confirm either that it blocks the DMA it allowed at reset */
		pr_err("%pOF: the SMMU does not respond to EL2; DMA through it is not isolated\n",
		       np);
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "no answer from the hardware");
		break;
	case -EPERM:
		pr_err("%pOF: EL2 cannot withhold its VATOS or command queue pages; DMA through it is not isolated\n",
		       np);
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "registers in reach");
		break;
	case -EINVAL:
	case -ENOSPC:
		pr_err("%pOF: EL2 refused its registers (%pe); DMA through it is not isolated\n",
		       np, ERR_PTR(err));
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "registers refused");
		break;
	default:
		pr_err("%pOF: SMMU set-up failed (%pe); all DMA through it is blocked\n",
		       np, ERR_PTR(err));
		pkvm_iommu_cover(np, PKVM_IOMMU_BLOCKED, "not set up");
	}
}

static void __init take_over_one(struct device_node *np)
{
	struct pkvm_iommu *smmu;
	struct resource res;
	u64 flags, out = 0;
	int ret;

	ret = of_address_to_resource(np, 0, &res);
	if (ret) {
		pr_err("%pOF: its node names no registers (%pe); DMA through it is not isolated\n",
		       np, ERR_PTR(ret));
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "no registers");
		return;
	}

	flags = without | (of_dma_is_coherent(np) ? PKVM_IOMMU_F_COHERENT : 0);
	/* The stock driver identifies the erratum by this compatible as well */
	if (of_device_is_compatible(np, "nvidia,tegra264-smmu"))
		flags |= PKVM_IOMMU_F_REPEAT;
	ret = hand_over(&res, flags, &out);
	if (ret < 0) {
		note_failure(np, ret, out);
		return;
	}

	smmu = kzalloc_obj(*smmu);
	if (!smmu) {
		note_failure(np, -ENOMEM, 0);
		return;
	}

	smmu->id = ret;
	smmu->base = res.start;
	pkvm_iommu_add(smmu, np);
}

/**
 * pkvm_iommu_reserve_size() - count the pages that EL2 needs to isolate DMA
 *
 * KVM calls this when it reserves the hypervisor's memory. It counts the SMMUs of the device
 * tree, and does not access them. It also passes the number to EL2.
 *
 * Return: number of pages, or 0 if there is no SMMU.
 */
unsigned long __init pkvm_iommu_reserve_size(void)
{
	unsigned int nr_smmus = 0;
	struct device_node *np;

	for_each_compatible_node(np, NULL, "arm,smmu-v3") {
		if (of_device_is_available(np))
			nr_smmus++;
	}
	if (nr_smmus)
		kvm_nvhe_sym(pkvm_iommu_reserve_nr) =
			pkvm_iommu_reserve_for_idmap(nr_smmus,
						     pkvm_iommu_count_assignable() +
						     pkvm_smmu_count_withheld()) +
			pkvm_iommu_reserve_for_windows();

	return kvm_nvhe_sym(pkvm_iommu_reserve_nr);
}

/**
 * pkvm_iommu_take_over() - give all SMMUv3s to EL2
 *
 * KVM calls this immediately before it gives up the host's privileges. This function logs
 * every failure. A failure is final: EL2 keeps an SMMU that it has by then, and blocks it.
 *
 * Return: 0, or an errno if EL2 could not enable the SMMUs.
 */
int __init pkvm_iommu_take_over(void)
{
	struct device_node *np;
	u64 flags;
	int ret;

	/* ACPI describes the SMMUs, which is not supported: coverage.c logs that */
	if (!acpi_disabled)
		return 0;

	for_each_compatible_node(np, NULL, "arm,smmu-v3") {
		if (of_device_is_available(np))
			take_over_one(np);
	}

	/* EL2 needs the calls below only if it drives an SMMU */
	if (!pkvm_iommu_available())
		return 0;

	flags = pkvm_iommu_register_assignable();
	pkvm_smmu_withhold();
	pkvm_iommu_register_windows();
	ret = pkvm_iommu_hyp_finalise(flags);
	if (ret) {
		pr_err("EL2 failed to enable the SMMUs (%pe); all DMA through them is blocked\n",
		       ERR_PTR(ret));
		pkvm_iommu_forget_all();
	}

	return ret;
}
