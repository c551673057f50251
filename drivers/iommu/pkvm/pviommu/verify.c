// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: checks that a VM owns a device's registers.
 *
 * EL2 isolates the DMA of each device behind a pvIOMMU. But the registers may be emulated
 * by the VMM, which then decides what the device returns and writes to memory mapped for
 * it. A guest that trusts the device can check that EL2 has assigned the registers to this
 * VM. EL2 returns a token for each page of such registers, by which firmware that knows the
 * machine can also identify the device.
 */
#include <linux/arm-smccc.h>
#include <linux/moduleparam.h>
#include <linux/of_address.h>
#include <linux/pkvm-iommu-guest.h>

#include "pviommu.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pkvm_pviommu."

static bool verify;
module_param(verify, bool, 0444);
MODULE_PARM_DESC(verify, "Refuse devices whose registers this VM does not own");

/* Get the token of a page of registers from EL2. Returns false if the VM does not own it. */
static bool get_token(phys_addr_t ipa, u64 *token)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(PVIOMMU_DEV_REQ_MMIO_FUNC_ID, (u64)ipa, &res);
	*token = res.a1;

	return res.a0 == SMCCC_RET_SUCCESS;
}

/* Does the VM own all pages of the range, and are they contiguous in one device? */
static bool verify_range(const struct resource *res, u64 granule)
{
	u64 first, token, done;

	if (!IS_ALIGNED(res->start | resource_size(res), granule) ||
	    !get_token(res->start, &first))
		return false;

	for (done = granule; done < resource_size(res); done += granule) {
		if (!get_token(res->start + done, &token) ||
		    token != first + done)
			return false;
	}

	return true;
}

/**
 * pviommu_verify() - check whether the guest may use a device
 * @pviommu: its pvIOMMU
 * @dev: the device
 *
 * With pkvm_pviommu.verify=1 on the command line, the node of the device must name
 * registers, and the VM must own all of them. Each range must be whole pages, contiguous
 * in the machine.
 *
 * Return: 0 or -ENODEV.
 */
int pviommu_verify(const struct pviommu *pviommu, struct device *dev)
{
	u64 granule = pviommu->pgsize_bitmap & -pviommu->pgsize_bitmap;
	struct resource res;
	int i;

	if (!verify)
		return 0;

	for (i = 0; !of_address_to_resource(dev->of_node, i, &res); i++) {
		if (verify_range(&res, granule))
			continue;
		dev_err(dev, "unverified: this VM does not own the registers %pR; all DMA is blocked\n",
			&res);
		return -ENODEV;
	}
	if (!i) {
		dev_err(dev, "unverified: its node names no registers; all DMA is blocked\n");
		return -ENODEV;
	}
	dev_info(dev, "verified: this VM owns all registers of this device\n");

	return 0;
}
