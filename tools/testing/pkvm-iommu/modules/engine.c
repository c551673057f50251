// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engines: QEMU's "edu" device, behind PCI or, when the device tree
 * says so, as a platform device with one engine and one stream ID per region.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#include "internal.h"

#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8
#define EDU_ID			0x00
#define EDU_ID_MASK		0xffff
#define EDU_ID_MAGIC		0x00ed

#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_BUS		BIT(1)
#define EDU_BUFFER		0x40000

/* A transfer takes 100 ms of the machine's time: QEMU makes it so */
#define EDU_POLL_US		2000
#define EDU_TIMEOUT_US		(20 * USEC_PER_SEC)

#define PLATFORM_COMPATIBLE	"qemu,edu-pair"
#define MAX_ENGINES		16

struct engine {
	struct mutex lock;	/* one transfer at a time */
	void __iomem *regs;
	struct device *dev;
	u32 sid;
	bool platform;
	u64 bytes;		/* moved so far */
};

/* Engines are only ever added, and only go away with the module */
static DEFINE_MUTEX(engines_lock);
static struct engine engines[MAX_ENGINES];
static unsigned int nr_engines;

static struct engine *engine_get(u32 index)
{
	guard(mutex)(&engines_lock);
	return index < nr_engines ? &engines[index] : NULL;
}

struct device *engine_device(u32 index)
{
	struct engine *engine = engine_get(index);

	return engine ? engine->dev : NULL;
}

static int engine_add(struct device *dev, void __iomem *regs, u32 sid,
		      bool platform)
{
	struct engine *engine;

	if ((readl(regs + EDU_ID) & EDU_ID_MASK) != EDU_ID_MAGIC)
		return dev_err_probe(dev, -ENODEV, "not an edu device: %#x\n",
				     readl(regs + EDU_ID));

	guard(mutex)(&engines_lock);
	if (nr_engines == MAX_ENGINES)
		return -ENOSPC;
	engine = &engines[nr_engines];
	mutex_init(&engine->lock);
	engine->regs = regs;
	engine->dev = dev;
	engine->sid = sid;
	engine->platform = platform;
	nr_engines++;
	return 0;
}

int engine_info(struct pkvm_test_engine *info)
{
	struct engine *engine = engine_get(info->index);

	if (!engine)
		return -ENODEV;
	info->sid = engine->sid;
	info->platform = engine->platform;
	info->mapped = device_iommu_mapped(engine->dev);
	info->bytes = READ_ONCE(engine->bytes);
	strscpy_pad(info->name, dev_name(engine->dev));
	return 0;
}

static int engine_transfer(struct engine *engine, u64 bus, u32 offset, u32 len,
			   bool to_bus)
{
	u64 local = EDU_BUFFER + offset;
	u32 cmd;
	int ret;

	writeq(to_bus ? local : bus, engine->regs + EDU_DMA_SRC);
	writeq(to_bus ? bus : local, engine->regs + EDU_DMA_DST);
	writeq(len, engine->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | (to_bus ? EDU_DMA_TO_BUS : 0),
	       engine->regs + EDU_DMA_CMD);
	ret = readl_poll_timeout(engine->regs + EDU_DMA_CMD, cmd,
				 !(cmd & EDU_DMA_START), EDU_POLL_US,
				 EDU_TIMEOUT_US);
	if (!ret)
		WRITE_ONCE(engine->bytes, engine->bytes + len);
	return ret;
}

int engine_dma(const struct pkvm_test_dma *dma)
{
	struct engine *engine = engine_get(dma->engine);

	if (!engine)
		return -ENODEV;
	if (dma->offset > PKVM_TEST_BUFFER ||
	    dma->len > PKVM_TEST_BUFFER - dma->offset)
		return -EINVAL;

	guard(mutex)(&engine->lock);
	return engine_transfer(engine, dma->addr, dma->offset, dma->len,
			       dma->write);
}

int engine_copy(const struct pkvm_test_buffer *copy)
{
	struct engine *engine = engine_get(copy->engine);
	enum dma_data_direction dir;
	dma_addr_t bus;
	void *bounce;
	int ret;

	if (!engine)
		return -ENODEV;
	bounce = (void *)get_zeroed_page(GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	if (copy->write && copy_from_user(bounce, u64_to_user_ptr(copy->user),
					  PKVM_TEST_BUFFER)) {
		ret = -EFAULT;
		goto free;
	}

	dir = copy->write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	bus = dma_map_single(engine->dev, bounce, PKVM_TEST_BUFFER, dir);
	ret = dma_mapping_error(engine->dev, bus);
	if (ret)
		goto free;
	mutex_lock(&engine->lock);
	ret = engine_transfer(engine, bus, 0, PKVM_TEST_BUFFER, !copy->write);
	mutex_unlock(&engine->lock);
	dma_unmap_single(engine->dev, bus, PKVM_TEST_BUFFER, dir);

	if (!ret && !copy->write &&
	    copy_to_user(u64_to_user_ptr(copy->user), bounce, PKVM_TEST_BUFFER))
		ret = -EFAULT;
free:
	free_page((unsigned long)bounce);
	return ret;
}

static u32 engine_sid(struct device *dev, unsigned int i, u32 otherwise)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	return fwspec && i < fwspec->num_ids ? fwspec->ids[i] : otherwise;
}

/* Does the device tree describe this function as part of a platform device? */
static bool is_platform_engine(struct pci_dev *pdev)
{
	struct device_node *np;
	struct resource res;
	int i;

	for_each_compatible_node(np, NULL, PLATFORM_COMPATIBLE) {
		for (i = 0; !of_address_to_resource(np, i, &res); i++) {
			if (res.start == pci_resource_start(pdev, 0)) {
				of_node_put(np);
				return true;
			}
		}
	}
	return false;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *regs;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	/* All that PCI has to do for a platform engine is let its DMA through */
	if (is_platform_engine(pdev))
		return 0;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	regs = pcim_iomap(pdev, 0, 0);
	if (!regs)
		return -ENOMEM;
	return engine_add(&pdev->dev, regs,
			  engine_sid(&pdev->dev, 0, pci_dev_id(pdev)), false);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "pkvm_iommu_test",
	.id_table = edu_ids,
	.probe = edu_probe,
};

static int test_dma_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	void __iomem *regs;
	unsigned int i;
	int ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(dev, UINT_MAX);
	for (i = 0; i < pdev->num_resources; i++) {
		struct resource *res = &pdev->resource[i];

		/* The PCI core has claimed the BAR: map, do not request */
		regs = devm_ioremap(dev, res->start, resource_size(res));
		if (!regs)
			return -ENOMEM;
		ret = engine_add(dev, regs, engine_sid(dev, i, i), true);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct of_device_id test_dma_of_match[] = {
	{ .compatible = PLATFORM_COMPATIBLE },
	{ }
};
MODULE_DEVICE_TABLE(of, test_dma_of_match);

static struct platform_driver test_dma_driver = {
	.driver = {
		.name = "pkvm_test_dma",
		.of_match_table = test_dma_of_match,
	},
	.probe = test_dma_probe,
};

int engines_init(void)
{
	int ret;

	/* PCI first: it switches the decoding of the BARs on */
	ret = pci_register_driver(&edu_driver);
	if (ret)
		return ret;
	ret = platform_driver_register(&test_dma_driver);
	if (ret)
		pci_unregister_driver(&edu_driver);
	return ret;
}

void engines_exit(void)
{
	platform_driver_unregister(&test_dma_driver);
	pci_unregister_driver(&edu_driver);
	nr_engines = 0;
}
