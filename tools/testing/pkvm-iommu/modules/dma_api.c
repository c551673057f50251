// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA API as drivers use it, for one device that no driver needs to have:
 *
 *	insmod pkvm_dma_api.ko device=NAME [bus=pci]
 *	echo TEST >/sys/module/pkvm_dma_api/parameters/run
 *
 * The write fails if the test does, after a message that says where. No transfer
 * takes place: each test does the device's part by looking up what the DMA address
 * translates to and by accessing that memory.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-direct.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

static char *device = "";
module_param(device, charp, 0444);
static char *bus = "platform";
module_param(bus, charp, 0444);

static const enum dma_data_direction directions[] = {
	DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL,
};

#define CPU_BYTE	0x3c
#define DEVICE_BYTE	0xa5

static int wrong(const char *what, size_t size, int dir)
{
	pr_err("pkvm_dma_api: %s: %zu bytes, direction %d\n", what, size, dir);
	return -EIO;
}

/* What the device finds at @addr, by way of the linear map */
static void *device_side(struct device *dev, dma_addr_t addr)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	phys_addr_t phys = domain && domain->type & __IOMMU_DOMAIN_PAGING ?
			   iommu_iova_to_phys(domain, addr) :
			   dma_to_phys(dev, addr);

	return phys ? phys_to_virt(phys) : NULL;
}

/* Access @size bytes as the device does: page by page, past the CPU's mappings */
static int device_access(struct device *dev, dma_addr_t addr, size_t size,
			 enum dma_data_direction dir)
{
	size_t i;

	for (i = 0; i < size; i++) {
		u8 *p = device_side(dev, addr + i);

		if (!p)
			return wrong("not mapped", i, dir);
		if (dir != DMA_FROM_DEVICE && *p != CPU_BYTE)
			return wrong("the device reads something else", i, dir);
		if (dir != DMA_TO_DEVICE)
			*p = DEVICE_BYTE;
	}

	return 0;
}

static int cpu_check(const u8 *p, size_t size, enum dma_data_direction dir)
{
	u8 want = dir == DMA_TO_DEVICE ? CPU_BYTE : DEVICE_BYTE;

	return memchr_inv(p, want, size) ?
	       wrong("the CPU reads something else", size, dir) : 0;
}

/* Map @p, let the device access it, unmap: the whole life of a buffer */
static int stream(struct device *dev, u8 *p, size_t size,
		  enum dma_data_direction dir)
{
	dma_addr_t addr;
	int ret;

	memset(p, CPU_BYTE, size);
	addr = dma_map_single(dev, p, size, dir);
	if (dma_mapping_error(dev, addr))
		return wrong("dma_map_single() failed", size, dir);
	if (addr + size - 1 > dma_get_mask(dev))
		return wrong("outside the mask", size, dir);

	ret = device_access(dev, addr, size, dir);
	dma_unmap_single(dev, addr, size, dir);

	return ret ?: cpu_check(p, size, dir);
}

static int streams(struct device *dev, u8 *p, size_t size)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(directions) && !ret; i++)
		ret = stream(dev, p, size, directions[i]);

	return ret;
}

/* What shares cache lines with other data is bounced for devices that do not snoop */
static int test_small(struct device *dev)
{
	static const size_t sizes[] = { 1, 8, 18, 36, 64, 96, 100, 200, 512 };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(sizes) && !ret; i++) {
		u8 *p = kmalloc(sizes[i], GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		ret = streams(dev, p, sizes[i]);
		kfree(p);
	}

	return ret;
}

static int test_unaligned(struct device *dev)
{
	u8 *p = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	int ret;

	if (!p)
		return -ENOMEM;
	ret = streams(dev, p + 13, 100) ?:
	      streams(dev, p + PAGE_SIZE - 7, 14) ?:
	      streams(dev, p + 1, 3 * PAGE_SIZE - 2);
	kfree(p);

	return ret;
}

static int test_streaming(struct device *dev)
{
	u8 *p = kmalloc(16 * PAGE_SIZE, GFP_KERNEL);
	int ret;

	if (!p)
		return -ENOMEM;
	ret = streams(dev, p, PAGE_SIZE) ?: streams(dev, p, 16 * PAGE_SIZE);
	kfree(p);

	return ret;
}

