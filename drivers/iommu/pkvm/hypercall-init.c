// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: wrappers of the hypercalls that exist until pKVM is finalised.
 *
 * They only fill in registers. Callers get errnos and values as EL2 returns them.
 */
#include "host.h"
#include "hypercall.h"

/**
 * pkvm_iommu_hyp_register() - give an IOMMU to EL2
 * @base: physical address of its registers
 * @size: size of its registers
 * @flags: PKVM_IOMMU_F_*
 * @mem: physical address of the memory for its queues and stream table
 * @nr_pages: number of pages of that memory; 0 asks how many EL2 needs
 * @out: with -ENOMEM the pages needed, with -EOPNOTSUPP enum pkvm_iommu_unsupported
 *
 * Return: the number of the IOMMU or an errno.
 */
int pkvm_iommu_hyp_register(phys_addr_t base, u64 size, u64 flags,
			    phys_addr_t mem, unsigned long nr_pages, u64 *out)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_REGISTER, base, size,
		       flags, mem >> PAGE_SHIFT, nr_pages, &res);
	*out = res.a2;

	return ret;
}

/**
 * pkvm_iommu_hyp_finalise() - enable all IOMMUs that EL2 owns
 * @flags: PKVM_IOMMU_FINALISE_*
 *
 * Return: 0, or an errno, after which all streams abort.
 */
int pkvm_iommu_hyp_finalise(u64 flags)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_FINALISE, flags, 0,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_withhold() - withhold registers from all CPUs and devices
 * @base: physical address
 * @size: size in bytes
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_withhold(phys_addr_t base, u64 size)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_WITHHOLD, base, size,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_window() - add a window of high MMIO to the identity map
 * @base: physical address
 * @size: size in bytes
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_window(phys_addr_t base, u64 size)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_WINDOW, base, size,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_device() - describe an assignable device
 * @group: number of its group
 * @reset: how EL2 resets it
 *
 * Return: the number of the device or an errno.
 */
int pkvm_iommu_hyp_device(unsigned int group, enum pkvm_device_reset reset)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_DEVICE, group, reset,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_device_mmio() - add registers to an assignable device
 * @device: number of the device
 * @base: physical address
 * @size: size in bytes
 *
 * Return: 0, or an errno, after which EL2 does not assign the device to a protected VM.
 */
int pkvm_iommu_hyp_device_mmio(unsigned int device, phys_addr_t base, u64 size)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_DEVICE_MMIO, device,
			base, size, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_device_stream() - add a stream to an assignable device
 * @device: number of the device
 * @iommu: number of the IOMMU
 * @sid: stream ID
 *
 * Return: 0, or an errno, after which EL2 does not assign the device to a protected VM.
 */
int pkvm_iommu_hyp_device_stream(unsigned int device, unsigned int iommu, u32 sid)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_DEVICE_STREAM,
			device, iommu, sid, 0, 0, &res);
}
