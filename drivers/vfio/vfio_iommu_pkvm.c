// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO: the IOMMU type for devices that are given to VMs under pKVM.
 *
 * The hypervisor owns the IOMMU, and the guest maps its memory with hypercalls. So this type
 * maps nothing. VFIO has claimed the DMA ownership of the groups, which attached them to the
 * blocking domain. A stream of a device stays there until the VM to which it was given
 * attaches it, see <linux/pkvm-iommu-endpoint.h>.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/vfio.h>

#include "vfio.h"

static void *pkvm_open(unsigned long arg)
{
	return arg == VFIO_PKVM_IOMMU ? NULL : ERR_PTR(-EINVAL);
}

static void pkvm_release(void *iommu_data)
{
}

static long pkvm_ioctl(void *iommu_data, unsigned int cmd, unsigned long arg)
{
	if (cmd == VFIO_CHECK_EXTENSION)
		return arg == VFIO_PKVM_IOMMU && pkvm_iommu_available();

	return -ENOTTY;
}

static int check_device(struct device *dev, void *unused)
{
	int nr = pkvm_iommu_num_endpoints(dev);

	return nr < 0 ? nr : 0;
}

static int pkvm_attach_group(void *iommu_data, struct iommu_group *iommu_group,
			     enum vfio_group_type type)
{
	/* Emulated devices are behind no IOMMU of the hypervisor */
	if (type != VFIO_IOMMU)
		return -EINVAL;

	return iommu_group_for_each_dev(iommu_group, NULL, check_device);
}

static void pkvm_detach_group(void *iommu_data, struct iommu_group *iommu_group)
{
}

static const struct vfio_iommu_driver_ops pkvm_ops = {
	.name		= "vfio-iommu-pkvm",
	.owner		= THIS_MODULE,
	.open		= pkvm_open,
	.release	= pkvm_release,
	.ioctl		= pkvm_ioctl,
	.attach_group	= pkvm_attach_group,
	.detach_group	= pkvm_detach_group,
};

static int __init vfio_iommu_pkvm_init(void)
{
	return vfio_register_iommu_driver(&pkvm_ops);
}
module_init(vfio_iommu_pkvm_init);

static void __exit vfio_iommu_pkvm_exit(void)
{
	vfio_unregister_iommu_driver(&pkvm_ops);
}
module_exit(vfio_iommu_pkvm_exit);

MODULE_DESCRIPTION("IOMMU type for devices of VMs under pKVM");
MODULE_LICENSE("GPL");
