// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: crash kernels.
 *
 * EL2 and what it owns stay as they are when the host crashes. The crash kernel does not
 * know EL2, so it must not see the SMMUs either. To it devices are behind none, and
 * those in the identity domain work like that.
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
		pr_err("arm-smmu-v3-pkvm: cannot keep %s from a crash kernel\n", path);
		return -EINVAL;
	}

	return 0;
}

/* The next SMMUv3 that no driver but EL2's may touch, see pkvm_smmu_owned_by_el2() */
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
 * @fdt: that of a crash kernel, with some room at its end
 *
 * Return: 0 or an errno; the device tree is of no use then.
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
 * Return: true if so.
 */
bool pkvm_iommu_has_hardware(void)
{
	struct device_node *np __free(device_node) = next_smmu(NULL);

	return np;
}
