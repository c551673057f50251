// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: the attributes KVM_DEV_VFIO_PVIOMMU_* of KVM's VFIO device.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/uaccess.h>

#include "pviommu.h"

/**
 * kvm_pviommu_copy_args() - copy a structure that begins with its size
 * @args: the copy
 * @size: its size in this kernel
 * @min: smallest size that the VMM may pass
 * @uargs: the VMM's structure
 *
 * If the VMM's structure is longer than @size, the rest of it must be zero.
 *
 * Return: 0 or an errno.
 */
int kvm_pviommu_copy_args(void *args, size_t size, size_t min,
			  const void __user *uargs)
{
	u32 usize;

	if (get_user(usize, (const u32 __user *)uargs))
		return -EFAULT;
	if (usize < min)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;

	return copy_struct_from_user(args, size, uargs, usize);
}

/**
 * kvm_pviommu_device_of_vm() - find the device of a VFIO file that a VM may have
 * @kvm: the VM
 * @file: the file; while the caller holds it, the device stays bound to its driver
 *
 * Return: the device or an ERR_PTR(), see vfio_file_device_of_kvm().
 */
struct device *kvm_pviommu_device_of_vm(struct kvm *kvm, struct file *file)
{
	struct device *(*fn)(struct file *file, struct kvm *kvm);
	struct device *dev;

	fn = symbol_get(vfio_file_device_of_kvm);
	if (!fn)
		return ERR_PTR(-ENODEV);

	dev = fn(file, kvm);
	symbol_put(vfio_file_device_of_kvm);

	return dev;
}

static int get_info(struct kvm *kvm, struct kvm_vfio_iommu_info __user *uargs)
{
	struct kvm_vfio_iommu_info args;
	struct device *dev;
	int ret, bits;

	ret = kvm_pviommu_copy_args(&args, sizeof(args),
				    KVM_VFIO_IOMMU_INFO_SIZE_VER0, uargs);
	if (ret)
		return ret;
	if (args.__reserved || args.__reserved2)
		return -EOPNOTSUPP;

	CLASS(fd, f)(args.device_fd);
	if (fd_empty(f))
		return -EBADF;

	dev = kvm_pviommu_device_of_vm(kvm, fd_file(f));
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	ret = pkvm_iommu_num_endpoints(dev);
	if (ret < 0)
		return ret;
	bits = pkvm_iommu_input_bits(dev);
	if (bits < 0)
		return bits;

	/* An old VMM passes a shorter structure, without @input_bits */
	if (args.size >= offsetofend(typeof(args), input_bits) &&
	    put_user((u32)bits, &uargs->input_bits))
		return -EFAULT;
	return put_user((u32)ret, &uargs->nr_sids);
}

static int set_max_memory(struct kvm *kvm, const u64 __user *uargs)
{
	struct kvm_pviommus *pviommus;
	u64 size;
	int ret;

	if (get_user(size, uargs))
		return -EFAULT;
	if (size < PAGE_SIZE)
		return -EINVAL;

	ACQUIRE(mutex_kill, lock)(&kvm->arch.config_lock);
	ret = ACQUIRE_ERR(mutex_kill, &lock);
	if (ret)
		return ret;
	pviommus = kvm->arch.pkvm.pviommus;
	if (!pviommus)
		return -ENOENT;
	WRITE_ONCE(pviommus->max_pages, size >> PAGE_SHIFT);

	return 0;
}

/**
 * kvm_pviommu_set_attr() - KVM_SET_DEVICE_ATTR of group KVM_DEV_VFIO_PVIOMMU
 * @kvm: the VM
 * @attr: the argument of the ioctl
 *
 * Return: a file descriptor, 0 or an errno, see
 * Documentation/virt/kvm/devices/vfio-pviommu.rst.
 */
int kvm_pviommu_set_attr(struct kvm *kvm, const struct kvm_device_attr *attr)
{
	switch (attr->attr) {
	case KVM_DEV_VFIO_PVIOMMU_ATTACH:
		return kvm_pviommu_create(kvm);
	case KVM_DEV_VFIO_PVIOMMU_GET_INFO:
		return get_info(kvm, u64_to_user_ptr(attr->addr));
	case KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY:
		return set_max_memory(kvm, u64_to_user_ptr(attr->addr));
	}

	return -ENXIO;
}

/**
 * kvm_pviommu_has_attr() - KVM_HAS_DEVICE_ATTR of group KVM_DEV_VFIO_PVIOMMU
 * @attr: the argument of the ioctl
 *
 * Return: 0, or -ENXIO if there is no such attribute or EL2 owns no IOMMU.
 */
int kvm_pviommu_has_attr(const struct kvm_device_attr *attr)
{
	if (!pkvm_iommu_available())
		return -ENXIO;

	switch (attr->attr) {
	case KVM_DEV_VFIO_PVIOMMU_ATTACH:
	case KVM_DEV_VFIO_PVIOMMU_GET_INFO:
	case KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY:
		return 0;
	}

	return -ENXIO;
}
