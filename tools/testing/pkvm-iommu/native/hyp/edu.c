// SPDX-License-Identifier: GPL-2.0-only
/*
 * "edu" in software. Its DMA engine is the way to its buffer, and what it reads
 * while its streams abort is zeros.
 */
#include "edu.h"

#define ID		0x00
#define LIVENESS	0x04
#define FACTORIAL	0x08
#define STATUS		0x20
#define IRQ_ACK		0x64
#define DMA_SRC		0x80
#define DMA_DST		0x88
#define DMA_COUNT	0x90
#define DMA_CMD		0x98
#define BUFFER		0x40000
#define BUFFER_SIZE	4096

/* How often a reset has to look until the engine is at rest */
#define LOOKS		2

struct edu edus[EDU_MAX];
unsigned int nr_edus;

void edu_create(const struct machine *m)
{
	unsigned int i, j;

	nr_edus = 0;
	for (i = 0; i < machine_now.nr_devices; i++) {
		const struct machine_device *dev = &machine_now.devices[i];

		for (j = 0; j < dev->nr_ranges; j++) {
			edus[nr_edus] = (struct edu) {
				.base	= dev->range[j].base,
				.size	= dev->range[j].size,
				.dev	= dev,
			};
			edu_use(&edus[nr_edus++]);
		}
	}
}

struct edu *edu_at(u64 phys)
{
	struct edu *edu;

	for (edu = edus; edu < edus + nr_edus; edu++) {
		if (phys - edu->base < edu->size)
			return edu;
	}

	return NULL;
}

void edu_use(struct edu *edu)
{
	edu->buffer = true;
	edu->liveness = 0x1234;
	edu->factorial = 120;
	edu->irq = 0x80;
	edu->busy = LOOKS;
	edu->src = NATIVE_MEM_START;
	edu->dst = BUFFER;
	edu->count = 8;
}

bool edu_is_clean(const struct edu *edu)
{
	return !edu->buffer && edu->liveness == U32_MAX && !edu->factorial && !edu->irq &&
	       !edu->busy && !edu->src && !edu->dst && !edu->count;
}

void edu_map(u64 start, u64 end)
{
	struct edu *edu;
	unsigned int i;

	for (edu = edus; edu < edus + nr_edus; edu++) {
		for (i = 0; i < edu->size >> PAGE_SHIFT; i++) {
			if (edu->base + i * PAGE_SIZE - start < end - start)
				edu->host |= BIT(i);
		}
	}
}

void edu_unmap(u64 base, u64 size)
{
	struct edu *edu;
	unsigned int i;

	for (edu = edus; edu < edus + nr_edus; edu++) {
		for (i = 0; i < edu->size >> PAGE_SHIFT; i++) {
			if (edu->base + i * PAGE_SIZE - base < size)
				edu->host &= ~BIT(i);
		}
	}
}

void edu_set_va(u64 phys, void *va)
{
	struct edu *edu = edu_at(phys);

	if (edu)
		edu->va = va;
}

static struct edu *by_va(const volatile void *addr, u64 *offset)
{
	struct edu *edu;

	for (edu = edus; edu < edus + nr_edus; edu++) {
		*offset = (u64)addr - (u64)edu->va;
		if (edu->va && *offset < edu->size)
			return edu;
	}
	native_fail("register access at %p", addr);
}

/* From the bus to the buffer: nothing may be there to be read */
static void do_dma(struct edu *edu)
{
	unsigned int i;

	for (i = 0; i < edu->dev->nr_streams; i++) {
		if (edu->dev->stream[i].smmu >= sim_nr_smmus)
			continue;
		if (sim_dma(sim_smmus[edu->dev->stream[i].smmu], edu->dev->stream[i].sid, edu->src,
			    false).ok)
			native_fail("I1: a device that is reset reaches 0x%lx", edu->src);
	}
	if (edu->dst == BUFFER && edu->count == BUFFER_SIZE)
		edu->buffer = false;
}

u64 edu_read(const volatile void *addr)
{
	struct edu *edu;
	u64 offset;

	edu = by_va(addr, &offset);
	if (edu->gone)
		return U32_MAX;
	switch (offset) {
	case ID:
		return 0x010000ed;
	case STATUS:
		return edu->irq;
	case DMA_CMD:
		if (edu->hung)
			return 1;
		if (edu->busy && !--edu->busy)
			do_dma(edu);
		return !!edu->busy;
	}
	native_fail("reads 0x%lx of a device", offset);
}

void edu_write(const volatile void *addr, u64 val)
{
	struct edu *edu;
	u64 offset;

	edu = by_va(addr, &offset);
	if (edu->gone)
		return;
	if (edu->busy)
		native_fail("writes 0x%lx of a device that is busy", offset);
	switch (offset) {
	case LIVENESS:
		edu->liveness = val;
		return;
	case FACTORIAL:
		edu->factorial = val;
		return;
	case STATUS:
		return;
	case IRQ_ACK:
		edu->irq &= ~val;
		return;
	case DMA_SRC:
		edu->src = val;
		return;
	case DMA_DST:
		edu->dst = val;
		return;
	case DMA_COUNT:
		edu->count = val;
		return;
	case DMA_CMD:
		edu->busy = val & 1 ? LOOKS : 0;
		return;
	}
	native_fail("writes 0x%lx of a device", offset);
}
