// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset devices when they change owner, so that nothing of the last owner stays in them.
 *
 * During a reset the streams of the device abort, and only EL2 can access its registers.
 * A reset handler does one short step for each call and never waits, since EL2 does not
 * trust the device.
 */
#include <nvhe/iommu.h>

#include <deadline.h>
#include <device/device.h>

/* Seconds after which a reset that is not complete has failed */
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
