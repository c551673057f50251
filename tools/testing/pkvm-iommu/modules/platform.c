// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers for platform devices that protected VMs get: one of the host for a device
 * without streams, and the reset that VFIO has for the one with two.
 */
#include <linux/io.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#include "vfio_platform_private.h"

#define REGISTERS_COMPATIBLE	"test,registers"

#define EDU_ID		0x00
#define EDU_SRC		0x80

static int registers_probe(struct platform_device *pdev)
{
	void __iomem *regs = devm_platform_ioremap_resource(pdev, 0);

	if (IS_ERR(regs))
		return PTR_ERR(regs);
	dev_info(&pdev->dev, "ID %#x\n", readl(regs + EDU_ID));

	return 0;
}

static const struct of_device_id registers_of_match[] = {
	{ .compatible = REGISTERS_COMPATIBLE },
	{ }
};

static struct platform_driver registers_driver = {
	.probe	= registers_probe,
	.driver	= {
		.name		= "pkvm-registers",
		.of_match_table	= registers_of_match,
	},
};

/* Says what it finds in the device, and whether that has power */
static int reset_edu_pair(struct vfio_platform_device *vdev)
{
	struct vfio_platform_region *region = &vdev->regions[0];
	void __iomem *regs = ioremap(region->addr, region->size);

	if (!regs)
		return -ENOMEM;
	dev_info(vdev->device, "host reset: %s, source %#llx\n",
		 pm_runtime_active(vdev->device) ? "powered" : "no power",
		 readq(regs + EDU_SRC));
	iounmap(regs);

	return 0;
}

static int __init platform_test_init(void)
{
	vfio_platform_register_reset("qemu,edu-pair", reset_edu_pair);

	return platform_driver_register(&registers_driver);
}
module_init(platform_test_init);

static void __exit platform_test_exit(void)
{
	platform_driver_unregister(&registers_driver);
	vfio_platform_unregister_reset("qemu,edu-pair", reset_edu_pair);
}
module_exit(platform_test_exit);

MODULE_DESCRIPTION("Drivers for platform devices of the pKVM IOMMU tests");
MODULE_LICENSE("GPL");
