// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset of the test machine's platform device, which is made of QEMU "edu" functions, one
 * for each range of registers. Each has a buffer that only DMA reaches, the registers of
 * its DMA engine, a factorial, and interrupts.
 */
#include <linux/io.h>

#include <device/device.h>

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

/* Start a DMA read into the buffer: it aborts, and the device writes zeroes instead */
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

int hyp_device_reset_edu(struct hyp_device *dev)
{
	void (*advance)(void __iomem *regs);
	u32 i;

	for (i = 0; i < dev->nr_ranges; i++) {
		void __iomem *regs = dev->ranges[i].regs;

		/* The ID does not match if, say, the function does not decode its BAR */
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
