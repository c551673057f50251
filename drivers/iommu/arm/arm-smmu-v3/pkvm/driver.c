// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: the platform driver that binds to the SMMUs of EL2.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kvm_host.h>
#include <linux/of.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/platform_device.h>

#include <asm/virt.h>

#include "pkvm-smmu.h"

#undef pr_fmt
#define pr_fmt(fmt) "arm-smmu-v3-pkvm: " fmt

/*
 * One work item of normal priority reads all records, so that a device that floods the queue
 * does not keep a CPU busy with an interrupt thread.
 */
static irqreturn_t pkvm_smmu_irq(int irq, void *data)
{
	struct pkvm_iommu *smmu = data;

	/* The work has read, or is reading, all that a dead SMMU has reported */
	if (!READ_ONCE(smmu->dead))
		pkvm_iommu_poll_now(smmu);

	return IRQ_HANDLED;
}

static bool has_irq(struct pkvm_iommu *smmu, struct platform_device *pdev,
		    const char *name)
{
	int irq, ret;

	irq = platform_get_irq_byname_optional(pdev, name);
	if (irq <= 0)
		return false;

	ret = devm_request_irq(&pdev->dev, irq, pkvm_smmu_irq, 0,
			       dev_name(&pdev->dev), smmu);
	if (ret)
		dev_warn(&pdev->dev, "failed to request the %s interrupt (%pe)\n", name,
			 ERR_PTR(ret));

	return !ret;
}

/*
 * Wired interrupts of an SMMUv3 are edge-triggered, so the handler need not mask them. EL2
 * does not enable MSIs of the SMMU. The driver polls an SMMU that lacks a wired interrupt
 * for faults or for errors.
 */
static void pkvm_smmu_setup_irqs(struct pkvm_iommu *smmu,
				 struct platform_device *pdev)
{
	bool combined = has_irq(smmu, pdev, "combined");
	bool eventq = has_irq(smmu, pdev, "eventq");
	bool gerror = has_irq(smmu, pdev, "gerror");

	smmu->wired = combined || (eventq && gerror);
	if (!smmu->wired)
		dev_info(&pdev->dev,
			 "no interrupt for faults or none for errors, polling\n");
}

static void pkvm_smmu_announce(struct pkvm_iommu *smmu)
{
	dev_info(smmu->dev,
		 "owned by EL2: stage %llu, %u-bit, %s stream table, %s%s%s%s\n",
		 FIELD_GET(PKVM_IOMMU_INFO_STAGE, smmu->info), smmu->ias,
		 smmu->info & PKVM_IOMMU_INFO_2LVL_STRTAB ? "2-level" : "linear",
		 smmu->info & PKVM_IOMMU_INFO_COHERENT ? "coherent" :
							 "non-coherent",
		 smmu->info & PKVM_IOMMU_INFO_RIL ? ", range invalidation" : "",
		 smmu->info & PKVM_IOMMU_INFO_BBML2 ? ", BBM level 2" : "",
		 smmu->info & PKVM_IOMMU_INFO_REPEAT ? ", each invalidation twice" : "");
}

static int pkvm_smmu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct pkvm_iommu *smmu;
	int ret;

	/* EL2 does not drive this SMMU. takeover.c has logged the reason. */
	smmu = pkvm_iommu_find(dev_fwnode(dev));
	if (!smmu)
		return -ENODEV;

	ret = pkvm_iommu_bind(smmu, dev, &pkvm_smmu_event_ops);
	if (ret)
		return ret;

	pkvm_smmu_announce(smmu);
	pkvm_iommu_debugfs_add(smmu);
	pkvm_smmu_setup_irqs(smmu, pdev);

	ret = iommu_device_sysfs_add(&smmu->core, dev, NULL, "smmu3.%pa",
				     &smmu->base);
	if (ret)
		return ret;

	ret = iommu_device_register(&smmu->core, &pkvm_iommu_ops, dev);
	if (ret) {
		iommu_device_sysfs_remove(&smmu->core);
		return dev_err_probe(dev, ret, "failed to register with the iommu core\n");
	}

	/* Read the records written before the interrupts were requested, and begin to poll */
	pkvm_iommu_poll_now(smmu);

	return 0;
}

/* If the SMMU lost power in spite of EL2's rules, it is dead: ask EL2 */
static int pkvm_smmu_resume(struct device *dev)
{
	struct pkvm_iommu *smmu = pkvm_iommu_find(dev_fwnode(dev));

	pkvm_iommu_poll_now(smmu);

	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(pkvm_smmu_pm_ops, NULL, pkvm_smmu_resume);

static const struct of_device_id pkvm_smmu_of_match[] = {
	{ .compatible = "arm,smmu-v3" },
	{ }
};

/*
 * No remove, since EL2 owns the SMMU until the machine is reset. No shutdown, since devices
 * do no DMA once their own drivers have shut down.
 */
static struct platform_driver pkvm_smmu_driver = {
	.probe	= pkvm_smmu_probe,
	.driver	= {
		.name			= "arm-smmu-v3-pkvm",
		.of_match_table		= pkvm_smmu_of_match,
		.pm			= pm_sleep_ptr(&pkvm_smmu_pm_ops),
		.suppress_bind_attrs	= true,
	},
};

/*
 * This runs after EL2 has taken over the SMMUs: KVM does that in a device_initcall_sync of
 * arch/, which is linked before drivers/. The kernel has deferred the probes of devices
 * behind an SMMU until now.
 */
static int __init pkvm_smmu_driver_init(void)
{
	int ret;

	if (!is_protected_kvm_enabled() || !is_kvm_arm_initialised())
		return 0;

	/* Also if EL2 drives no IOMMU */
	pkvm_iommu_report_coverage();
	pkvm_iommu_debugfs_init();
	if (!pkvm_iommu_available())
		return 0;

	ret = pkvm_iommu_quiet_init();
	if (ret)
		return ret;

	return platform_driver_register(&pkvm_smmu_driver);
}
device_initcall_sync(pkvm_smmu_driver_init);
