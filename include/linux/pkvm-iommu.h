/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Endpoints: how the host gives the streams of a device to a VM under pKVM.
 *
 * A device has endpoints 0 to pkvm_iommu_num_endpoints() - 1, one for each of
 * its stream IDs. Each can be given a virtual stream ID (vSID) on a paravirtual
 * IOMMU (pvIOMMU) of one VM, before that VM runs for the first time. They come
 * back together when the VM dies. Nobody but EL2 and the driver of the IOMMU
 * ever needs the physical stream IDs.
 *
 * A front end (KVM-VFIO, iommufd) holds the device in the blocking domain,
 * decides who may use it, and chooses the numbers of the pvIOMMUs. KVM tops the
 * VM up while it runs and drains it when it dies.
 */
#ifndef __LINUX_PKVM_IOMMU_H
#define __LINUX_PKVM_IOMMU_H

#include <linux/errno.h>
#include <linux/types.h>

struct device;

#ifdef CONFIG_ARM_SMMU_V3_PKVM
#include <linux/kvm_host.h>

bool pkvm_iommu_available(void);
int pkvm_iommu_num_endpoints(struct device *dev);
int pkvm_iommu_set_endpoint_vsid(pkvm_handle_t vm, u32 pviommu,
				 struct device *dev, unsigned int index,
				 u32 vsid, bool protected);
int pkvm_iommu_topup_vm(pkvm_handle_t vm, unsigned long nr_pages);
int pkvm_iommu_drain_vm(pkvm_handle_t vm);
bool pkvm_iommu_registers_get(struct device *dev);
void pkvm_iommu_registers_put(struct device *dev);
#else
static inline bool pkvm_iommu_available(void)
{
	return false;
}

static inline int pkvm_iommu_num_endpoints(struct device *dev)
{
	return -ENODEV;
}

static inline bool pkvm_iommu_registers_get(struct device *dev)
{
	return true;
}

static inline void pkvm_iommu_registers_put(struct device *dev)
{
}
#endif

#endif /* __LINUX_PKVM_IOMMU_H */
