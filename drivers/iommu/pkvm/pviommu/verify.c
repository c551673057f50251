// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: is a device this VM's alone?
 *
 * That its DMA is isolated is sure. Its registers can be EL2's gift as well, or
 * else the VMM emulates them, and with them whatever the device says and does to
 * the memory that is mapped for it. A guest that puts trust in the device has to
 * know. Which device it is, firmware tells by the tokens.
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
MODULE_PARM_DESC(verify, "Refuse devices whose registers are not this VM's own");

static bool token_of(phys_addr_t ipa, u64 *token)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(PVIOMMU_DEV_REQ_MMIO_FUNC_ID, (u64)ipa, &res);
	*token = res.a1;

	return res.a0 == SMCCC_RET_SUCCESS;
}

/* Whole pages of EL2, of one piece of one device */
static bool verify_range(const struct resource *res, u64 granule)
{
	u64 first, token, done;

	if (!IS_ALIGNED(res->start | resource_size(res), granule) ||
	    !token_of(res->start, &first))
		return false;

	for (done = granule; done < resource_size(res); done += granule) {
		if (!token_of(res->start + done, &token) ||
		    token != first + done)
			return false;
	}

	return true;
}

/**
 * pviommu_verify() - may the device be used?
 * @pviommu: its pvIOMMU
 * @dev: the device
 *
 * With pkvm_pviommu.verify=1 on the command line only those whose registers, all
 * that their node names, are this VM's alone.
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
		dev_err(dev, "unverified: registers %pR are not this VM's alone; all DMA is blocked\n",
			&res);
		return -ENODEV;
	}
	if (!i) {
		dev_err(dev, "unverified: no registers in the device tree; all DMA is blocked\n");
		return -ENODEV;
	}
	dev_info(dev, "verified: its registers are this VM's alone\n");

	return 0;
}
