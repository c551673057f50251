/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assignable devices: their registers, streams and owners.
 *
 * The host describes them at boot while it is trusted. From FINALISE on the descriptions
 * do not change and need no lock. The devices of a group change owner together:
 *
 *	HOST --assign--> TO_VM --reset--> VM --drain--> TO_HOST --reset--> HOST
 *	                  |------------ drain ------------^
 *	                  '- reset fails -> LOST <- reset fails -'
 *
 * Their registers are never mapped in any IO page table, so the owner matters to CPUs
 * only. In HOST the host can lend registers to plain VMs; the state stays HOST.
 *
 * hyp_device_group::owner, ::state, ::lent and the bitmap of mapped pages change under
 * host_mmu.lock. In TO_VM and TO_HOST all streams of the group abort, and one CPU at a
 * time continues the reset without a lock.
 */
#ifndef __PKVM_IOMMU_DEVICE_H__
#define __PKVM_IOMMU_DEVICE_H__

#include <linux/sizes.h>
#include <linux/types.h>

#include <asm/pkvm-iommu-host.h>

#include <memory/ranges.h>

struct hyp_iommu;
struct iommu_owner;

/**
 * struct hyp_device_range - registers of a device, whole pages
 * @mmio: physical range
 * @first_page: index of its first page in the bitmap of mapped pages
 * @regs: the registers mapped at EL2, or NULL if the device has no reset handler
 */
struct hyp_device_range {
	struct mmio_range	mmio;
	u32			first_page;
	void __iomem		*regs;
};

struct hyp_device_stream {
	struct hyp_iommu	*iommu;
	u32		sid;
};

enum device_state {
	DEVICE_HOST,
	DEVICE_TO_VM,
	DEVICE_VM,
	DEVICE_TO_HOST,
	DEVICE_LOST,
};

/**
 * struct hyp_device_group - devices that change owner together
 * @broken: the description is incomplete, so EL2 does not assign the group
 * @state: see the top of this file
 * @owner: VM that owns the group in TO_VM, VM and TO_HOST; else NULL
 * @lent: number of leaves that map registers of the group in plain VMs; 0 except in HOST
 * @resetting: 1 while a CPU continues the reset
 */
struct hyp_device_group {
	bool			broken;
	enum device_state	state;
	struct iommu_owner	*owner;
	u64			lent;
	u32			resetting;
};

/**
 * struct hyp_device - a device
 * @group: group that it belongs to
 * @reset: reset handler
 * @nr_ranges: entries of @ranges
 * @nr_streams: entries of @streams
 * @ranges: registers
 * @streams: streams
 * @reset_step: progress of the reset, private to the reset handler
 * @reset_done: the reset is complete
 * @reset_deadline: counter value at which EL2 considers the reset as failed, 0 if not set
 */
struct hyp_device {
	struct hyp_device_group	*group;
	enum pkvm_device_reset	reset;
	u32			nr_ranges;
	u32			nr_streams;
	struct hyp_device_range	ranges[PKVM_DEVICE_MAX_RANGES];
	struct hyp_device_stream	streams[PKVM_DEVICE_MAX_STREAMS];
	u32			reset_step;
	bool			reset_done;
	u64			reset_deadline;
};

/* Most pages of registers of all devices; bounds the work of a transfer (I7) */
#define HYP_DEVICE_MAX_PAGES	SZ_8K

/* device.c: descriptions, constant from FINALISE on */
extern struct hyp_device_group hyp_device_groups[PKVM_DEVICE_MAX];
extern bool hyp_device_may_skip_reset;

/* Boot, see enum pkvm_iommu_init_op */
long hyp_device_register(u64 group, u64 reset);
int hyp_device_register_mmio(u64 id, u64 base, u64 size);
int hyp_device_register_stream(u64 id, u64 iommu, u64 sid);
int hyp_device_set_policy(u64 flags);

/* Find the group of a stream; NULL if no description names the stream */
struct hyp_device_group *hyp_device_group_of(const struct hyp_iommu *iommu, u64 sid);

/* Find the registers at @addr and their device, or NULL */
struct hyp_device_range *hyp_device_find_range(u64 addr, struct hyp_device **dev);

/* Get the device of a group after @dev, or the first if @dev is NULL; NULL at the end */
struct hyp_device *hyp_device_next(const struct hyp_device_group *group,
				   struct hyp_device *dev);

/* owner.c */

/**
 * hyp_device_assign() - assign a group to a VM with all registers and streams
 * @group: the group
 * @owner: the VM
 *
 * Takes the registers and streams from the host, all of them or none.
 *
 * Context: vm_table_lock held; takes host_mmu.lock.
 * Return: 0 (the VM owns the group, and the reset is complete); -EAGAIN (the reset is not
 * complete: call hyp_device_reset() and repeat), -EBUSY (another VM owns the group, a
 * plain VM maps registers of it, or a stream is attached), -EACCES (a device has no reset
 * handler, or the description is incomplete), -ENOENT (the host never attached one of the
 * streams), -EIO (the group is lost).
 */
int hyp_device_assign(struct hyp_device_group *group, struct iommu_owner *owner);

/**
 * hyp_device_reset() - continue the reset of a group
 * @group: the group
 * @owner: VM that owns the group; its context must stay during the call
 *
 * Context: no lock held.
 * Return: 0 (complete); -EAGAIN (not complete, or another CPU continues the reset), -EIO
 * (failed: the group is lost).
 */
int hyp_device_reset(struct hyp_device_group *group, struct iommu_owner *owner);

/**
 * hyp_device_return_all() - return the devices of a dead VM to the host (I6)
 * @owner: the VM; all its streams abort, synchronised
 *
 * Context: no lock held.
 * Return: 0 if the VM owns no device; -EAGAIN after a step: call again.
 */
int hyp_device_return_all(struct iommu_owner *owner);

/**
 * hyp_device_page_get() - record that a page of registers will be mapped in a VM
 * @owner: the VM, or NULL
 * @phys: the page
 *
 * Nothing undoes this call, so the caller must map the page.
 *
 * Context: host_mmu.lock held.
 * Return: 0; -EPERM (the page is not in registers that the VM owns), -EBUSY (the VM has
 * mapped it already).
 */
int hyp_device_page_get(struct iommu_owner *owner, u64 phys);

/* Does the VM own any device? Context: a vCPU of the VM is loaded. */
bool hyp_device_owned_by(const struct iommu_owner *owner);

/* reset.c */
bool hyp_device_can_reset(u64 type);
/* One step: 0 (complete), -EAGAIN, -EIO. One CPU at a time for each device. */
int hyp_device_reset_one(struct hyp_device *dev);

/* Reset handlers; each has its own file and Kconfig option */
int hyp_device_reset_edu(struct hyp_device *dev);

#endif /* __PKVM_IOMMU_DEVICE_H__ */
