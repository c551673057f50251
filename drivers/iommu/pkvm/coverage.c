// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: which IOMMUs EL2 has, and behind what DMA is not
 * isolated (I11).
 *
 * The driver of the hardware notes what became of each IOMMU of its kind. This file
 * looks for what firmware describes besides: other IOMMUs, IOMMUs that are switched off
 * although devices are behind them, and PCI buses behind nothing. A platform device
 * without an IOMMU looks like one that does no DMA, so nobody can count those.
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
 * struct coverage - an IOMMU, or a PCI bus that has none
 * @node: entry in the list
 * @np: its node
 * @state: what EL2 does with DMA there
 * @why: why it is not isolated, a constant
 */
struct coverage {
	struct list_head	node;
	struct device_node	*np;
	enum pkvm_iommu_state	state;
	const char		*why;
};

/* Written while the kernel boots on one CPU, only read after that */
static LIST_HEAD(coverage_list);

/* There was no memory for an entry: some DMA may be open, nobody knows which */
static bool incomplete __ro_after_init;

static enum pkvm_iommu_isolation isolation __ro_after_init;

/**
 * pkvm_iommu_isolation() - does EL2 isolate the DMA of the host's devices?
 *
 * Return: PKVM_IOMMU_ISOLATION_*; NONE in a boot that is not protected.
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
 * pkvm_iommu_cover() - note what became of an IOMMU
 * @np: its node
 * @state: what EL2 does with DMA there; replaces what was noted before
 * @why: why, for PKVM_IOMMU_OPEN; a constant
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

	/* Entries of (RID, IOMMU, stream ID, length) */
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

/* A board switches off what it does not have. But if there is a device behind it ... */
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

/* What EL2 could not enable when it had all IOMMUs stays off */
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
		/* Not bridges, which are behind what their root is behind */
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

/* "A (why), B (why)", as many as the line takes */
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
		seq_buf_printf(line, "%sone that there was no memory to note", before);
}

/**
 * pkvm_iommu_report_coverage() - say what DMA EL2 isolates
 *
 * Called once, in a protected boot, when EL2 has what it gets.
 */
void __init pkvm_iommu_report_coverage(void)
{
	unsigned int isolated, blocked, open;
	DECLARE_SEQ_BUF(line, 400);

	if (!acpi_disabled) {
		pr_warn("pKVM isolates no DMA: it does not support IOMMUs that ACPI describes\n");
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
 * pkvm_iommu_show_coverage() - a line for each IOMMU: "<state> <node> <why>"
 * @s: where to
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