/* A buffer that stays mapped changes hands by dma_sync_single_*() */
static int test_sync(struct device *dev)
{
	const enum dma_data_direction dir = DMA_BIDIRECTIONAL;
	u8 *p = kmalloc(18, GFP_KERNEL);
	dma_addr_t addr;
	unsigned int i;
	int ret = 0;

	if (!p)
		return -ENOMEM;
	addr = dma_map_single(dev, p, 18, dir);
	if (dma_mapping_error(dev, addr))
		ret = wrong("dma_map_single() failed", 18, dir);
	for (i = 0; i < 3 && !ret; i++) {
		memset(p, CPU_BYTE, 18);
		dma_sync_single_for_device(dev, addr, 18, dir);
		ret = device_access(dev, addr, 18, dir);
		dma_sync_single_for_cpu(dev, addr, 18, dir);
		ret = ret ?: cpu_check(p, 18, dir);
	}
	if (!dma_mapping_error(dev, addr))
		dma_unmap_single(dev, addr, 18, dir);
	kfree(p);

	return ret;
}

static int coherent(struct device *dev, size_t size, gfp_t gfp)
{
	dma_addr_t addr;
	u8 *p = dma_alloc_coherent(dev, size, &addr, gfp);
	int ret;

	if (!p)
		return wrong("dma_alloc_coherent() failed", size, 0);
	ret = memchr_inv(p, 0, size) ? wrong("not zeroed", size, 0) : 0;
	memset(p, CPU_BYTE, size);
	ret = ret ?: device_access(dev, addr, size, DMA_BIDIRECTIONAL) ?:
	      cpu_check(p, size, DMA_BIDIRECTIONAL);
	dma_free_coherent(dev, size, p, addr);

	return ret;
}

static int test_coherent(struct device *dev)
{
	return coherent(dev, 64, GFP_KERNEL) ?:
	       coherent(dev, 5 * PAGE_SIZE, GFP_KERNEL);
}

/* Many rounds: the pool must get back what it gave */
static int test_atomic(struct device *dev)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 64 && !ret; i++)
		ret = coherent(dev, 64, GFP_ATOMIC) ?:
		      coherent(dev, PAGE_SIZE, GFP_ATOMIC) ?:
		      coherent(dev, 16384, GFP_ATOMIC);

	return ret;
}

static int test_mask32(struct device *dev)
{
	u64 mask = dma_get_mask(dev), coherent_mask = dev->coherent_dma_mask;
	int ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));

	if (ret)
		return wrong("dma_set_mask_and_coherent() failed", 32, ret);
	ret = test_small(dev) ?: test_streaming(dev) ?: test_coherent(dev);
	dma_set_mask(dev, mask);
	dma_set_coherent_mask(dev, coherent_mask);

	return ret;
}

/* More than a range of IOVAs that is kept, when free, for whoever wants one of its size */
#define UNCACHED_SIZE	(64 * PAGE_SIZE)

/*
 * Each mask gives addresses from its top, or from that of what the IOMMU translates.
 * Firmware must say the latter: not all guest drivers know.
 */
static int test_masks(struct device *dev)
{
	static const unsigned int bits[] = { 32, 39, 48, 64 };
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	u64 mask = dma_get_mask(dev), end = domain->geometry.aperture_end;
	u8 *p = kmalloc(UNCACHED_SIZE, GFP_KERNEL);
	unsigned int i;
	int ret = 0;

	if (!p)
		return -ENOMEM;
	if (dev->bus_dma_limit != end)
		ret = wrong("firmware says another limit", dev->bus_dma_limit, 0);
	for (i = 0; i < ARRAY_SIZE(bits) && !ret; i++) {
		u64 top = min(DMA_BIT_MASK(bits[i]), end);
		dma_addr_t addr;

		if (dma_set_mask(dev, DMA_BIT_MASK(bits[i]))) {
			ret = wrong("dma_set_mask() failed", bits[i], 0);
			continue;
		}
		addr = dma_map_single(dev, p, UNCACHED_SIZE,
				      DMA_TO_DEVICE);
		if (dma_mapping_error(dev, addr) || addr > top || addr < top / 2)
			ret = wrong("not from the top", bits[i], 0);
		if (!dma_mapping_error(dev, addr))
			dma_unmap_single(dev, addr, UNCACHED_SIZE,
					 DMA_TO_DEVICE);
		ret = ret ?: stream(dev, p, PAGE_SIZE, DMA_BIDIRECTIONAL);
	}
	dma_set_mask(dev, mask);
	kfree(p);

	return ret;
}

