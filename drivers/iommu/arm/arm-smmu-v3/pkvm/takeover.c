// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: hand every SMMUv3 to EL2, before the host loses the
 * right to touch it.
 *
 * This runs once, on one CPU, while the host is still trusted. An SMMU that
 * fails here is not bound by any driver; the boot goes on without the devices
 * behind it.
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
 * pkvm_smmu_owned_by_el2() - keep the stock driver away from EL2's hardware
 * @dev: device of an SMMUv3
 *
 * In a protected boot EL2 takes every SMMUv3 of the device tree before any
 * other code may rely on it, so this holds before the take-over as well, and
 * for SMMUs that EL2 could not use: their streams abort.
 *
 * Return: true if EL2 owns the SMMU or is about to.
 */
bool pkvm_smmu_owned_by_el2(struct device *dev)
{
	return dev->of_node && is_protected_kvm_enabled() &&
	       is_kvm_arm_initialised();
}

static const char *unsupported_str(u64 reason)
{
	static const char * const str[] = {
		[PKVM_IOMMU_BAD_PRESET]	 = "tables or queues at fixed or relative addresses",
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
 * Ask what EL2 needs, allocate it, ask again. Returns the number of the SMMU
 * or an errno, and for -EOPNOTSUPP the reason in @out. The memory stays with
 * the host if EL2 did not take the SMMU.
 */
static int __init hand_over(const struct resource *res, u64 flags, u64 *out)
{
	unsigned int order;
	struct page *mem;
	int ret;

	ret = register_with(res, flags, NULL, 0, out);
	if (ret != -ENOMEM)
		return ret;

	/* The buddy allocator aligns a block to its size, as EL2 wants it */
	order = order_base_2(*out);
	mem = order <= MAX_PAGE_ORDER ? alloc_pages(GFP_KERNEL, order) : NULL;
	if (!mem)
		return -ENOMEM;

	ret = register_with(res, flags, mem, order, out);
	/* After -EIO the memory is EL2's: who knows what the hardware does */
	if (ret < 0 && ret != -EIO)
		__free_pages(mem, order);

	return ret;
}

/*
 * arm_smmu_v3_pkvm.without=2lvl,ril,bbml2: features of the hardware that EL2 is
 * not to use, against errata and to test that it can do without.
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

/* Say what EL2 does about an SMMU that it does not drive */
static void __init note_failure(struct device_node *np, int err, u64 out)
{
	switch (err) {
	case -EOPNOTSUPP:
		pr_err("%pOF: EL2 cannot use it: %s; its streams are blocked\n",
		       np, unsupported_str(out));
		pkvm_iommu_cover(np, PKVM_IOMMU_BLOCKED, unsupported_str(out));
		break;
	case -EIO:
		/* Nor did it say that it aborts what it let through at reset */
		pr_err("%pOF: no answer from the hardware; DMA through it is not isolated\n",
		       np);
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "no answer from the hardware");
		break;
	case -EPERM:
		pr_err("%pOF: EL2 cannot withhold its other registers; DMA through it is not isolated\n",
		       np);
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "registers in reach");
		break;
	case -EINVAL:
	case -ENOSPC:
		pr_err("%pOF: EL2 does not take its registers (%pe); DMA through it is not isolated\n",
		       np, ERR_PTR(err));
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "registers refused");
		break;
	default:
		pr_err("%pOF: not set up (%pe); its streams are blocked\n", np,
		       ERR_PTR(err));
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
		pr_err("%pOF: no registers in the device tree (%pe); DMA through it is not isolated\n",
		       np, ERR_PTR(ret));
		pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "no registers");
		return;
	}

	flags = without | (of_dma_is_coherent(np) ? PKVM_IOMMU_F_COHERENT : 0);
	/* As the stock driver has it: the erratum has no other name */
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
 * pkvm_iommu_reserve_size() - boot memory EL2 needs to isolate DMA
 *
 * Called by KVM when it reserves the hypervisor's memory, long before the SMMUs
 * are looked at; only counts them.
 *
 * Return: number of pages, 0 if there is nothing to drive.
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
			pkvm_iommu_pool_pages(nr_smmus, pkvm_iommu_count_assignable() +
							pkvm_smmu_count_withheld()) +
			pkvm_iommu_count_window_pages();

	return kvm_nvhe_sym(pkvm_iommu_reserve_nr);
}

/**
 * pkvm_iommu_take_over() - hand all SMMUv3s to EL2
 *
 * Called by KVM right before it gives up the host's privileges. Every failure
 * was logged and is final: what EL2 holds by then stays blocked.
 *
 * Return: 0, or an errno if EL2 could not enable the SMMUs.
 */
int __init pkvm_iommu_take_over(void)
{
	struct device_node *np;
	u64 flags;
	int ret;

	/* No SMMU is described where it is looked for here; coverage.c says so */
	if (!acpi_disabled)
		return 0;

	for_each_compatible_node(np, NULL, "arm,smmu-v3") {
		if (of_device_is_available(np))
			take_over_one(np);
	}

	/* Without an SMMU to drive there is nothing to map either */
	if (!pkvm_iommu_available())
		return 0;

	flags = pkvm_iommu_register_assignable();
	pkvm_smmu_withhold();
	pkvm_iommu_register_windows();
	ret = pkvm_iommu_hyp_finalise(flags);
	if (ret) {
		pr_err("EL2 cannot enable the SMMUs (%pe); all streams are blocked\n",
		       ERR_PTR(ret));
		pkvm_iommu_forget_all();
	}

	return ret;
}
