// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: reports which IOMMUs EL2 drives, and where it does not isolate
 * DMA (I11).
 *
 * The driver of the hardware records the state of each IOMMU of its kind. This file looks
 * in the device tree for other places where EL2 does not isolate DMA: other IOMMUs, IOMMUs
 * that are disabled although devices are behind them, and PCI buses behind no IOMMU.
 * Platform devices without an IOMMU do not count, since the device tree does not say
 * whether they do DMA.
 */
#include <linux/acpi.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "host.h"

#undef pr_fmt
#define pr_fmt(fmt) "pkvm-iommu: " fmt

/**
 * struct coverage - an IOMMU, or a PCI bus behind no IOMMU
 * @node: entry in the list
 * @np: its node in the device tree
 * @state: what EL2 does about the DMA behind it
 * @why: why EL2 does not isolate it, a constant string
 */
struct coverage {
	struct list_head	node;
	struct device_node	*np;
	enum pkvm_iommu_state	state;
	const char		*why;
};

/* Written at boot by one thread, constant after that */
static LIST_HEAD(coverage_list);

/* The allocation of an entry for a place where DMA is not isolated has failed */
static bool incomplete __ro_after_init;

static enum pkvm_iommu_isolation isolation __ro_after_init;

/**
 * pkvm_iommu_isolation() - return whether EL2 isolates the DMA of the host's devices
 *
 * Return: PKVM_IOMMU_ISOLATION_*; NONE without kvm-arm.mode=protected.
 */
enum pkvm_iommu_isolation pkvm_iommu_isolation(void)
{
	return isolation;
}

static struct coverage *find(const struct device_node *np)
{
	struct coverage *entry;

	list_for_each_entry(entry, &coverage_list, node) {
		if (entry->np == np)
			return entry;
	}

	return NULL;
}

/**
 * pkvm_iommu_cover() - record the state of an IOMMU or PCI bus
 * @np: its node in the device tree
 * @state: what EL2 does about the DMA behind it; replaces the state recorded before
 * @why: why EL2 does not isolate it, a constant string
 */
void __init pkvm_iommu_cover(struct device_node *np, enum pkvm_iommu_state state,
			     const char *why)
{
	struct coverage *entry = find(np);

	if (!entry) {
		entry = kzalloc_obj(*entry);
		if (!entry) {
			incomplete |= state == PKVM_IOMMU_OPEN;
			return;
		}
		entry->np = of_node_get(np);
		list_add_tail(&entry->node, &coverage_list);
	}
	entry->state = state;
	entry->why = why;
}

static bool map_names(const struct device_node *user, phandle iommu)
{
	u32 target;
	int i;

	/* Each entry has four cells: requester ID, IOMMU, stream ID, length */
	for (i = 1; !of_property_read_u32_index(user, "iommu-map", i, &target); i += 4) {
		if (target == iommu)
			return true;
	}

	return false;
}

static bool uses(const struct device_node *user, const struct device_node *iommu)
{
	struct of_phandle_args args;
	int i;

	for (i = 0; !of_parse_phandle_with_args(user, "iommus", "#iommu-cells", i, &args); i++) {
		of_node_put(args.np);
		if (args.np == iommu)
			return true;
	}

	return map_names(user, iommu->phandle);
}

/* A disabled IOMMU counts only if the device tree puts an enabled device behind it */
static bool __init has_devices(const struct device_node *iommu)
{
	struct device_node *np;

	for_each_of_allnodes(np) {
		if (of_device_is_available(np) && uses(np, iommu)) {
			of_node_put(np);
			return true;
		}
	}

	return false;
}

/* Record the IOMMUs that EL2 owns but does not drive: their DMA stays blocked */
static void __init find_blocked(void)
{
	struct pkvm_iommu *iommu = NULL;
	unsigned int sid_bits;
	u64 info;

	while ((iommu = pkvm_iommu_next(iommu))) {
		if (pkvm_iommu_hyp_get_info(iommu->id, &sid_bits, &info))
			pkvm_iommu_cover(to_of_node(iommu->fwnode), PKVM_IOMMU_BLOCKED,
					 "not enabled");
		else if (info & PKVM_IOMMU_INFO_DEAD)
			pkvm_iommu_cover(to_of_node(iommu->fwnode), PKVM_IOMMU_BLOCKED,
					 "dead");
	}
}

