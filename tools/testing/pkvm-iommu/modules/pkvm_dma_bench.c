// SPDX-License-Identifier: GPL-2.0-only
/*
 * What DMA mappings cost, in ticks of the counter: as the kernel's
 * dma_map_benchmark, whose figures end at 0.1 us, with three differences. Where
 * the clock counts instructions a tick is some of them, so each measurement
 * begins at another place within a tick. Pages of a scatterlist are never next
 * to each other. And it can call the hypervisor for nothing.
 *
 * It takes any device by driver_override, the last one bound is used. To run it,
 * write to <debugfs>/pkvm_dma_bench
 *
 *	NAME pages|scatter|host-hvc|guest-hvc NUMBER LOOPS
 *
 * for NUMBER pages, in one piece or none next to another, or a call of a host or
 * a guest that EL2 refuses at once. The result is a line in the log:
 * "# bench NAME map NS unmap NS", with two decimals. With LOOPS of 0 it
 * goes on for half a second of the machine's time and says nothing: see
 * boot/bench_profile.py, which finds its way by the names of the functions below.
 */
#include <linux/arm-smccc.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <linux/pkvm-pviommu.h>

#include <asm/arch_timer.h>
#include <asm/kvm_asm.h>

#define WARM_UP		256	/* fills the caches of the IOVA allocator */
#define PROFILE_NS	(NSEC_PER_SEC / 2)
#define NO_SUCH_OP	0x1000

struct bench {
	struct device		*dev;
	unsigned int		nr;
	void			*pages;
	size_t			size;
	struct sg_table		table;
	dma_addr_t		addr;
	int			(*map)(struct bench *b);
	void			(*unmap)(struct bench *b);
};

static struct device *bound;
static DEFINE_MUTEX(lock);	/* one run at a time, and @bound */

/* Not inline, and with these names, for the profiler */
noinline int bench_map_pages(struct bench *b);
noinline void bench_unmap_pages(struct bench *b);
noinline int bench_map_scatter(struct bench *b);
noinline void bench_unmap_scatter(struct bench *b);
noinline int bench_host_hvc(struct bench *b);
noinline int bench_guest_hvc(struct bench *b);

int bench_map_pages(struct bench *b)
{
	b->addr = dma_map_single(b->dev, b->pages, b->size, DMA_BIDIRECTIONAL);

	return dma_mapping_error(b->dev, b->addr);
}

void bench_unmap_pages(struct bench *b)
{
	dma_unmap_single(b->dev, b->addr, b->size, DMA_BIDIRECTIONAL);
}

int bench_map_scatter(struct bench *b)
{
	return dma_map_sg(b->dev, b->table.sgl, b->nr, DMA_BIDIRECTIONAL) ? 0 :
	       -EIO;
}

void bench_unmap_scatter(struct bench *b)
{
	dma_unmap_sg(b->dev, b->table.sgl, b->nr, DMA_BIDIRECTIONAL);
}

int bench_host_hvc(struct bench *b)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op), (u64)NO_SUCH_OP,
			  &res);

	return (long)res.a1 == -EOPNOTSUPP ? 0 : -ENODEV;
}

int bench_guest_hvc(struct bench *b)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(PVIOMMU_OP_FUNC_ID, (u64)NO_SUCH_OP, &res);

	return (int)res.a0 == SMCCC_RET_NOT_SUPPORTED ? 0 : -ENODEV;
}

static void no_unmap(struct bench *b) { }

static int no_map(struct bench *b)
{
	return 0;
}

/* Begin @nr nops and a few more instructions later within a tick */
static u64 start(unsigned int nr)
{
	while (nr--)
		asm volatile("nop");

	return __arch_counter_get_cntvct();
}

/*
 * Sums of ticks over @loops. Nobody else has a say in between, and no timer flushes
 * what a lazy unmap has left: who finds the flush queue full does, and it counts.
 */
static int measure(struct bench *b, u32 loops, u64 *map, u64 *unmap)
{
	unsigned long flags;
	unsigned int i;
	int ret = 0;
	u64 begin;

	*map = 0;
	*unmap = 0;
	local_irq_save(flags);
	for (i = 0; i < loops && !ret; i++) {
		begin = start(i % 16);
		ret = b->map(b);
		*map += __arch_counter_get_cntvct() - begin;
		if (ret)
			break;

		begin = start(i / 16 % 16);
		b->unmap(b);
		*unmap += __arch_counter_get_cntvct() - begin;
	}
	local_irq_restore(flags);

	return ret;
}

/* Hundredths of a nanosecond per loop, without what reading the clock costs */
static u64 result(u64 ticks, u64 base, u32 loops)
{
	u64 hundredths = 100ULL * NSEC_PER_SEC / arch_timer_get_cntfrq();

	return div64_u64((ticks - min(ticks, base)) * hundredths, loops);
}

