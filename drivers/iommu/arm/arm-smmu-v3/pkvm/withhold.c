// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: registers beside the streams of an SMMU.
 *
 * Performance counters of an SMMU (PMCG) raise interrupts by messages, which are
 * writes to any address that pass no SMMU. A block of command queues (CMDQV) has
 * the SMMU read commands from any address. Who has their registers can go around
 * EL2, so nobody gets them: they have no device, and EL2 keeps their pages.
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
 * pkvm_smmu_count_withheld() - how many ranges of registers nobody is to have
 *
 * Context: early; the device tree is all that there is.
 * Return: the number.
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
 * pkvm_smmu_withhold() - have EL2 keep registers from everybody
 *
 * Those that are switched off in the device tree as well: they are there.
 *
 * Context: all SMMUs and assignable devices are registered.
 */
void __init pkvm_smmu_withhold(void)
{
	struct device_node *np;
	int ret;

	for_each_matching_node(np, agents) {
		ret = withhold_node(np);
		if (ret)
			pr_err("%pOF: not withheld (%pe); DMA is not isolated from its registers\n",
			       np, ERR_PTR(ret));
		else
			pr_info("%pOF: withheld, it can write to memory without passing an SMMU\n",
				np);
	}
}

/*
 * Before the devices of the device tree are made: a driver that has bound to one
 * loses its registers when EL2 gets them, and would crash. This is not the moment
 * to say that the boot will be a protected one, only that it was asked for.
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

/* After the take-over: if there was none, they are as good as in any other boot */
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
