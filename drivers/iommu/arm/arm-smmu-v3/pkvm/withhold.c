// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: makes EL2 withhold registers that could bypass the SMMUs.
 *
 * The performance counters of an SMMU (PMCG) raise MSIs, which are writes to any address
 * that the SMMU does not translate. A block of command queues (CMDQV) makes the SMMU read
 * commands from any address. Software that has these registers can bypass EL2. So EL2
 * withholds them, and the kernel makes no devices for their nodes.
 */
#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_platform.h>
#include <linux/pkvm-iommu-endpoint.h>

#include <asm/virt.h>

#include "pkvm-smmu.h"

#undef pr_fmt
#define pr_fmt(fmt) "arm-smmu-v3-pkvm: " fmt

static const struct of_device_id agents[] = {
	{ .compatible = "arm,smmu-v3-pmcg" },
	{ .compatible = "nvidia,tegra264-cmdqv" },
	{ }
};

/**
 * pkvm_smmu_count_withheld() - count the register ranges that EL2 will withhold
 *
 * Context: early boot; only the device tree is available.
 * Return: number of ranges.
 */
unsigned int __init pkvm_smmu_count_withheld(void)
{
	struct device_node *np;
	struct resource res;
	unsigned int nr = 0;
	int i;

	for_each_matching_node(np, agents) {
		for (i = 0; !of_address_to_resource(np, i, &res); i++)
			nr++;
	}

	return nr;
}

static int __init withhold_node(struct device_node *np)
{
	struct resource res;
	int i, ret = 0;

	for (i = 0; !ret && !of_address_to_resource(np, i, &res); i++) {
		u64 base = ALIGN_DOWN(res.start, PAGE_SIZE);

		ret = pkvm_iommu_hyp_withhold(base, PAGE_ALIGN(res.end + 1) - base);
	}

	return ret;
}

/**
 * pkvm_smmu_withhold() - make EL2 withhold the registers
 *
 * Includes nodes that the device tree disables, since the hardware exists nevertheless.
 *
 * Context: after all SMMUs and assignable devices are registered.
 */
void __init pkvm_smmu_withhold(void)
{
	struct device_node *np;
	int ret;

	for_each_matching_node(np, agents) {
		ret = withhold_node(np);
		if (ret)
			pr_err("%pOF: EL2 failed to withhold its registers (%pe); DMA that they cause is not isolated\n",
			       np, ERR_PTR(ret));
		else
			pr_info("%pOF: EL2 withholds its registers, which can cause DMA that no SMMU translates\n",
				np);
	}
}

/*
 * Keep the kernel from making devices for these nodes: a driver bound to one would crash
 * when EL2 withholds the registers. This runs before it is known whether pKVM can be
 * initialised, so it only checks that the user asked for a protected boot.
 */
static bool hidden __initdata;

static int __init hide_agents(void)
{
	struct device_node *np;

	hidden = kvm_get_mode() == KVM_MODE_PROTECTED && is_hyp_mode_available();
	if (!hidden)
		return 0;
	for_each_matching_node(np, agents)
		of_node_set_flag(np, OF_POPULATED);

	return 0;
}
arch_initcall(hide_agents);

/* If EL2 has taken over no SMMU, make the devices after all, as in any other boot */
static int __init show_agents(void)
{
	struct device_node *np;

	if (!hidden || (is_protected_kvm_enabled() && pkvm_iommu_available()))
		return 0;
	for_each_matching_node(np, agents) {
		of_node_clear_flag(np, OF_POPULATED);
		of_platform_device_create(np, NULL, NULL);
	}

	return 0;
}
device_initcall_sync(show_agents);
