// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: devices that a protected VM can get as a whole.
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
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "host.h"

#undef pr_fmt
#define pr_fmt(fmt) "pkvm-iommu: " fmt

#define ASSIGNMENT_COMPATIBLE	"pkvm,device-assignment"

/**
 * struct assignable_stream - a stream of an assignable device
 * @node: entry in the list of all
 * @iommu: its IOMMU
 * @sid: its stream ID
 * @group: the group of its device
 */
struct assignable_stream {
	struct list_head	node;
	struct pkvm_iommu	*iommu;
	u32			sid;
	unsigned int		group;
};

/* Made at boot, constant after that */
static LIST_HEAD(assignable_streams);

/**
 * struct assignable_group - devices that change hands together
 * @lock: guards all that follows. The host holds it for reading around each access to
 *	registers, by pkvm_iommu_registers_get(), and never while it waits for user space.
 * @vm: pKVM handle of the VM that has, or is about to have, all registers and
 *	streams; 0 if the host has them; PKVM_IOMMU_NOBODY
 */
static struct assignable_group {
	struct rw_semaphore	lock;
	pkvm_handle_t		vm;
} groups[PKVM_DEVICE_MAX];

/*
 * arm_smmu_v3_pkvm.reset=optional: let protected VMs have devices that EL2 cannot
 * reset. They see what the host left in them, and the host what they left.
 */
static bool reset_optional __initdata;

