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
 * Faults of the devices are read from the pvIOMMU's file, see struct
 * kvm_pviommu_event.
 *
 * See Documentation/virt/kvm/devices/vfio-pviommu.rst for each errno.
 */
#ifndef _UAPI_LINUX_PKVM_IOMMU_H
#define _UAPI_LINUX_PKVM_IOMMU_H

#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/types.h>

/*
 * VFIO_CHECK_EXTENSION, VFIO_SET_IOMMU: devices in such a container do no DMA
 * until the VM that they were given to maps memory for them. There are no ioctls
 * to map memory.
 */
#define VFIO_PKVM_IOMMU				30

/* Group of KVM_DEV_TYPE_VFIO, for KVM_SET_DEVICE_ATTR, and its attributes */
#define KVM_DEV_VFIO_PVIOMMU			5

/*
 * Makes a pvIOMMU for the VM: the ioctl returns a new file descriptor. Its number
 * is also what the guest calls the pvIOMMU. kvm_device_attr.addr is not used.
 */
#define KVM_DEV_VFIO_PVIOMMU_ATTACH		1

/* kvm_device_attr.addr points to a struct kvm_vfio_iommu_info */
#define KVM_DEV_VFIO_PVIOMMU_GET_INFO		2

/*
 * kvm_device_attr.addr points to a __u64: most bytes of memory that the hypervisor
 * holds for what the guest maps, instead of what the size of the VM's memory allows
 */
#define KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY		3

/**
 * struct kvm_vfio_iommu_info - KVM_DEV_VFIO_PVIOMMU_GET_INFO
 * @size: sizeof(struct kvm_vfio_iommu_info), or KVM_VFIO_IOMMU_INFO_SIZE_VER0: the
 *	kernel writes nothing behind @__reserved then; more only if the rest is zero
 * @device_fd: VFIO device that was added to the VM
 * @nr_sids: out: number of its stream IDs
 * @__reserved: must be 0
 * @input_bits: out: the pvIOMMU translates addresses below 2 to the power of this
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
 * @size: sizeof(struct kvm_vfio_iommu_config); more only if the rest is zero
 * @device_fd: VFIO device that was added to the VM
 * @sid_idx: which of its stream IDs, less than kvm_vfio_iommu_info.nr_sids
 * @vsid: what the guest calls it on this pvIOMMU; any value
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
 * struct kvm_pviommu_event - read() of the file descriptor of a pvIOMMU
 * @size: of this structure as the kernel has it: where the next one begins
 * @vsid: the stream whose device did something that it may not
 * @type: what: the number that SMMUv3 gives to such events, e.g. 0x10 for access
 *	to an address that is not mapped
 * @flags: KVM_PVIOMMU_EVENT_ACCESS: an access, a write unless it says _READ, of an
 *	instruction with _INSTR, privileged with _PRIV. The address is the VM's to
 *	know. KVM_PVIOMMU_EVENT_DEAD: the IOMMU failed, @type is 0, and nothing
 *	of the stream gets through until the machine is reset
 * @lost: events of this pvIOMMU that found no room so far
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
 * KVM_CHECK_EXTENSION on a VM: 1 if it is protected.
 * KVM_ENABLE_CAP on a protected VM with flags KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO:
 * args[0] points to a struct kvm_protected_vm_info that is filled in; the other
 * args must be 0.
 */
#define KVM_CAP_ARM_PROTECTED_VM		0xffbadab1
#define KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO	1

/**
 * struct kvm_protected_vm_info - what a protected VM starts with
 * @firmware_size: bytes of guest firmware that the hypervisor loads; 0: none
 * @reserved: 0
 */
struct kvm_protected_vm_info {
	__u64 firmware_size;
	__u64 reserved[7];
};

/*
 * KVM_CHECK_EXTENSION, on /dev/kvm or a VM: does the hypervisor isolate the memory of
 * protected VMs from the DMA of the host's devices? A kernel that does not know
 * answers 0 as well.
 */
#define KVM_CAP_PKVM_DMA_ISOLATION		0x706b6469
/* No, or this is no protected boot */
#define KVM_PKVM_DMA_ISOLATION_NONE		0
/* Behind some of the IOMMUs and PCI buses of the firmware's description, not all */
#define KVM_PKVM_DMA_ISOLATION_PARTIAL		1
/* Behind all of them; a platform device without an IOMMU is not seen here */
#define KVM_PKVM_DMA_ISOLATION_FULL		2

#endif /* _UAPI_LINUX_PKVM_IOMMU_H */
