// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: bind to the SMMUs that EL2 took over.
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
 * All records are read by one work item at normal priority: a device that
 * floods the queue must not hold a CPU with an interrupt thread.
 */
static irqreturn_t pkvm_smmu_irq(int irq, void *data)
{
	struct pkvm_iommu *smmu = data;

	/* What it had to tell before it died is being read, or was */
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
		dev_warn(&pdev->dev, "no %s interrupt (%pe)\n", name,
			 ERR_PTR(ret));

	return !ret;
}

/*
 * Wired SMMUv3 interrupts are edges, so nothing has to be masked meanwhile. EL2 does
 * not make the SMMU write MSIs: one that has nothing else is polled, and so is one
 * that would not tell of errors, or not of faults.
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
			 "no interrupt for faults and errors, polling\n");
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

	/* EL2 did not take this one; why was logged then */
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
		return dev_err_probe(dev, ret, "cannot register\n");
	}

	/* Records from before the interrupts were requested; starts polling, too */
	pkvm_iommu_poll_now(smmu);

	return 0;
}

/* An SMMU that was powered down against the rules is dead: EL2 knows, ask it */
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
 * No remove: the hardware stays with EL2 until reset, and so do the streams.
 * No shutdown either: EL2 keeps the streams where they are, devices are quiet
 * once their own drivers were shut down.
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
 * KVM hands the SMMUs over in a device_initcall_sync of arch/, which is linked
 * before drivers/. Devices behind an SMMU were deferred until now.
 */
static int __init pkvm_smmu_driver_init(void)
{
	int ret;

	if (!is_protected_kvm_enabled() || !is_kvm_arm_initialised())
		return 0;

	/* Where EL2 drives nothing this is what there is to say */
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