static int test_scatterlist(struct device *dev)
{
	static const size_t sizes[] = { 18, 4096, 100, 512, 8192 };
	const enum dma_data_direction dir = DMA_BIDIRECTIONAL;
	u8 *p[ARRAY_SIZE(sizes)] = { };
	struct scatterlist *s;
	struct sg_table t;
	unsigned int i;
	int ret = sg_alloc_table(&t, ARRAY_SIZE(sizes), GFP_KERNEL);

	if (ret)
		return ret;
	for_each_sgtable_sg(&t, s, i) {
		p[i] = kmalloc(sizes[i], GFP_KERNEL | __GFP_NOFAIL);
		memset(p[i], CPU_BYTE, sizes[i]);
		sg_set_buf(s, p[i], sizes[i]);
	}
	ret = dma_map_sgtable(dev, &t, dir, 0);
	if (ret) {
		wrong("dma_map_sgtable() failed", 0, ret);
	} else {
		for_each_sgtable_dma_sg(&t, s, i)
			ret = ret ?: device_access(dev, sg_dma_address(s),
						   sg_dma_len(s), dir);
		dma_unmap_sgtable(dev, &t, dir, 0);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ret = ret ?: cpu_check(p[i], sizes[i], dir);
		kfree(p[i]);
	}
	sg_free_table(&t);

	return ret;
}

static int test_noncontiguous(struct device *dev)
{
	const enum dma_data_direction dir = DMA_BIDIRECTIONAL;
	const size_t size = 9 * PAGE_SIZE;
	struct sg_table *t = dma_alloc_noncontiguous(dev, size, dir, GFP_KERNEL, 0);
	u8 *p;
	int ret;

	if (!t)
		return wrong("dma_alloc_noncontiguous() failed", size, dir);
	p = dma_vmap_noncontiguous(dev, size, t);
	if (p) {
		memset(p, CPU_BYTE, size);
		dma_sync_sgtable_for_device(dev, t, dir);
		ret = device_access(dev, sg_dma_address(t->sgl), size, dir);
		dma_sync_sgtable_for_cpu(dev, t, dir);
		ret = ret ?: cpu_check(p, size, dir);
		dma_vunmap_noncontiguous(dev, p);
	} else {
		ret = wrong("dma_vmap_noncontiguous() failed", size, dir);
	}
	dma_free_noncontiguous(dev, size, t, dir);

	return ret;
}

/* As for a device in a slot that anybody reaches: no other data in its pages */
static int test_untrusted(struct device *dev)
{
	struct pci_dev *pdev = dev_is_pci(dev) ? to_pci_dev(dev) : NULL;
	u8 *p = kzalloc(PAGE_SIZE, GFP_KERNEL);
	dma_addr_t addr;
	int ret;

	if (!pdev || !p) {
		kfree(p);
		return pdev ? -ENOMEM : -ENODEV;
	}
	memset(p, CPU_BYTE, PAGE_SIZE);
	pdev->untrusted = true;
	addr = dma_map_single(dev, p + 64, 100, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, addr)) {
		ret = wrong("dma_map_single() failed", 100, DMA_TO_DEVICE);
	} else {
		ret = device_access(dev, addr, 100, DMA_TO_DEVICE);
		if (!ret && *(u8 *)device_side(dev, addr - 1) == CPU_BYTE)
			ret = wrong("the device sees what lies before", 100, 0);
		dma_unmap_single(dev, addr, 100, DMA_TO_DEVICE);
	}
	pdev->untrusted = false;
	kfree(p);

	return ret;
}

static const struct {
	const char *name;
	int (*run)(struct device *dev);
} tests[] = {
	{ "small", test_small },
	{ "unaligned", test_unaligned },
	{ "streaming", test_streaming },
	{ "sync", test_sync },
	{ "coherent", test_coherent },
	{ "atomic", test_atomic },
	{ "mask32", test_mask32 },
	{ "masks", test_masks },
	{ "scatterlist", test_scatterlist },
	{ "noncontiguous", test_noncontiguous },
	{ "untrusted", test_untrusted },
};

static int run_test(const char *name, const struct kernel_param *kp)
{
	const struct bus_type *type = strcmp(bus, "pci") ? &platform_bus_type :
							   &pci_bus_type;
	struct device *dev = bus_find_device_by_name(type, NULL, device);
	int ret = -ENOENT;
	unsigned int i;

	if (!dev) {
		pr_err("pkvm_dma_api: no device %s\n", device);
		return -ENODEV;
	}
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (sysfs_streq(name, tests[i].name))
			ret = tests[i].run(dev);
	put_device(dev);

	return ret;
}

static const struct kernel_param_ops run_ops = { .set = run_test };
module_param_cb(run, &run_ops, NULL, 0200);

static int __init dma_api_init(void)
{
	return 0;
}
module_init(dma_api_init);

static void __exit dma_api_exit(void)
{
}
module_exit(dma_api_exit);

MODULE_DESCRIPTION("The DMA API for one device, in the pKVM IOMMU boot tests");
MODULE_LICENSE("GPL");