static void __init find_other_iommus(void)
{
	struct device_node *np;

	for_each_node_with_property(np, "#iommu-cells") {
		if (find(np))
			continue;
		if (of_device_is_available(np))
			pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "no SMMUv3");
		else if (has_devices(np))
			pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "disabled");
	}
}

static void __init find_pci_buses(void)
{
	struct device_node *np;

	for_each_node_by_type(np, "pci") {
		/* Skip bridges: the node of the root has the iommu-map for them */
		if (of_node_is_type(np->parent, "pci") || !of_device_is_available(np))
			continue;
		if (!of_property_present(np, "iommu-map") &&
		    !of_property_present(np, "iommus"))
			pkvm_iommu_cover(np, PKVM_IOMMU_OPEN, "no iommu-map");
	}
}

static unsigned int __init count(enum pkvm_iommu_state state)
{
	struct coverage *entry;
	unsigned int nr = 0;

	list_for_each_entry(entry, &coverage_list, node)
		nr += entry->state == state;

	return nr;
}

/* Append where DMA is not isolated: "A (why), B (why)", as far as the line has room */
static void __init name_open(struct seq_buf *line)
{
	struct coverage *entry;
	const char *before = "";

	list_for_each_entry(entry, &coverage_list, node) {
		if (entry->state != PKVM_IOMMU_OPEN)
			continue;
		seq_buf_printf(line, "%s%pOF (%s)", before, entry->np, entry->why);
		before = ", ";
	}
	if (incomplete)
		seq_buf_printf(line, "%san IOMMU or PCI bus not recorded (out of memory)",
			       before);
}

/**
 * pkvm_iommu_report_coverage() - find out, and log, where EL2 isolates DMA
 *
 * Called once in a protected boot, after EL2 has taken over the IOMMUs.
 */
void __init pkvm_iommu_report_coverage(void)
{
	unsigned int isolated, blocked, open;
	DECLARE_SEQ_BUF(line, 400);

	if (!acpi_disabled) {
		pr_warn("pKVM isolates no DMA: it supports no ACPI, boot with a device tree\n");
		return;
	}

	find_blocked();
	find_other_iommus();
	find_pci_buses();
	isolated = count(PKVM_IOMMU_ISOLATED);
	blocked = count(PKVM_IOMMU_BLOCKED);
	open = count(PKVM_IOMMU_OPEN) + incomplete;

	seq_buf_printf(&line, "EL2 drives %u SMMUv3", isolated);
	if (blocked)
		seq_buf_printf(&line, ", blocks all DMA behind %u", blocked);
	if (open)
		seq_buf_puts(&line, ", isolates nothing behind ");
	name_open(&line);

	if (!isolated && !blocked) {
		pr_warn("pKVM isolates no DMA: %s\n", seq_buf_str(&line));
	} else if (open) {
		isolation = PKVM_IOMMU_ISOLATION_PARTIAL;
		pr_warn("pKVM isolates DMA in part: %s\n", seq_buf_str(&line));
	} else {
		isolation = PKVM_IOMMU_ISOLATION_FULL;
		pr_info("pKVM isolates DMA: %s\n", seq_buf_str(&line));
	}
}

#ifdef CONFIG_DEBUG_FS
/**
 * pkvm_iommu_show_coverage() - print "<state> <node> <why>" for each IOMMU
 * @s: the debugfs file
 */
void pkvm_iommu_show_coverage(struct seq_file *s)
{
	static const char * const names[] = {
		[PKVM_IOMMU_OPEN]	= "open",
		[PKVM_IOMMU_BLOCKED]	= "blocked",
		[PKVM_IOMMU_ISOLATED]	= "isolated",
	};
	struct coverage *entry;

	list_for_each_entry(entry, &coverage_list, node)
		seq_printf(s, "%s %pOF %s\n", names[entry->state], entry->np,
			   entry->why ?: "-");
}
#endif
