// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset handlers: a device changes hands without what its last owner left in it.
 *
 * The streams of the device abort meanwhile, and its registers are EL2's alone.
 * A handler does one short step at a time and never waits: a device is trusted no
 * more than anybody else.
 */
#include <linux/io.h>

#include <nvhe/iommu.h>

#include <device.h>
#include <smmu_v3/smmu.h>

/* Seconds until a device that does not come to rest counts as hung */
#define RESET_SECONDS		10

/*
 * QEMU's "edu" functions, one per range of registers: a buffer that only DMA
 * reaches, the registers of its DMA engine, a factorial, and interrupts.
 */
#define EDU_ID			0x00
#define EDU_ID_MASK		0xffff
#define EDU_ID_MAGIC		0x00ed
#define EDU_LIVENESS		0x04	/* reads as the complement of what is written */
#define EDU_FACTORIAL		0x08
#define EDU_STATUS		0x20
#define EDU_STATUS_COMPUTING	BIT(0)
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		BIT(0)	/* direction: from the bus; no interrupt */
#define EDU_BUFFER		0x40000
#define EDU_BUFFER_SIZE		4096

enum edu_step { EDU_QUIESCE, EDU_SCRUB };

static bool edu_is_busy(void __iomem *regs)
{
	return readl(regs + EDU_DMA_CMD) & EDU_DMA_START ||
	       readl(regs + EDU_STATUS) & EDU_STATUS_COMPUTING;
}

static void edu_silence(void __iomem *regs)
{
	writel(0, regs + EDU_STATUS);
	writel(U32_MAX, regs + EDU_IRQ_ACK);
}

/* What an aborted read returns is zeros, which overwrite the buffer */
static void edu_start_scrub(void __iomem *regs)
{
	edu_silence(regs);
	writel(U32_MAX, regs + EDU_LIVENESS);
	writel(0, regs + EDU_FACTORIAL);
	writeq(0, regs + EDU_DMA_SRC);
	writeq(EDU_BUFFER, regs + EDU_DMA_DST);
	writeq(EDU_BUFFER_SIZE, regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START, regs + EDU_DMA_CMD);
}

static void edu_finish(void __iomem *regs)
{
	edu_silence(regs);
	writeq(0, regs + EDU_DMA_DST);
	writeq(0, regs + EDU_DMA_COUNT);
}

static int edu_reset(struct hyp_device *dev)
{
	void (*advance)(void __iomem *regs);
	u32 i;

	for (i = 0; i < dev->nr_ranges; i++) {
		void __iomem *regs = dev->ranges[i].regs;

		/* Not if its decoding is switched off, for one */
		if ((readl(regs + EDU_ID) & EDU_ID_MASK) != EDU_ID_MAGIC)
			return -EIO;
		if (edu_is_busy(regs))
			return -EAGAIN;
	}

	advance = dev->reset_step == EDU_QUIESCE ? edu_start_scrub : edu_finish;
	for (i = 0; i < dev->nr_ranges; i++)
		advance(dev->ranges[i].regs);

	return dev->reset_step++ == EDU_QUIESCE ? -EAGAIN : 0;
}

static int (* const handlers[])(struct hyp_device *dev) = {
	[PKVM_DEVICE_RESET_EDU]	= edu_reset,
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
	if (ret == -EAGAIN && smmu_expired(dev->reset_deadline))
		ret = -EIO;
	if (ret != -EAGAIN)
		dev->reset_deadline = 0;

	return ret;
}
