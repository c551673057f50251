// SPDX-License-Identifier: GPL-2.0-only
/* Scatterlists, through the DMA API or into a domain of the test's own. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "internal.h"

struct test_sg {
	struct sg_table table;
	struct device *dev;
};

static int sg_build(struct sg_table *table, const struct pkvm_test_sg *arg)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	if (!arg->nr || !arg->nr_pieces || arg->nr_pieces > PKVM_TEST_SG_PIECES)
		return -EINVAL;
	ret = sg_alloc_table(table, arg->nr, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(table, sg, i) {
		u64 phys = arg->piece[i % arg->nr_pieces].addr;

		sg_set_page(sg, phys_to_page(phys), arg->piece[i % arg->nr_pieces].len,
			    offset_in_page(phys));
	}

	return 0;
}

/* The first segments, and the last one in the last place */
static void sg_report(const struct sg_table *table, struct pkvm_test_sg *arg)
{
	struct scatterlist *sg;
	unsigned int i;

	arg->nr = table->nents;
	for_each_sgtable_dma_sg(table, sg, i) {
		struct pkvm_test_piece *piece =
			&arg->piece[min(i, PKVM_TEST_SG_PIECES - 1)];

		piece->addr = sg_dma_address(sg);
		piece->len = sg_dma_len(sg);
	}
}

static int sg_map_dma(struct test_sg *test, struct pkvm_test_sg *arg)
{
	unsigned long boundary = dma_get_seg_boundary(test->dev);
	int ret;

	if (arg->boundary)
		dma_set_seg_boundary(test->dev, arg->boundary);
	ret = dma_map_sgtable(test->dev, &test->table, DMA_TO_DEVICE, 0);
	dma_set_seg_boundary(test->dev, boundary);
	if (!ret)
		sg_report(&test->table, arg);

	return ret;
}

/* To be unmapped by PKVM_TEST_UNMAP */
static int sg_map_domain(struct test_file *file, struct test_sg *test,
			 const struct pkvm_test_sg *arg)
{
	ssize_t ret = iommu_map_sgtable(file->domain, arg->iova, &test->table,
					IOMMU_READ | IOMMU_WRITE);

	return ret < 0 ? ret : 0;
}

int sg_map(struct test_file *file, struct pkvm_test_sg *arg)
{
	struct device *dev = engine_device(arg->engine);
	struct test_sg *test;
	int ret;

	guard(rwsem_write)(&file->domain_lock);
	if (!dev)
		return -ENODEV;
	if (file->sg)
		return -EBUSY;
	test = kzalloc_obj(*test);
	if (!test)
		return -ENOMEM;
	test->dev = dev;
	ret = sg_build(&test->table, arg);
	if (!ret) {
		ret = file->domain ? sg_map_domain(file, test, arg) : sg_map_dma(test, arg);
		if (!ret && !file->domain) {
			file->sg = test;
			return 0;
		}
		sg_free_table(&test->table);
	}
	kfree(test);

	return ret;
}

void sg_unmap(struct test_file *file)
{
	struct test_sg *test;

	guard(rwsem_write)(&file->domain_lock);
	test = file->sg;
	if (!test)
		return;
	dma_unmap_sgtable(test->dev, &test->table, DMA_TO_DEVICE, 0);
	sg_free_table(&test->table);
	kfree(test);
	file->sg = NULL;
}
