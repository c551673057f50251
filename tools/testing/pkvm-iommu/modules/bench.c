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
 *	NAME pages|scatter|host-hvc|guest-hvc NUMBER LOOPS [MIB]
 *
 * for NUMBER pages, in one piece or none next to another, or a call of a host or
 * a guest that EL2 refuses at once; with MIB MiB mapped already. The result is a
 * line in the log: "# bench NAME map NS unmap NS", with two decimals. With LOOPS of
 * 0 it goes on for half a second of the machine's time and says nothing: see
 * boot/bench_profile.py, which finds its way by the names of the functions called.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#include <asm/arch_timer.h>
#include <asm/sysreg.h>

#include "bench.h"
#include "bench_marks.h"

#define WARM_UP		256	/* fills the caches of the IOVA allocator */
#define ROUNDS		4
#define PROFILE_NS	(NSEC_PER_SEC / 2)

static struct device *bound;
static DEFINE_MUTEX(lock);	/* one run at a time, and @bound */

/*
 * Begin @nr nops and a few more instructions after the last tick: if all @nr have
 * their turn, what is a part of a tick averages out.
 */
static u64 start(unsigned int nr)
{
	u64 tick = read_sysreg(cntvct_el0);

	while (read_sysreg(cntvct_el0) == tick)
		;
	while (nr--)
		asm volatile("nop");

	return __arch_counter_get_cntvct();
}

/* Sums of ticks over @loops */
static int measure(struct bench *b, u32 loops, u64 *map, u64 *unmap)
{
	unsigned int i;
	u64 begin;
	int ret;

	*map = 0;
	*unmap = 0;
	for (i = 0; i < loops; i++) {
		bench_mark(MARK_MAP);
		begin = start(i % 16);
		ret = b->map(b);
		*map += __arch_counter_get_cntvct() - begin;
		if (ret)
			return ret;

		bench_mark(MARK_UNMAP);
		begin = start(i / 16 % 16);
		b->unmap(b);
		*unmap += __arch_counter_get_cntvct() - begin;
		bench_mark(MARK_DONE);
	}

	return 0;
}

/* Hundredths of a nanosecond per loop, without what reading the clock costs */
static u64 result(u64 ticks, u64 base, u32 loops)
{
	u64 hundredths = 100ULL * NSEC_PER_SEC / arch_timer_get_cntfrq();

	return div64_u64((ticks - min(ticks, base)) * hundredths, loops);
}

/*
 * Nobody else has a say from the warm-up on, and no timer flushes what a lazy unmap has
 * left: who finds the flush queue full does, and it counts. That is every 255th unmap,
 * so that of so many loops, or twice as many, the share is the same each time. The host
 * of a VM does something else now and then: the least of several rounds is without.
 */
static int report(struct bench *b, const char *name, u32 loops)
{
	u64 map = U64_MAX, unmap = U64_MAX, base, base_unmap, maps, unmaps;
	struct bench nothing = { };
	unsigned long flags;
	unsigned int round;
	int ret;

	bench_prepare_nothing(&nothing);
	local_irq_save(flags);
	ret = measure(&nothing, loops, &base, &base_unmap) ?:
	      measure(b, WARM_UP, &maps, &unmaps);
	for (round = 1; round <= ROUNDS && !ret; round++) {
		if (round == ROUNDS)
			bench_mark(MARK_BEGIN);
		ret = measure(b, loops, &maps, &unmaps);
		map = min(map, maps);
		unmap = min(unmap, unmaps);
	}
	bench_mark(MARK_END);
	local_irq_restore(flags);
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

static int run(struct bench *b, const char *name, const char *kind, u32 loops)
{
	int ret = bench_prepare(b, kind);

	if (!ret)
		ret = loops ? report(b, name, loops) : go_on(b, name);
	bench_finish(b);

	return ret;
}

static ssize_t bench_write(struct file *file, const char __user *user,
			   size_t len, loff_t *pos)
{
	char line[80], name[32], kind[16];
	struct bench_fill *fill = NULL;
	struct bench b = { };
	u32 loops, mib = 0;
	int ret;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, len))
		return -EFAULT;
	line[len] = '\0';
	if (sscanf(line, "%31s %15s %u %u %u", name, kind, &b.nr, &loops, &mib) < 4)
		return -EINVAL;

	guard(mutex)(&lock);
	b.dev = bound;
	if (!b.dev || !b.nr)
		return -EINVAL;
	if (mib)
		fill = bench_fill(b.dev, mib);
	if (IS_ERR(fill))
		return PTR_ERR(fill);
	ret = run(&b, name, kind, loops);
	if (fill)
		bench_empty(fill);

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
