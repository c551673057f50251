/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM does to give a device to a VM: VFIO group, KVM-VFIO device, pvIOMMU,
 * vSIDs. See Documentation/virt/kvm/devices/vfio-pviommu.rst.
 */
#ifndef PKVM_IOMMU_PROGRAMS_VFIO_VM_H
#define PKVM_IOMMU_PROGRAMS_VFIO_VM_H

#include <dirent.h>
#include <linux/kvm.h>
#include <linux/vfio.h>

#include "test.h"

#include <linux/pkvm-iommu.h>

#define DEBUGFS		"/sys/kernel/debug/pkvm-smmu"

/* 0 or the errno of a call */
#define err(call) ((call) < 0 ? errno : 0)

struct vfio_dev {
	char name[256];
	char group[64];		/* its file below /dev/vfio */
};

void find_vfio_dev(struct vfio_dev *dev, const char *bus, const char *word);
long vm_pages(void);

/* What vm_pages() is without a VM */
extern long vm_pages_idle;
void open_pair(struct vfio_dev *pair);
void find_vfio_pci(struct vfio_dev *dev);
void stream_states(const struct vfio_dev *dev, char *buf, size_t size);
long input_bits(void);
int create_kvm_vfio(int vm);
int set_attr(int fd, uint32_t group, uint64_t attr, void *addr);
int add_group(int kvm_vfio, int group);
int new_pviommu(int kvm_vfio);
int set_config(int pviommu, int device, uint32_t index, uint32_t vsid);
int open_vfio_group(const struct vfio_dev *dev, int *container, unsigned long type);

#endif
