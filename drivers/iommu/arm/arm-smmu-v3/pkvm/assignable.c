// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: devices that a protected VM can get as a whole.
 *
 * The device tree names them, see pkvm,device-assignment.yaml. EL2 is told before
 * the host is deprivileged, so that it knows what belongs together and need not
 * believe the host later.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/pkvm-iommu.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "pkvm-smmu.h"

#undef pr_fmt
#define pr_fmt(fmt) "arm-smmu-v3-pkvm: " fmt

#define ASSIGNMENT_COMPATIBLE	"pkvm,device-assignment"

/**
 * struct assignable_stream - a stream of an assignable device
 * @node: entry in the list of all
 * @smmu: its SMMU
 * @sid: its stream ID
 * @group: the group of its device
 */
struct assignable_stream {
	struct list_head	node;
	struct pkvm_smmu	*smmu;
	u32			sid;
	unsigned int		group;
};

/* Made at boot, constant after that */
static LIST_HEAD(assignable_streams);

/*
 * A group changes hands as a whole. Who uses registers for the host, by
 * pkvm_iommu_registers_get(), holds its lock for reading.
 */
static struct rw_semaphore group_locks[PKVM_DEVICE_MAX];

/*
 * arm_smmu_v3_pkvm.reset=optional: let protected VMs have devices that EL2 cannot
 * reset. They see what the host left in them, and the host what they left.
 */
static bool reset_optional __initdata;

static int __init parse_reset(char *str)
{
	reset_optional = str && !strcmp(str, "optional");
	if (!reset_optional && str && strcmp(str, "required"))
		pr_warn("reset=%s is neither required nor optional\n", str);

	return 0;
}
early_param("arm_smmu_v3_pkvm.reset", parse_reset);

static enum pkvm_device_reset __init reset_of(const struct device_node *np)
{
	return of_device_is_compatible(np, "qemu,edu-pair") ?
	       PKVM_DEVICE_RESET_EDU : PKVM_DEVICE_RESET_NONE;
}

static int __init register_mmio(unsigned int id, struct device_node *np)
{
	struct resource res;
	int i, ret = 0;

	for (i = 0; !ret && !of_address_to_resource(np, i, &res); i++)
		ret = pkvm_smmu_hyp_device_mmio(id, res.start,
						resource_size(&res));

	return ret;
}

static int __init register_stream(unsigned int id, unsigned int group,
				  const struct of_phandle_args *args)
{
	struct pkvm_smmu *smmu = pkvm_smmu_find(of_fwnode_handle(args->np));
	struct assignable_stream *stream;
	int ret;

	/* EL2 has to know that one is missing: ask for one that it does not have */
	if (!smmu || args->args_count != 1)
		return pkvm_smmu_hyp_device_stream(id, U32_MAX, 0);

	ret = pkvm_smmu_hyp_device_stream(id, smmu->id, args->args[0]);
	if (ret)
		return ret;

	stream = kzalloc_obj(*stream);
	if (!stream)
		return -ENOMEM;
	stream->smmu = smmu;
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

	id = pkvm_smmu_hyp_device(group, reset);
	ret = id < 0 ? id : register_mmio(id, np) ?: register_streams(id, group, np);
	if (ret)
		pr_err("%pOF: cannot be assigned to protected VMs (%pe)\n", np,
		       ERR_PTR(ret));
	else
		pr_info("%pOF: assignable, group %u, %s\n", np, group,
			reset ? "EL2 resets it" :
			reset_optional ? "not reset" : "no reset: only to plain VMs");
}

static void __init register_group(struct device_node *np, unsigned int group)
{
	struct of_phandle_iterator it;
	int err;

	if (group >= PKVM_DEVICE_MAX) {
		pr_err("%pOF: more than %d groups\n", np, PKVM_DEVICE_MAX);
		return;
	}
	of_for_each_phandle(&it, err, np, "devices", NULL, 0)
		register_device(it.node, group);
}

/**
 * pkvm_smmu_register_assignable() - tell EL2 which devices are assignable
 *
 * Context: all SMMUs are registered.
 * Return: flags for pkvm_smmu_hyp_finalise().
 */
u64 __init pkvm_smmu_register_assignable(void)
{
	struct device_node *np, *child;
	unsigned int group;

	for (group = 0; group < PKVM_DEVICE_MAX; group++)
		init_rwsem(&group_locks[group]);

	group = 0;
	for_each_compatible_node(np, NULL, ASSIGNMENT_COMPATIBLE) {
		for_each_available_child_of_node(np, child)
			register_group(child, group++);
	}

	return reset_optional ? PKVM_IOMMU_FINALISE_NO_RESET : 0;
}

