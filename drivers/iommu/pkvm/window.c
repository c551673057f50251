// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: MMIO that the host's devices are to reach, wherever it is.
 *
 * The identity map has all MMIO of the low addresses. High up there is too much that
 * is nothing at all, so the device tree says what is there: windows of PCI host
 * bridges, where devices reach each other's BARs, and doorbells for messages.
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

/* Called with each window, in whole pages; what it returns is added up */
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
		/* Not bridges, whose windows are a part of what their root has */
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
	return pkvm_iommu_window_pages(base, size);
}

/**
 * pkvm_iommu_count_window_pages() - memory that EL2 needs for high windows of MMIO
 *
 * Context: early; the device tree is all that there is.
 * Return: number of pages.
 */
unsigned long __init pkvm_iommu_count_window_pages(void)
{
	return visit_windows(count);
}

static unsigned long __init hand_on(struct device_node *np, u64 base, u64 size)
{
	int ret = pkvm_iommu_hyp_window(base, size);

	if (ret)
		pr_warn("%pOF: devices do not reach %#llx to %#llx by their identity domain (%pe)\n",
			np, base, base + size - 1, ERR_PTR(ret));

	return 0;
}

/**
 * pkvm_iommu_register_windows() - tell EL2 which high MMIO devices are to reach
 *
 * Context: before EL2 enables the IOMMUs.
 */
void __init pkvm_iommu_register_windows(void)
{
	visit_windows(hand_on);
}
