// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM asks VFIO to give a device to a VM under pKVM.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/pkvm-iommu-kvm.h>
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
 * vfio_file_forget_kvm() - a device does not keep its VM alive any more
 * @file: file for which vfio_file_device_of_kvm() has returned the device; the VM keeps
 *	it open
 *
 * A VM has a device until the VM is gone: its streams, and its registers perhaps, are
 * not the host's. So the VM keeps the device open, and bound to its driver, even if user
 * space closes it. Both would stay for ever if the device kept the VM as well.
 */
void vfio_file_forget_kvm(struct file *file)
{
	struct vfio_device_file *df = file->private_data;

	guard(mutex)(&df->device->dev_set->lock);
	vfio_device_put_kvm(df->device);
}
EXPORT_SYMBOL_GPL(vfio_file_forget_kvm);
