// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: describes the devices that protected VMs can get to EL2.
 *
 * The device tree lists them, see pkvm,device-assignment.yaml. The driver passes the list
 * to EL2 before the host is deprivileged, so EL2 knows which registers and streams belong
 * to one device and need not trust the host about this later.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/slab.h>

#include "assignable.h"
#include "host.h"

#undef pr_fmt
#define pr_fmt(fmt) "pkvm-iommu: " fmt

#define ASSIGNMENT_COMPATIBLE	"pkvm,device-assignment"

/* Filled at boot, constant after that */
static LIST_HEAD(assignable_streams);

/*
 * arm_smmu_v3_pkvm.reset=optional: EL2 may assign devices that it cannot reset to protected
 * VMs. The VM then sees what the host left in the device, and the host what the VM left.
 */
static bool reset_optional __initdata;

static int __init parse_reset(char *str)
{
	reset_optional = str && !strcmp(str, "optional");
	if (!reset_optional && str && strcmp(str, "required"))
		pr_warn("arm_smmu_v3_pkvm.reset=%s is unknown, using arm_smmu_v3_pkvm.reset=required\n",
			str);

	return 0;
}
early_param("arm_smmu_v3_pkvm.reset", parse_reset);

static enum pkvm_device_reset __init reset_of(const struct device_node *np)
{
	if (IS_ENABLED(CONFIG_PKVM_IOMMU_RESET_EDU) &&
	    of_device_is_compatible(np, "qemu,edu-pair"))
		return PKVM_DEVICE_RESET_EDU;

	return PKVM_DEVICE_RESET_NONE;
}

static int __init register_mmio(unsigned int id, struct device_node *np)
{
	struct resource res;
	int i, ret = 0;

	for (i = 0; !ret && !of_address_to_resource(np, i, &res); i++)
		ret = pkvm_iommu_hyp_device_mmio(id, res.start,
						 resource_size(&res));

	return ret;
}

static int __init register_stream(unsigned int id, unsigned int group,
				  const struct of_phandle_args *args)
{
	struct pkvm_iommu *iommu = pkvm_iommu_find(of_fwnode_handle(args->np));
	struct assignable_stream *stream;
	int ret;

	/*
	 * EL2 must know that its description lacks a stream: name an IOMMU that it does not
	 * have, so that it takes the device for incomplete.
	 */
	if (!iommu || args->args_count != 1)
		return pkvm_iommu_hyp_device_stream(id, U32_MAX, 0);

	ret = pkvm_iommu_hyp_device_stream(id, iommu->id, args->args[0]);
	if (ret)
		return ret;

	stream = kzalloc_obj(*stream);
	if (!stream)
		return -ENOMEM;
	stream->iommu = iommu;
	stream->sid = args->args[0];
	stream->group = group;
	list_add_tail(&stream->node, &assignable_streams);

	return 0;
}

static int __init register_streams(unsigned int id, unsigned int group,
				   struct device_node *np)
{
	struct of_phandle_args args;
	int i, ret = 0;

	for (i = 0; !ret && !of_parse_phandle_with_args(np, "iommus", "#iommu-cells",
							i, &args); i++) {
		ret = register_stream(id, group, &args);
		of_node_put(args.np);
	}

	return ret;
}

static void __init register_device(struct device_node *np, unsigned int group)
{
	enum pkvm_device_reset reset = reset_of(np);
	int id, ret;

	id = pkvm_iommu_hyp_device(group, reset);
	ret = id < 0 ? id : register_mmio(id, np) ?: register_streams(id, group, np);
	if (!ret && !of_property_present(np, "iommus"))
		ret = pkvm_iommu_note_quiet(np, group);
	if (ret)
		pr_err("%pOF: EL2 refused its description (%pe), cannot be assigned to protected VMs\n",
		       np, ERR_PTR(ret));
	else
		pr_info("%pOF: assignable, group %u, %s\n", np, group,
			reset ? "EL2 resets it" :
			reset_optional ? "EL2 does not reset it" :
			"EL2 cannot reset it: for plain VMs only");
}

static void __init register_group(struct device_node *np, unsigned int group)
{
	struct of_phandle_iterator it;
	int err;

	if (group >= PKVM_DEVICE_MAX) {
		pr_err("%pOF: its devices cannot be assigned to protected VMs, EL2 supports only %d groups\n",
		       np, PKVM_DEVICE_MAX);
		return;
	}
	of_for_each_phandle(&it, err, np, "devices", NULL, 0)
		register_device(it.node, group);
}

/**
 * pkvm_iommu_register_assignable() - describe all assignable devices to EL2
 *
 * Context: after all IOMMUs are registered.
 * Return: flags for pkvm_iommu_hyp_finalise().
 */
u64 __init pkvm_iommu_register_assignable(void)
{
	struct device_node *np, *child;
	unsigned int group = 0;

	pkvm_iommu_groups_init();
	for_each_compatible_node(np, NULL, ASSIGNMENT_COMPATIBLE) {
		for_each_available_child_of_node(np, child)
			register_group(child, group++);
	}

	return reset_optional ? PKVM_IOMMU_FINALISE_NO_RESET : 0;
}

/**
 * pkvm_iommu_count_assignable() - count the register ranges of all assignable devices
 *
 * Context: early boot; only the device tree is available.
 * Return: number of ranges.
 */
unsigned int __init pkvm_iommu_count_assignable(void)
{
	struct device_node *np, *child;
	struct of_phandle_iterator it;
	struct resource res;
	unsigned int nr = 0;
	int i, err;

	for_each_compatible_node(np, NULL, ASSIGNMENT_COMPATIBLE) {
		for_each_available_child_of_node(np, child) {
			of_for_each_phandle(&it, err, child, "devices", NULL, 0) {
				for (i = 0; !of_address_to_resource(it.node, i, &res); i++)
					nr++;
			}
		}
	}

	return nr;
}

/**
 * pkvm_iommu_group_of() - find the group to which a stream belongs
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * Return: number of the group, or -1 if the stream is not that of an assignable device.
 */
int pkvm_iommu_group_of(const struct pkvm_iommu *iommu, u32 sid)
{
	struct assignable_stream *stream;

	list_for_each_entry(stream, &assignable_streams, node) {
		if (stream->iommu == iommu && stream->sid == sid)
			return stream->group;
	}

	return -1;
}

/**
 * pkvm_iommu_next_assignable() - iterate over the streams of a group
 * @group: number of the group
 * @stream: the stream before, or NULL for the first one
 *
 * Return: the next stream, or NULL.
 */
struct assignable_stream *
pkvm_iommu_next_assignable(unsigned int group, struct assignable_stream *stream)
{
	stream = list_prepare_entry(stream, &assignable_streams, node);
	list_for_each_entry_continue(stream, &assignable_streams, node) {
		if (stream->group == group)
			return stream;
	}

	return NULL;
}
