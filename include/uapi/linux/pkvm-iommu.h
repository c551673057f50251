/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Giving devices to virtual machines under pKVM (protected KVM, arm64).
 *
 * The hypervisor owns the IOMMU. A guest maps its memory for a device through a
 * paravirtual IOMMU (pvIOMMU), and names the device's streams by virtual stream
 * IDs (vSIDs) that the VMM chooses. The calls, in order:
 *
 *  1. put the VFIO group into a container of type VFIO_PKVM_IOMMU;
 *  2. add the group to the VM with KVM_DEV_VFIO_FILE_ADD, get the device's fd;
 *  3. KVM_DEV_VFIO_PVIOMMU_ATTACH makes a pvIOMMU;
 *  4. KVM_DEV_VFIO_PVIOMMU_GET_INFO tells how many stream IDs the device has;
 *  5. KVM_PVIOMMU_SET_CONFIG gives each of them a vSID;
 *  6. only then run a vCPU for the first time.
 *
 * The VMM reads faults of the devices from the file descriptor of the pvIOMMU, see
 * struct kvm_pviommu_event.
 *
 * Documentation/virt/kvm/devices/vfio-pviommu.rst describes each errno.
 */
#ifndef _UAPI_LINUX_PKVM_IOMMU_H
#define _UAPI_LINUX_PKVM_IOMMU_H

#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/types.h>

/*
 * IOMMU type for VFIO_CHECK_EXTENSION and VFIO_SET_IOMMU. All DMA of a device in such a
 * container is blocked until the VM that has the device maps memory for it. The
 * container has no ioctls to map memory.
 */
#define VFIO_PKVM_IOMMU				30

/* Group of KVM_DEV_TYPE_VFIO, for KVM_SET_DEVICE_ATTR, and its attributes */
#define KVM_DEV_VFIO_PVIOMMU			5

/*
 * Makes a pvIOMMU for the VM: the ioctl returns a new file descriptor, whose number is
 * also the number of the pvIOMMU for the guest. kvm_device_attr.addr is not used.
 */
#define KVM_DEV_VFIO_PVIOMMU_ATTACH		1

/* kvm_device_attr.addr points to a struct kvm_vfio_iommu_info */
#define KVM_DEV_VFIO_PVIOMMU_GET_INFO		2

/*
 * kvm_device_attr.addr points to a __u64: limit, in bytes, of the memory that the
 * hypervisor holds for the mappings of the guest. It replaces the default limit, which
 * follows from the size of the VM's memory.
 */
#define KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY		3

/**
 * struct kvm_vfio_iommu_info - KVM_DEV_VFIO_PVIOMMU_GET_INFO
 * @size: sizeof(struct kvm_vfio_iommu_info). With KVM_VFIO_IOMMU_INFO_SIZE_VER0 the
 *	kernel writes nothing beyond @__reserved. A larger structure must end in zeroes
 * @device_fd: VFIO device that was added to the VM
 * @nr_sids: out: number of stream IDs of the device
 * @__reserved: must be 0
 * @input_bits: out: input address bits of the pvIOMMU: it translates addresses below
 *	2 to the power of @input_bits
 * @__reserved2: must be 0
 */
struct kvm_vfio_iommu_info {
	__u32 size;
	__s32 device_fd;
	__u32 nr_sids;
	__u32 __reserved;
	__u32 input_bits;
	__u32 __reserved2;
};

#define KVM_VFIO_IOMMU_INFO_SIZE_VER0		16

/**
 * struct kvm_vfio_iommu_config - KVM_PVIOMMU_SET_CONFIG
 * @size: sizeof(struct kvm_vfio_iommu_config). A larger structure must end in zeroes
 * @device_fd: VFIO device that was added to the VM
 * @sid_idx: index of the stream ID, less than kvm_vfio_iommu_info.nr_sids
 * @vsid: virtual stream ID by which the guest names it on this pvIOMMU; any value
 * @__reserved: must be 0
 */
struct kvm_vfio_iommu_config {
	__u32 size;
	__s32 device_fd;
	__u32 sid_idx;
	__u32 vsid;
	__u32 __reserved;
};

/* On the file descriptor of a pvIOMMU */
#define KVM_PVIOMMU_SET_CONFIG	_IOWR(KVMIO, 0x1, struct kvm_vfio_iommu_config)

/* kvm_pviommu_event.flags */
#define KVM_PVIOMMU_EVENT_PRIV		(1 << 0)
#define KVM_PVIOMMU_EVENT_INSTR		(1 << 1)
#define KVM_PVIOMMU_EVENT_READ		(1 << 2)
#define KVM_PVIOMMU_EVENT_ACCESS	(1 << 3)
#define KVM_PVIOMMU_EVENT_DEAD		(1 << 4)

/**
 * struct kvm_pviommu_event - a fault, as read() of a pvIOMMU returns it
 * @size: size of this structure in the kernel: the next event begins there
 * @vsid: virtual stream ID of the device that caused the fault
 * @type: number of the event in the SMMUv3 specification, for example 0x10 for access
 *	to an address that is not mapped
 * @flags: KVM_PVIOMMU_EVENT_ACCESS means that an access failed: a read with _READ, else
 *	a write; an instruction fetch with _INSTR; a privileged access with _PRIV. The
 *	host does not know the address. KVM_PVIOMMU_EVENT_DEAD means that the IOMMU
 *	failed: @type is 0, and all DMA of the stream is blocked until the machine is
 *	reset
 * @lost: number of events of this pvIOMMU that the kernel has dropped so far because
 *	the VMM did not read them
 * @__reserved: 0
 */
struct kvm_pviommu_event {
	__u32 size;
	__u32 vsid;
	__u32 type;
	__u32 flags;
	__u64 lost;
	__u64 __reserved;
};

/*
 * KVM_CHECK_EXTENSION on a VM: returns 1 if the VM is protected.
 * KVM_ENABLE_CAP on a protected VM with flags KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO:
 * args[0] points to a struct kvm_protected_vm_info, which the kernel fills in; the other
 * args must be 0.
 */
#define KVM_CAP_ARM_PROTECTED_VM		0xffbadab1
#define KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO	1

/**
 * struct kvm_protected_vm_info - what the hypervisor loads into a protected VM
 * @firmware_size: bytes of guest firmware, or 0 if the hypervisor loads none
 * @reserved: 0
 */
struct kvm_protected_vm_info {
	__u64 firmware_size;
	__u64 reserved[7];
};

/*
 * KVM_CHECK_EXTENSION, on /dev/kvm or a VM: returns whether the hypervisor isolates the
 * memory of protected VMs from the DMA of the host's devices. A kernel without this
 * capability returns 0 as well.
 */
#define KVM_CAP_PKVM_DMA_ISOLATION		0x706b6469
/* No, or the host was not booted with kvm-arm.mode=protected */
#define KVM_PKVM_DMA_ISOLATION_NONE		0
/* Behind some of the IOMMUs and PCI buses of the firmware's description, not all */
#define KVM_PKVM_DMA_ISOLATION_PARTIAL		1
/* Behind all of them. A platform device for which firmware names no IOMMU does not count */
#define KVM_PKVM_DMA_ISOLATION_FULL		2

#endif /* _UAPI_LINUX_PKVM_IOMMU_H */
