// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: discovers the features of the hypervisor.
 */
#include <linux/device.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "pviommu.h"

/*
 * Features of a hypervisor without PVIOMMU_OP_FEATURES: any SMMU can map the guest's pages,
 * if they are not smaller than the host's, and translates at least 39 bits.
 */
#define PVIOMMU_OLD_PGSIZES	PAGE_SIZE
#define PVIOMMU_OLD_INPUT_BITS	39

/* Find out by a trial allocation whether a hypervisor without FEATURES has pvIOMMUs */
static int old_features(struct pviommu *pviommu)
{
	struct arm_smccc_res res;
	int ret;

	ret = pviommu_call(PVIOMMU_OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0, &res);
	if (ret)
		return ret;

	pviommu->pgsize_bitmap = PVIOMMU_OLD_PGSIZES;
	pviommu->input_bits = PVIOMMU_OLD_INPUT_BITS;

	return pviommu_call(PVIOMMU_OP_FREE_DOMAIN, res.a1, 0, 0, 0, 0, &res);
}

/**
 * pviommu_features() - ask the hypervisor for its features
 * @pviommu: the pvIOMMU, in which this function stores them
 *
 * Return: 0, or an errno, which this function has logged.
 */
int pviommu_features(struct pviommu *pviommu)
{
	struct device *dev = pviommu->dev;
	struct arm_smccc_res res;
	unsigned long granule;
	int ret;

	ret = pviommu_call(PVIOMMU_OP_FEATURES, 0, 0, 0, 0, 0, &res);
	if (ret == -EOPNOTSUPP) {
		ret = old_features(pviommu);
	} else if (!ret) {
		pviommu->has_events = res.a1 & PVIOMMU_FEATURE_EVENTS;
		pviommu->pgsize_bitmap = res.a2;
		pviommu->input_bits = min(res.a3, 64);
		pviommu->features = res.a1;
	}
	if (ret)
		return dev_err_probe(dev, -ENODEV,
				     "the hypervisor offers no pvIOMMU (%pe)\n",
				     ERR_PTR(ret));

	granule = pviommu->pgsize_bitmap & -pviommu->pgsize_bitmap;
	if (!granule || granule > PAGE_SIZE)
		return dev_err_probe(dev, -ENODEV,
				     "the hypervisor maps pages of %lu bytes, use a kernel whose pages are not smaller (now %lu)\n",
				     granule, PAGE_SIZE);
	if (pviommu->input_bits < 32)
		return dev_err_probe(dev, -ENODEV,
				     "the hypervisor supports only %u-bit DMA addresses, 32 are needed\n",
				     pviommu->input_bits);

	return 0;
}
