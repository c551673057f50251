/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that may be assigned to VMs: what they are, and whose their registers
 * are.
 *
 * The host describes them while it is trusted; from FINALISE on the descriptions
 * do not change and need no lock. Devices of one group change hands together:
 *
 *	HOST --take--> TO_VM --reset--> VM --drain--> TO_HOST --reset--> HOST
 *	                 '------ failed ------> LOST <------ failed ------'
 *
 * Their registers are nobody's target of DMA, in no state: they are in no domain,
 * so who owns them matters to CPUs only.
 *
 * In HOST the host may lend registers to plain VMs, which keeps them in that state.
 *
 * hyp_device_group::owner, hyp_device_group::state, hyp_device_group::lent and which
 * pages are mapped change under host_mmu.lock. In TO_VM and TO_HOST the streams abort,
 * and one CPU at a time carries the reset on without any lock.
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
 * @mmio: where they are
 * @first_page: its first bit in the bitmap of pages that are mapped
 * @regs: mapped at EL2, if the device has a reset handler
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
 * struct hyp_device_group - devices that have one owner
 * @broken: the description is incomplete: never given to a VM
 * @state: see the top of this file
 * @owner: in all states but HOST and LOST
 * @lent: leaves of plain VMs' page tables with registers of it: not above 0 but in HOST
 * @resetting: a CPU carries the reset on
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
 * @group: its group
 * @reset: how it is reset
 * @nr_ranges: entries of @ranges
 * @nr_streams: entries of @streams
 * @ranges: registers
 * @streams: streams
 * @reset_step: how far its reset is; the handler's own
 * @reset_done: the reset is complete
 * @reset_deadline: when the device counts as hung
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

/* Most pages of registers, of all devices. Bounds the work of a transfer (I7). */
#define HYP_DEVICE_MAX_PAGES	SZ_8K

/* device.c: descriptions, constant from FINALISE on */
extern struct hyp_device_group hyp_device_groups[PKVM_DEVICE_MAX];
extern bool hyp_device_may_skip_reset;

/* Boot, see enum pkvm_iommu_init_op */
long hyp_device_register(u64 group, u64 reset);
int hyp_device_register_mmio(u64 id, u64 base, u64 size);
int hyp_device_register_stream(u64 id, u64 iommu, u64 sid);
int hyp_device_set_policy(u64 flags);

/* The group of a stream, or NULL: no description names it */
struct hyp_device_group *hyp_device_group_of(const struct hyp_iommu *iommu, u64 sid);

/* The registers at @addr and their device, or NULL */
struct hyp_device_range *hyp_device_find_range(u64 addr, struct hyp_device **dev);

/* The devices of a group: the first for NULL, the one after @dev, or NULL */
struct hyp_device *hyp_device_next(const struct hyp_device_group *group,
				   struct hyp_device *dev);

/* owner.c */

/**
 * hyp_device_assign() - give a group to a VM, registers and streams, all or nothing
 * @group: the group
 * @owner: the VM
 *
 * Context: vm_table_lock held; takes host_mmu.lock.
 * Return: 0 (the VM has it, and it was reset); -EAGAIN (it was taken, or its
 * reset is not complete: hyp_device_reset() and call again); -EBUSY (another VM has
 * it, a plain VM has registers of it, or a stream is attached), -EACCES (no reset
 * handler, or the description is broken), -ENOENT (a stream that the host never
 * attached), -EIO (lost).
 */
int hyp_device_assign(struct hyp_device_group *group, struct iommu_owner *owner);

/**
 * hyp_device_reset() - carry the reset of a group on
 * @group: the group
 * @owner: who has it, and stays
 *
 * Context: no lock held.
 * Return: 0 (complete), -EAGAIN (more steps), -EIO (failed: the group is lost).
 */
int hyp_device_reset(struct hyp_device_group *group, struct iommu_owner *owner);

/**
 * hyp_device_return_all() - what a dead VM has goes back to the host (I6)
 * @owner: the VM; its streams abort, synchronised
 *
 * Context: no lock held.
 * Return: 0, or -EAGAIN: a step was done.
 */
int hyp_device_return_all(struct iommu_owner *owner);

/**
 * hyp_device_page_get() - a page of registers is about to be mapped in a VM
 * @owner: the VM, or NULL
 * @phys: the page
 *
 * Context: host_mmu.lock held. No way back: what follows must not fail.
 * Return: 0, -EPERM (not registers that the VM owns), -EBUSY (mapped already).
 */
int hyp_device_page_get(struct iommu_owner *owner, u64 phys);

/* Does the VM own any device? Context: a vCPU of it is loaded. */
bool hyp_device_owned_by(const struct iommu_owner *owner);

/* reset.c */
bool hyp_device_can_reset(u64 type);
/* One step: 0, -EAGAIN, -EIO. Not in parallel for one device. */
int hyp_device_reset_one(struct hyp_device *dev);

/* Reset handlers, each in a file and an option of its own */
int hyp_device_reset_edu(struct hyp_device *dev);

#endif /* __PKVM_IOMMU_DEVICE_H__ */
