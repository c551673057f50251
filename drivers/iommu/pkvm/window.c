// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: describes the high MMIO that EL2 adds to the identity map.
 *
 * The identity map contains all MMIO of the host below PKVM_IOMMU_IDMAP_MMIO_LIMIT. Above,
 * it contains only what the host's devices need, which this file finds in the device tree:
 * windows of PCI host bridges, for the BARs of other devices, and doorbells of MSIs.
 */
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/kvm_host.h>
#include <linux/of.h>
#include <linux/of_address.h>

#include "host.h"

#undef pr_fmt
#define pr_fmt(fmt) "pkvm-iommu: " fmt

static const struct of_device_id doorbells[] = {
	{ .compatible = "arm,gic-v3-its" },
	{ .compatible = "arm,gic-v2m-frame" },
	{ }
};

/* Called for each window, in whole pages. visit_windows() returns the sum of the results. */
typedef unsigned long (*window_fn)(struct device_node *np, u64 base, u64 size);

static unsigned long __init visit(struct device_node *np, u64 start, u64 end, window_fn fn)
{
	u64 base = ALIGN_DOWN(start, PAGE_SIZE);

	return fn(np, base, PAGE_ALIGN(end) - base);
}

static unsigned long __init visit_bridge(struct device_node *np, window_fn fn)
{
	struct of_pci_range_parser parser;
	struct of_pci_range range;
	unsigned long sum = 0;

	if (of_pci_range_parser_init(&parser, np))
		return 0;
	for_each_of_pci_range(&parser, &range) {
		if ((range.flags & IORESOURCE_TYPE_BITS) == IORESOURCE_MEM && range.size)
			sum += visit(np, range.cpu_addr, range.cpu_addr + range.size, fn);
	}

	return sum;
}

static unsigned long __init visit_windows(window_fn fn)
{
	struct device_node *np;
	struct resource res;
	unsigned long sum = 0;

	for_each_node_by_type(np, "pci") {
		/* Skip bridges, whose windows are within those of their root */
		if (of_device_is_available(np) && !of_node_is_type(np->parent, "pci"))
			sum += visit_bridge(np, fn);
	}
	for_each_matching_node(np, doorbells) {
		if (of_device_is_available(np) && !of_address_to_resource(np, 0, &res))
			sum += visit(np, res.start, res.end + 1, fn);
	}

	return sum;
}

static unsigned long __init count(struct device_node *np, u64 base, u64 size)
{
	return pkvm_iommu_reserve_for_window(base, size);
}

/**
 * pkvm_iommu_reserve_for_windows() - count the pages that EL2 needs for high windows
 *
 * Context: early boot; only the device tree is available.
 * Return: number of pages.
 */
unsigned long __init pkvm_iommu_reserve_for_windows(void)
{
	return visit_windows(count);
}

static unsigned long __init hand_on(struct device_node *np, u64 base, u64 size)
{
	int ret = pkvm_iommu_hyp_window(base, size);

	if (ret)
		pr_warn("%pOF: EL2 refused the window %#llx to %#llx (%pe), devices in the identity domain cannot reach it\n",
			np, base, base + size - 1, ERR_PTR(ret));

	return 0;
}

/**
 * pkvm_iommu_register_windows() - describe the high windows of MMIO to EL2
 *
 * Context: before EL2 enables the IOMMUs.
 */
void __init pkvm_iommu_register_windows(void)
{
	visit_windows(hand_on);
}
