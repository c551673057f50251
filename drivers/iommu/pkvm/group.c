// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the owner of each group of assignable devices.
 *
 * EL2 assigns all devices of a group to a protected VM together, and resets those that it
 * can reset when the owner changes. Here the driver records the owner of each group, and
 * keeps the host from accessing registers that a VM owns.
 */
#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/rwsem.h>

#include "assignable.h"
#include "host.h"

#undef pr_fmt
#define pr_fmt(fmt) "pkvm-iommu: " fmt

/**
 * struct assignable_group - devices that have the same owner
 * @lock: guards @vm. The host holds it for reading around each access to registers of the
 *	group, see pkvm_iommu_registers_get(), and never while it waits for user space.
 * @vm: pKVM handle of the VM to which EL2 assigns, or has assigned, all registers and
 *	streams of the group; 0 if the host owns them; PKVM_IOMMU_NOBODY if EL2 keeps them
 *	for ever
 */
static struct assignable_group {
	struct rw_semaphore	lock;
	pkvm_handle_t		vm;
} groups[PKVM_DEVICE_MAX];

/**
 * pkvm_iommu_groups_init() - initialise the locks of all groups
 */
void __init pkvm_iommu_groups_init(void)
{
	unsigned int group;

	for (group = 0; group < PKVM_DEVICE_MAX; group++)
		init_rwsem(&groups[group].lock);
}

/**
 * pkvm_iommu_group_owner() - find the VM that owns the group of a stream
 * @iommu: the IOMMU
 * @sid: the stream ID
 *
 * Context: streams_lock of @iommu held, for the caller that makes a record of the stream:
 * either the record exists when pkvm_iommu_assign_group() looks for it under this lock, or
 * this function returns the VM.
 * Return: pKVM handle of the VM, or 0.
 */
pkvm_handle_t pkvm_iommu_group_owner(const struct pkvm_iommu *iommu, u32 sid)
{
	int group = pkvm_iommu_group_of(iommu, sid);

	return group < 0 ? 0 : READ_ONCE(groups[group].vm);
}

static void return_group(unsigned int nr)
{
	struct assignable_stream *stream = NULL;
	pkvm_handle_t vm = groups[nr].vm;

	WRITE_ONCE(groups[nr].vm, 0);
	while ((stream = pkvm_iommu_next_assignable(nr, stream)))
		pkvm_iommu_return_sid(stream->iommu, stream->sid, vm);
	pkvm_iommu_release_quiet(nr);
}

/**
 * pkvm_iommu_assign_group() - prepare the host for EL2 to assign a group to a VM
 * @nr: the group
 * @vm: pKVM handle of the VM
 * @fresh: out, valid on success: true if this call made the VM the owner, false if the VM
 *	was the owner before
 *
 * Records the VM as the owner of the group and of its streams, and binds the driver of
 * quiet.c to the group's devices without streams, so that no other driver of the host
 * accesses their registers. The caller then asks EL2 to assign the group.
 *
 * Return: 0; or an errno, after which nothing has changed: -ENOTRECOVERABLE (EL2 keeps
 * the group until the machine is reset), -EBUSY (another VM owns it, or another driver is
 * bound to a device without streams), -EINTR (the caller was killed), or those of
 * pkvm_iommu_assign_sid().
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
	while ((stream = pkvm_iommu_next_assignable(nr, stream))) {
		ret = pkvm_iommu_assign_sid(stream->iommu, stream->sid, vm);
		if (ret) {
			/* Returns the streams assigned so far: others are not this VM's */
			return_group(nr);
			return ret;
		}
	}

	return 0;
}

/**
 * pkvm_iommu_return_group() - undo pkvm_iommu_assign_group()
 * @nr: the group, which EL2 has not assigned to the VM
 */
void pkvm_iommu_return_group(unsigned int nr)
{
	guard(rwsem_write)(&groups[nr].lock);
	return_group(nr);
}

/*
 * Has EL2 kept the group, because a device did not come to rest in its reset? All streams
 * of the group are blocked. To block one again has no effect, but returns -EPERM if the
 * host does not own it.
 */
static bool is_lost(unsigned int nr)
{
	struct assignable_stream *stream = NULL;
	unsigned long need;

	while ((stream = pkvm_iommu_next_assignable(nr, stream))) {
		if (pkvm_iommu_hyp_attach(stream->iommu->id, stream->sid,
					  PKVM_IOMMU_DOMAIN_BLOCKED, &need) == -EPERM)
			return true;
	}

	return false;
}

static void lose_group(unsigned int nr)
{
	struct assignable_stream *stream = NULL;

	pr_err("EL2 failed to reset group %u of assignable devices, it is unusable until the machine is reset\n",
	       nr);
	WRITE_ONCE(groups[nr].vm, PKVM_IOMMU_NOBODY);
	while ((stream = pkvm_iommu_next_assignable(nr, stream)))
		pkvm_iommu_lose_sid(stream->iommu, stream->sid);
}

/**
 * pkvm_iommu_return_groups() - record that the host owns the groups of a VM again
 * @vm: pKVM handle of the VM, which is drained. The caller records the return of the
 *	streams after that
 *
 * Records the loss of a group instead if EL2 could not reset it.
 *
 * Return: true if the VM had a group. Takes no lock if it had none.
 */
bool pkvm_iommu_return_groups(pkvm_handle_t vm)
{
	bool found = false;
	unsigned int nr;

	for (nr = 0; nr < ARRAY_SIZE(groups); nr++) {
		/* Only this function ends the ownership of a VM: no lock is needed here */
		if (READ_ONCE(groups[nr].vm) != vm)
			continue;

		found = true;
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
 * pkvm_iommu_registers_get() - begin to access the registers of a device
 * @dev: the device; the caller keeps its driver bound
 *
 * If the host accessed registers that a protected VM owns, its kernel would crash. So the
 * host accesses registers only between this function and pkvm_iommu_registers_put(). The
 * assignment of the device to a VM waits in between, so the caller must not access user
 * memory there.
 *
 * Context: may sleep.
 * Return: true if the host may access the registers.
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
 * pkvm_iommu_registers_put() - end an access of the host kernel to a device's registers
 * @dev: the device, for which pkvm_iommu_registers_get() returned true
 *
 * Lets pkvm_iommu_assign_group() go on, which waits for such accesses.
 */
void pkvm_iommu_registers_put(struct device *dev)
{
	struct assignable_group *group = group_of_device(dev);

	if (group)
		up_read(&group->lock);
}
EXPORT_SYMBOL_GPL(pkvm_iommu_registers_put);
