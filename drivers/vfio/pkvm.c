// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of VFIO that KVM calls to give a device to a VM under pKVM.
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
 * vfio_file_device_of_kvm() - find the device of a file that was added to a VM
 * @file: any file
 * @kvm: the VM to which @file, or the file of its group, was added with
 *	KVM_DEV_VFIO_FILE_ADD
 *
 * Return: the device, which remains bound to its driver and under VFIO's control while the
 * caller holds @file; -ENODEV if @file is not that of a VFIO device with access granted;
 * or -ENOENT if it was not added to this VM.
 */
struct device *vfio_file_device_of_kvm(struct file *file, struct kvm *kvm)
{
	struct vfio_device_file *df = file->private_data;

	if (file->f_op != &vfio_device_fops)
		return ERR_PTR(-ENODEV);

	/* Paired with smp_store_release() where VFIO opens or binds the device */
	if (!smp_load_acquire(&df->access_granted))
		return ERR_PTR(-ENODEV);

	if (!added_to(df, kvm))
		return ERR_PTR(-ENOENT);

	return df->device->dev;
}
EXPORT_SYMBOL_GPL(vfio_file_device_of_kvm);

/**
 * vfio_file_forget_kvm() - drop the reference that a device has to its VM
 * @file: file for which vfio_file_device_of_kvm() has returned the device, and to which the
 *	VM has a reference
 *
 * A VM owns the streams, and perhaps the registers, of a device until the VM is gone. So
 * KVM keeps the file of the device open for the VM, even if user space closes it. If the
 * device had a reference to the VM as well, neither would ever be freed.
 */
void vfio_file_forget_kvm(struct file *file)
{
	struct vfio_device_file *df = file->private_data;

	guard(mutex)(&df->device->dev_set->lock);
	vfio_device_put_kvm(df->device);
}
EXPORT_SYMBOL_GPL(vfio_file_forget_kvm);
