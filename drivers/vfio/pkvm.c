// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM asks VFIO to give a device to a VM under pKVM.
 */
#include <linux/err.h>
#include <linux/kvm_pviommu.h>
#include <linux/spinlock.h>

#include "vfio.h"

static bool added_to(struct vfio_device_file *df, struct kvm *kvm)
{
#if IS_ENABLED(CONFIG_VFIO_GROUP)
	struct vfio_group *group = df->group;

	if (group) {
		guard(spinlock)(&group->kvm_ref_lock);
		return group->kvm == kvm;
	}
#endif

	guard(spinlock)(&df->kvm_ref_lock);
	return df->kvm == kvm;
}

/**
 * vfio_file_device_of_kvm() - the device of a file, if a VM may have it
 * @file: any file
 * @kvm: the VM; @file, or the file of its group, must have been added to it
 *	with KVM_DEV_VFIO_FILE_ADD
 *
 * Return: the device, which remains bound to its driver and under VFIO's
 * control as long as the caller holds @file, or -ENODEV (not a VFIO device that
 * is open for use) or -ENOENT (not added to this VM).
 */
struct device *vfio_file_device_of_kvm(struct file *file, struct kvm *kvm)
{
	struct vfio_device_file *df = file->private_data;

	if (file->f_op != &vfio_device_fops)
		return ERR_PTR(-ENODEV);

	/* Paired with smp_store_release() where the device is opened or bound */
	if (!smp_load_acquire(&df->access_granted))
		return ERR_PTR(-ENODEV);

	if (!added_to(df, kvm))
		return ERR_PTR(-ENOENT);

	return df->device->dev;
}
EXPORT_SYMBOL_GPL(vfio_file_device_of_kvm);

/**
 * vfio_file_hold_device() - keep a device bound to its driver, file or not
 * @file: file for which vfio_file_device_of_kvm() has returned the device
 *
 * A VM has a device until the VM is gone, and no other driver may find it in that
 * state: its streams, and its registers perhaps, are not the host's.
 *
 * Return: the device, for vfio_release_device(), or NULL: it is being unbound.
 */
struct vfio_device *vfio_file_hold_device(struct file *file)
{
	struct vfio_device_file *df = file->private_data;

	return vfio_device_try_get_registration(df->device) ? df->device : NULL;
}
EXPORT_SYMBOL_GPL(vfio_file_hold_device);

/**
 * vfio_release_device() - undo vfio_file_hold_device()
 * @device: the device
 */
void vfio_release_device(struct vfio_device *device)
{
	vfio_device_put_registration(device);
}
EXPORT_SYMBOL_GPL(vfio_release_device);
