// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: hides the SMMUs from crash kernels.
 *
 * When the host crashes, EL2 keeps running and keeps the SMMUs. A crash kernel does not make
 * hypercalls to EL2, and its access to an SMMU's registers would abort. So this file
 * disables the SMMUs in the device tree of the crash kernel. Devices in the identity domain
 * then work as if they were behind no SMMU.
 */
#include <linux/kernel.h>
#include <linux/kvm_host.h>
#include <linux/libfdt.h>
#include <linux/of.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/slab.h>

#include <asm/virt.h>

static int hide_node(void *fdt, const struct device_node *np)
{
	char *path __free(kfree) = kasprintf(GFP_KERNEL, "%pOF", np);
	int node;

	if (!path)
		return -ENOMEM;

	node = fdt_path_offset(fdt, path);
	if (node < 0 || fdt_setprop_string(fdt, node, "status", "disabled")) {
		pr_err("arm-smmu-v3-pkvm: failed to disable %s in the device tree of a crash kernel\n",
		       path);
		return -EINVAL;
	}

	return 0;
}

/* Iterate over the SMMUs that EL2 owns, see pkvm_smmu_owned_by_el2() */
static struct device_node *next_smmu(struct device_node *np)
{
	if (!is_protected_kvm_enabled() || !is_kvm_arm_initialised())
		return NULL;

	do {
		np = of_find_compatible_node(np, NULL, "arm,smmu-v3");
	} while (np && !of_device_is_available(np));

	return np;
}

/**
 * pkvm_iommu_hide_hardware() - disable the IOMMUs that EL2 owns in a device tree
 * @fdt: the device tree of a crash kernel, with some room at its end
 *
 * Return: 0, or an errno, after which the device tree is not usable.
 */
int pkvm_iommu_hide_hardware(void *fdt)
{
	struct device_node *np;
	int ret;

	for (np = next_smmu(NULL); np; np = next_smmu(np)) {
		ret = hide_node(fdt, np);
		if (ret) {
			of_node_put(np);
			return ret;
		}
	}

	return 0;
}

/**
 * pkvm_iommu_has_hardware() - does EL2 own an IOMMU?
 *
 * Return: true if it does.
 */
bool pkvm_iommu_has_hardware(void)
{
	struct device_node *np __free(device_node) = next_smmu(NULL);

	return np;
}
