// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset handlers: a device changes hands without what its last owner left in it.
 *
 * The streams of the device abort meanwhile, and its registers are EL2's alone.
 * A handler does one short step at a time and never waits: a device is trusted no
 * more than anybody else.
 */
#include <nvhe/iommu.h>

#include <deadline.h>
#include <device/device.h>

/* Seconds until a device that does not come to rest counts as hung */
#define RESET_SECONDS		10

static int (* const handlers[])(struct hyp_device *dev) = {
	[PKVM_DEVICE_RESET_NONE] = NULL,
#ifdef CONFIG_PKVM_IOMMU_RESET_EDU
	[PKVM_DEVICE_RESET_EDU]	= hyp_device_reset_edu,
#endif
};

bool hyp_device_can_reset(u64 type)
{
	return type < ARRAY_SIZE(handlers) && handlers[type];
}

int hyp_device_reset_one(struct hyp_device *dev)
{
	u64 now = read_sysreg(cntpct_el0);
	int ret;

	if (!dev->reset)
		return 0;
	if (!dev->reset_deadline)
		dev->reset_deadline = now + RESET_SECONDS * read_sysreg(cntfrq_el0);

	ret = handlers[dev->reset](dev);
	if (ret == -EAGAIN && hyp_expired(dev->reset_deadline))
		ret = -EIO;
	if (ret != -EAGAIN)
		dev->reset_deadline = 0;

	return ret;
}