static int report(struct bench *b, const char *name, u32 loops)
{
	struct bench nothing = { .map = no_map, .unmap = no_unmap };
	u64 map, unmap, base, base_unmap;
	int ret;

	ret = measure(b, WARM_UP, &map, &unmap) ?:
	      measure(&nothing, loops, &base, &base_unmap) ?:
	      measure(b, loops, &map, &unmap);
	if (ret)
		return ret;

	map = result(map, base, loops);
	unmap = result(unmap, base_unmap, loops);
	pr_warn("# bench %s map %llu.%02llu unmap %llu.%02llu\n", name,
		map / 100, map % 100, unmap / 100, unmap % 100);

	return 0;
}

static int go_on(struct bench *b, const char *name)
{
	ktime_t end = ktime_add_ns(ktime_get(), PROFILE_NS);
	int ret;

	pr_warn("# profile %s begins\n", name);
	do {
		ret = b->map(b);
		if (ret)
			return ret;
		b->unmap(b);
	} while (ktime_before(ktime_get(), end));
	pr_warn("# profile %s ends\n", name);

	return 0;
}

/* Every second page of one block: none is next to another */
static int prepare_scatter(struct bench *b)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(&b->table, b->nr, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(&b->table, sg, i)
		sg_set_buf(sg, b->pages + 2 * i * PAGE_SIZE, PAGE_SIZE);
	b->map = bench_map_scatter;
	b->unmap = bench_unmap_scatter;

	return 0;
}

static int prepare(struct bench *b, const char *kind)
{
	b->size = b->nr * PAGE_SIZE;
	b->unmap = no_unmap;
	if (!strcmp(kind, "host-hvc")) {
		b->map = bench_host_hvc;
		return 0;
	}
	if (!strcmp(kind, "guest-hvc")) {
		b->map = bench_guest_hvc;
		return 0;
	}
	if (!strcmp(kind, "pages")) {
		b->map = bench_map_pages;
		b->unmap = bench_unmap_pages;
	} else if (!strcmp(kind, "scatter")) {
		b->size *= 2;
	} else {
		return -EINVAL;
	}

	/* Of its own size or more it is aligned to that; a guest has the pages then */
	b->pages = alloc_pages_exact(b->size, GFP_KERNEL);
	if (!b->pages)
		return -ENOMEM;
	memset(b->pages, 0x66, b->size);

	return strcmp(kind, "scatter") ? 0 : prepare_scatter(b);
}

static int run(const char *name, const char *kind, u32 nr, u32 loops)
{
	struct bench b = { .dev = bound, .nr = nr };
	int ret;

	if (!b.dev || !nr)
		return -EINVAL;

	ret = prepare(&b, kind);
	if (!ret)
		ret = loops ? report(&b, name, loops) : go_on(&b, name);

	sg_free_table(&b.table);
	if (b.pages)
		free_pages_exact(b.pages, b.size);

	return ret;
}

static ssize_t bench_write(struct file *file, const char __user *user,
			   size_t len, loff_t *pos)
{
	char line[80], name[32], kind[16];
	u32 nr, loops;
	int ret;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, len))
		return -EFAULT;
	line[len] = '\0';
	if (sscanf(line, "%31s %15s %u %u", name, kind, &nr, &loops) != 4)
		return -EINVAL;

	guard(mutex)(&lock);
	ret = run(name, kind, nr, loops);

	return ret ?: len;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.write = bench_write,
};

static int use_device(struct device *dev)
{
	int ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));

	guard(mutex)(&lock);
	if (!ret)
		bound = dev;

	return ret;
}

static void forget_device(struct device *dev)
{
	guard(mutex)(&lock);
	if (bound == dev)
		bound = NULL;
}

static int pci_bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return use_device(&pdev->dev);
}

static void pci_bench_remove(struct pci_dev *pdev)
{
	forget_device(&pdev->dev);
}

static struct pci_driver pci_bench_driver = {
	.name = KBUILD_MODNAME,
	.probe = pci_bench_probe,
	.remove = pci_bench_remove,
};

static int platform_bench_probe(struct platform_device *pdev)
{
	return use_device(&pdev->dev);
}

static void platform_bench_remove(struct platform_device *pdev)
{
	forget_device(&pdev->dev);
}

static struct platform_driver platform_bench_driver = {
	.driver.name = KBUILD_MODNAME,
	.probe = platform_bench_probe,
	.remove = platform_bench_remove,
};

static struct dentry *bench_file;

static int __init bench_init(void)
{
	int ret = pci_register_driver(&pci_bench_driver);

	if (ret)
		return ret;
	ret = platform_driver_register(&platform_bench_driver);
	if (ret) {
		pci_unregister_driver(&pci_bench_driver);
		return ret;
	}
	bench_file = debugfs_create_file(KBUILD_MODNAME, 0200, NULL, NULL,
					 &bench_fops);

	return 0;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	debugfs_remove(bench_file);
	platform_driver_unregister(&platform_bench_driver);
	pci_unregister_driver(&pci_bench_driver);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Cost of DMA mappings, for the pKVM IOMMU tests");
MODULE_LICENSE("GPL");