static int __init parse_reset(char *str)
{
	reset_optional = str && !strcmp(str, "optional");
	if (!reset_optional && str && strcmp(str, "required"))
		pr_warn("arm_smmu_v3_pkvm.reset=%s is neither required nor optional\n", str);

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

	/* EL2 has to know that one is missing: ask for one that it does not have */
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
 * pkvm_iommu_register_assignable() - tell EL2 which devices are assignable
 *
 * Context: all IOMMUs are registered.
 * Return: flags for pkvm_iommu_hyp_finalise().
 */
u64 __init pkvm_iommu_register_assignable(void)
{
	struct device_node *np, *child;
	unsigned int group;

	for (group = 0; group < PKVM_DEVICE_MAX; group++)
		init_rwsem(&groups[group].lock);

	group = 0;
	for_each_compatible_node(np, NULL, ASSIGNMENT_COMPATIBLE) {
		for_each_available_child_of_node(np, child)
			register_group(child, group++);
	}

	return reset_optional ? PKVM_IOMMU_FINALISE_NO_RESET : 0;
}

/**
 * pkvm_iommu_count_assignable() - how many ranges of registers they have
 *
 * Context: early; the device tree is all that there is.
 * Return: the number.
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
 * pkvm_iommu_group_of() - is a stream that of an assignable device?
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * Return: the group, or -1.
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
 * pkvm_iommu_group_owner() - the VM that has a stream because of its group
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * Context: streams_lock of @iommu held: pkvm_iommu_assign_group() finds the stream's
 * record under it, or what makes one under it finds the VM here.
 * Return: pKVM handle of the VM, or 0.
 */
pkvm_handle_t pkvm_iommu_group_owner(const struct pkvm_iommu *iommu, u32 sid)
{
	int group = pkvm_iommu_group_of(iommu, sid);

	return group < 0 ? 0 : READ_ONCE(groups[group].vm);
}

/* The first stream of a group for NULL, the one after @stream, or NULL */
static struct assignable_stream *
next_stream(unsigned int group, struct assignable_stream *stream)
{
	stream = list_prepare_entry(stream, &assignable_streams, node);
	list_for_each_entry_continue(stream, &assignable_streams, node) {
		if (stream->group == group)
			return stream;
	}

	return NULL;
}

static void return_group(unsigned int nr)
{
	struct assignable_stream *stream = NULL;
	pkvm_handle_t vm = groups[nr].vm;

	WRITE_ONCE(groups[nr].vm, 0);
	while ((stream = next_stream(nr, stream)))
		pkvm_iommu_return_sid(stream->iommu, stream->sid, vm);
	pkvm_iommu_release_quiet(nr);
}

/**
 * pkvm_iommu_assign_group() - the streams of a group are about to become a VM's
 * @nr: the group
 * @vm: pKVM handle of the VM
 * @fresh: out: they were not before
 *
 * Return: 0, or -ENOTRECOVERABLE (lost), -EBUSY (another VM's, or a driver has a device
 * without streams), -EINTR (the caller was killed), or as pkvm_iommu_assign_sid(); nothing
 * changed then.
 */
int pkvm_iommu_assign_group(unsigned int nr, pkvm_handle_t vm, bool *fresh)
{
	struct assignable_group *group = &groups[nr];
	struct assignable_stream *stream = NULL;
	int ret;

	ACQUIRE(rwsem_write_kill, lock)(&group->lock);
	ret = ACQUIRE_ERR(rwsem_write_kill, &lock);
	if (ret)
		return ret;

	*fresh = group->vm != vm;
	if (!*fresh)
		return 0;
	if (group->vm)
		return group->vm == PKVM_IOMMU_NOBODY ? -ENOTRECOVERABLE : -EBUSY;

	ret = pkvm_iommu_claim_quiet(nr);
	if (ret)
		return ret;

	WRITE_ONCE(group->vm, vm);
	while ((stream = next_stream(nr, stream))) {
		ret = pkvm_iommu_assign_sid(stream->iommu, stream->sid, vm);
		if (ret) {
			/* What has been given so far, the others are not the VM's */
			return_group(nr);
			return ret;
		}
	}

	return 0;
}

/**
 * pkvm_iommu_return_group() - undo pkvm_iommu_assign_group()
 * @nr: the group; EL2 has not given it to the VM
 */
void pkvm_iommu_return_group(unsigned int nr)
{
	guard(rwsem_write)(&groups[nr].lock);
	return_group(nr);
}

/* Blocked streams: to block them again tells whose they are, and does nothing */
static bool is_lost(unsigned int nr)
{
	struct assignable_stream *stream = NULL;
	unsigned long need;

	while ((stream = next_stream(nr, stream))) {
		if (pkvm_iommu_hyp_attach(stream->iommu->id, stream->sid,
					  PKVM_IOMMU_DOMAIN_BLOCKED, &need) == -EPERM)
			return true;
	}

	return false;
}

static void lose_group(unsigned int nr)
{
	struct assignable_stream *stream = NULL;

	pr_err("group %u of assignable devices was not reset, it is out of use\n", nr);
	WRITE_ONCE(groups[nr].vm, PKVM_IOMMU_NOBODY);
	while ((stream = next_stream(nr, stream)))
		pkvm_iommu_lose_sid(stream->iommu, stream->sid);
}

/**
 * pkvm_iommu_return_groups() - a VM is gone, the registers of its devices are back
 * @vm: pKVM handle of the VM, drained; its streams are still noted as the VM's
 *
 * Unless a device did not come to rest: EL2 keeps those.
 *
 * Return: true if there were any; false without having taken a lock.
 */
bool pkvm_iommu_return_groups(pkvm_handle_t vm)
{
	bool found = false;
	unsigned int nr;

	for (nr = 0; nr < ARRAY_SIZE(groups); nr++) {
		/* Nobody else takes a group from a VM */
		if (READ_ONCE(groups[nr].vm) != vm)
			continue;

		found = true;
		/* Whoever looks whether the host has the registers is soon done */
		guard(rwsem_write)(&groups[nr].lock);
		if (is_lost(nr)) {
			lose_group(nr);
		} else {
			WRITE_ONCE(groups[nr].vm, 0);
			pkvm_iommu_release_quiet(nr);
		}
	}

	return found;
}

static struct assignable_group *group_of_device(struct device *dev)
{
	struct pkvm_iommu_master *master = pkvm_iommu_master_of(dev);
	int nr = -1;

	if (master)
		nr = pkvm_iommu_group_of(master->iommu, master->streams[0].stream->sid);

	return nr < 0 ? NULL : &groups[nr];
}

/**
 * pkvm_iommu_registers_get() - the host is about to access a device's registers
 * @dev: the device; the caller keeps its driver bound
 *
 * What a protected VM owns cannot be accessed, the host's kernel would crash. If
 * the host can, it can until pkvm_iommu_registers_put(). A VM that is to get the
 * device waits for that, so the caller must not touch user memory in between.
 *
 * Context: may sleep.
 * Return: true if the host can.
 */
bool pkvm_iommu_registers_get(struct device *dev)
{
	struct assignable_group *group = group_of_device(dev);

	if (!group)
		return true;

	down_read(&group->lock);
	if (!group->vm)
		return true;
	up_read(&group->lock);

	return false;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_registers_get);

/**
 * pkvm_iommu_registers_put() - the host has accessed a device's registers
 * @dev: the device, for which pkvm_iommu_registers_get() returned true
 */
void pkvm_iommu_registers_put(struct device *dev)
{
	struct assignable_group *group = group_of_device(dev);

	if (group)
		up_read(&group->lock);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_registers_put);
