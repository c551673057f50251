// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: memory for the DMA API.
 *
 * The DMA API copies small buffers of a device that does not snoop, and unaligned buffers
 * of an untrusted PCI device, to bounce buffers. It allocates memory atomically from a pool
 * for a device that does not snoop. In a protected guest both pools are shared with the
 * host. The data of a device behind a pvIOMMU must not pass through shared memory, so this
 * file gives such a device pools of private memory.
 */
#include <linux/dma-map-ops.h>
#include <linux/of_address.h>
#include <linux/pci.h>
#include <linux/swiotlb.h>

#include <asm/hypervisor.h>

#include "pviommu.h"

/* The core sets dev->dma_coherent only after the IOMMU driver's probe_device */
static bool is_coherent(struct device *dev)
{
	struct device *bridge;

	if (!dev_is_pci(dev))
		return of_dma_is_coherent(dev->of_node);

	bridge = pci_find_host_bridge(to_pci_dev(dev)->bus)->dev.parent;
	return bridge && of_dma_is_coherent(bridge->of_node);
}

static bool is_untrusted(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->untrusted;
}

/**
 * pviommu_private_pools() - give a device pools of private memory if it needs them
 * @dev: a device behind a pvIOMMU
 *
 * Without memory for the pools the device still works, except for buffers that
 * the DMA API bounces and for atomic allocations, which fail.
 *
 * Context: may sleep; before the device maps anything.
 */
void pviommu_private_pools(struct device *dev)
{
	bool coherent = is_coherent(dev);
	int ret = 0;

	if (!is_protected_kvm_guest() || (coherent && !is_untrusted(dev)))
		return;

	if (IS_ENABLED(CONFIG_DMA_COHERENT_POOL) && !coherent)
		ret = dma_atomic_pool_init_private();
	if (!ret)
		ret = swiotlb_dev_use_private(dev);
	if (ret)
		dev_warn(dev,
			 "no private memory for bounce buffers (%pe), small buffers and atomic allocations will fail\n",
			 ERR_PTR(ret));
}