/**
 * pkvm_smmu_count_assignable() - how many ranges of registers they have
 *
 * Context: early; the device tree is all that there is.
 * Return: the number.
 */
unsigned int __init pkvm_smmu_count_assignable(void)
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
 * pkvm_smmu_group_of() - is a stream that of an assignable device?
 * @smmu: the SMMU
 * @sid: the stream ID
 *
 * Return: the group, or -1.
 */
int pkvm_smmu_group_of(const struct pkvm_smmu *smmu, u32 sid)
{
	struct assignable_stream *stream;

	list_for_each_entry(stream, &assignable_streams, node) {
		if (stream->smmu == smmu && stream->sid == sid)
			return stream->group;
	}

	return -1;
}

static bool owns_group(unsigned int group, pkvm_handle_t vm)
{
	struct pkvm_smmu_stream *s;
	struct assignable_stream *stream;

	list_for_each_entry(stream, &assignable_streams, node) {
		if (stream->group != group)
			continue;
		guard(mutex)(&stream->smmu->streams_lock);
		s = xa_load(&stream->smmu->streams, stream->sid);
		if (s && s->vm == vm)
			return true;
	}

	return false;
}

/**
 * pkvm_smmu_give_group() - the streams of a group are about to become a VM's
 * @group: the group
 * @vm: pKVM handle of the VM
 * @fresh: out: they were not before
 *
 * Return: 0, or -EACCES or -EBUSY as pkvm_smmu_give_sid(), nothing changed then.
 */
int pkvm_smmu_give_group(unsigned int group, pkvm_handle_t vm, bool *fresh)
{
	struct assignable_stream *stream;
	int ret;

	guard(rwsem_write)(&group_locks[group]);
	*fresh = !owns_group(group, vm);
	if (!*fresh)
		return 0;

	list_for_each_entry(stream, &assignable_streams, node) {
		if (stream->group != group)
			continue;
		ret = pkvm_smmu_give_sid(stream->smmu, stream->sid, vm);
		if (ret)
			goto undo;
	}

	return 0;

undo:
	list_for_each_entry_continue_reverse(stream, &assignable_streams, node) {
		if (stream->group == group)
			pkvm_smmu_take_sid(stream->smmu, stream->sid, vm);
	}

	return ret;
}

/**
 * pkvm_smmu_take_group() - undo pkvm_smmu_give_group()
 * @group: the group; EL2 has not given it to the VM
 * @vm: pKVM handle of the VM
 */
void pkvm_smmu_take_group(unsigned int group, pkvm_handle_t vm)
{
	struct assignable_stream *stream;

	guard(rwsem_write)(&group_locks[group]);
	list_for_each_entry(stream, &assignable_streams, node) {
		if (stream->group == group)
			pkvm_smmu_take_sid(stream->smmu, stream->sid, vm);
	}
}

static int group_of_device(struct device *dev, struct pkvm_smmu_stream **stream)
{
	struct pkvm_smmu_master *master = pkvm_smmu_master_of(dev);

	if (!master)
		return -1;
	*stream = master->streams[0].stream;

	return pkvm_smmu_group_of(master->smmu, (*stream)->sid);
}

/**
 * pkvm_iommu_registers_get() - the host is about to access a device's registers
 * @dev: the device; the caller keeps its driver bound
 *
 * What a protected VM owns cannot be accessed, the host's kernel would crash. If
 * the host can, it can until pkvm_iommu_registers_put().
 *
 * Context: may sleep.
 * Return: true if the host can.
 */
bool pkvm_iommu_registers_get(struct device *dev)
{
	struct pkvm_smmu_stream *stream;
	int group = group_of_device(dev, &stream);

	if (group < 0)
		return true;

	down_read(&group_locks[group]);
	if (!READ_ONCE(stream->has_regs))
		return true;
	up_read(&group_locks[group]);

	return false;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_registers_get);

/**
 * pkvm_iommu_registers_put() - the host has accessed a device's registers
 * @dev: the device, for which pkvm_iommu_registers_get() returned true
 */
void pkvm_iommu_registers_put(struct device *dev)
{
	struct pkvm_smmu_stream *stream;
	int group = group_of_device(dev, &stream);

	if (group >= 0)
		up_read(&group_locks[group]);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_registers_put);
