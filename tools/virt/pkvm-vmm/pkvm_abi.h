/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM needs of the kernel's interface and may not find in the headers
 * of the C library yet. Nothing here is ours to choose.
 */
#ifndef PKVM_ABI_H
#define PKVM_ABI_H

#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/types.h>

/* KVM_CREATE_VM: the machine type of a protected VM */
#ifndef KVM_VM_TYPE_ARM_PROTECTED
#define KVM_VM_TYPE_ARM_PROTECTED	0x80000000UL
#endif

/* Zero in /dev/kvm's answer if pKVM is on: it has no blocks to split */
#ifndef KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES
#define KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES	229
#endif

/* Protected VMs, KVM_CHECK_EXTENSION and KVM_ENABLE_CAP on the VM's fd */
#ifndef KVM_CAP_ARM_PROTECTED_VM
#define KVM_CAP_ARM_PROTECTED_VM		0xffbadab1
#define KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO	1	/* args[0]: address */

struct kvm_protected_vm_info {
	__u64 firmware_size;	/* 0: the host has no guest firmware */
	__u64 __reserved[7];
};
#endif

/* KVM_CHECK_EXTENSION: is the memory of protected VMs isolated from DMA? */
#ifndef KVM_CAP_PKVM_DMA_ISOLATION
#define KVM_CAP_PKVM_DMA_ISOLATION		0x706b6469
#define KVM_PKVM_DMA_ISOLATION_NONE		0	/* or the kernel cannot tell */
#define KVM_PKVM_DMA_ISOLATION_PARTIAL		1
#define KVM_PKVM_DMA_ISOLATION_FULL		2
#endif

/* KVM_DEV_TYPE_VFIO: KVM_DEV_VFIO_GROUP was its name until Linux 6.4 */
#ifndef KVM_DEV_VFIO_FILE
#define KVM_DEV_VFIO_FILE			1
#define KVM_DEV_VFIO_FILE_ADD			1
#define KVM_DEV_VFIO_FILE_DEL			2
#endif

/* The group of attributes with which a VMM makes pvIOMMUs */
#ifndef KVM_DEV_VFIO_PVIOMMU
#define KVM_DEV_VFIO_PVIOMMU			5
#define KVM_DEV_VFIO_PVIOMMU_ATTACH		1	/* returns a new fd */
#define KVM_DEV_VFIO_PVIOMMU_GET_INFO		2

struct kvm_vfio_iommu_info {
	__u32 size;
	__s32 device_fd;	/* in: a VFIO device of this VM */
	__u32 nr_sids;		/* out: how many endpoints it has */
	__u32 __reserved;
	__u32 input_bits;	/* out: IOVAs are below 2^input_bits; 0: unknown */
	__u32 __reserved2;
};

struct kvm_vfio_iommu_config {
	__u32 size;
	__s32 device_fd;
	__u32 sid_idx;		/* which endpoint, below nr_sids */
	__u32 vsid;		/* its name for the guest */
	__u32 __reserved;
};

/* On the fd of a pvIOMMU */
#define KVM_PVIOMMU_SET_CONFIG	_IOWR(KVMIO, 0x1, struct kvm_vfio_iommu_config)

/* What is read from it */
#define KVM_PVIOMMU_EVENT_READ		(1 << 2)
#define KVM_PVIOMMU_EVENT_ACCESS	(1 << 3)
#define KVM_PVIOMMU_EVENT_DEAD		(1 << 4)

struct kvm_pviommu_event {
	__u32 size;		/* of each event; more in later kernels */
	__u32 vsid;
	__u32 type;		/* as SMMUv3 numbers events */
	__u32 flags;
	__u64 lost;		/* how many the kernel had no room for */
	__u64 __reserved;
};
#endif

/* VFIO_SET_IOMMU: nobody but the guest maps anything */
#ifndef VFIO_PKVM_IOMMU
#define VFIO_PKVM_IOMMU				30
#endif

#endif
