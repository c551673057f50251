// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: what the hypervisor offers.
 */
#include <linux/device.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "pviommu.h"

/*
 * What a hypervisor without PVIOMMU_OP_FEATURES is good for: any SMMU maps
 * pages of the guest if they are not smaller than those of the host, and this
 * many input address bits.
 */
#define PVIOMMU_OLD_PGSIZES	PAGE_SIZE
#define PVIOMMU_OLD_INPUT_BITS	39

/* An old hypervisor has no FEATURES; whether it has pvIOMMUs, a domain shows */
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
 * pviommu_features() - learn what a domain can map
 * @pviommu: where to note it
 *
 * Return: 0, or an errno after a message.
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
				     "the hypervisor maps pages of %lu bytes, larger than this kernel's %lu\n",
				     granule, PAGE_SIZE);
	if (pviommu->input_bits < 32)
		return dev_err_probe(dev, -ENODEV,
				     "only %u bits of DMA address\n",
				     pviommu->input_bits);

	return 0;
}
