// SPDX-License-Identifier: GPL-2.0-only
/* Physically contiguous memory for the tests, up to whole gigabytes. */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

#define BLOCK_SIZE_MAX	(PAGE_SIZE << MAX_PAGE_ORDER)
#define TEST_GFP	(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN)

struct chunk {
	struct list_head list;
	u64 phys;
	u64 size;
};

/*
 * The page allocator has no block larger than BLOCK_SIZE_MAX: take all of
 * those it has, look for a run of neighbours and give back the rest.
 */
static u64 alloc_run(u64 size)
{
	unsigned long nr = BIT_ULL(36) / BLOCK_SIZE_MAX, want = size / BLOCK_SIZE_MAX;
	unsigned long *missing = bitmap_alloc(nr, GFP_KERNEL);
	unsigned long i, start, found = 0;
	struct page *page;

	if (!missing)
		return 0;
	bitmap_fill(missing, nr);
	while ((page = alloc_pages(TEST_GFP | __GFP_NORETRY, MAX_PAGE_ORDER))) {
		i = page_to_phys(page) / BLOCK_SIZE_MAX;
		if (i < nr)
			__clear_bit(i, missing);
		else
			__free_pages(page, MAX_PAGE_ORDER);
	}
	start = bitmap_find_next_zero_area(missing, nr, 0, want, want - 1);
	if (start < nr)
		found = start;
	for_each_clear_bit(i, missing, nr) {
		if (!found || i < found || i >= found + want)
			__free_pages(phys_to_page(i * BLOCK_SIZE_MAX), MAX_PAGE_ORDER);
	}
	bitmap_free(missing);
	return found * BLOCK_SIZE_MAX;
}

static u64 alloc_phys(u64 size)
{
	struct page *page;

	if (size > BLOCK_SIZE_MAX)
		return alloc_run(size);
	page = alloc_pages(TEST_GFP, get_order(size));
	return page ? page_to_phys(page) : 0;
}

static bool readable(u64 phys)
{
	u64 value;

	return !copy_from_kernel_nofault(&value, phys_to_virt(phys), sizeof(value));
}

/* A page that EL2 has kept must never reach the page allocator */
static void free_phys(u64 phys, u64 size)
{
	u64 step = min_t(u64, size, BLOCK_SIZE_MAX), off, end;

	for (; size; phys += step, size -= step) {
		for (off = phys, end = phys + step; off < end; off += PAGE_SIZE) {
			if (!readable(off))
				break;
		}
		if (off < end)
			pr_err("pkvm_iommu_test: %#llx is not ours any more, %#llx bytes lost\n",
			       off, step);
		else
			__free_pages(phys_to_page(phys), get_order(step));
	}
}

int pages_alloc(struct test_file *file, struct pkvm_test_pages *pages)
{
	struct chunk *chunk;

	if (pages->size < PAGE_SIZE || !is_power_of_2(pages->size))
		return -EINVAL;
	chunk = kzalloc_obj(*chunk);
	if (!chunk)
		return -ENOMEM;
	chunk->size = pages->size;
	chunk->phys = alloc_phys(pages->size);
	if (!chunk->phys) {
		kfree(chunk);
		return -ENOMEM;
	}
	pages->phys = chunk->phys;
	guard(mutex)(&file->lock);
	list_add(&chunk->list, &file->chunks);
	return 0;
}

/*
 * A page that no file has allocated is one that somebody else gave to EL2 and
 * that EL2 gave back to the test: it goes to the page allocator as well.
 */
int pages_free(struct test_file *file, u64 phys, bool forget)
{
	struct chunk *chunk;

	if (!PAGE_ALIGNED(phys) || !pfn_valid(PHYS_PFN(phys)))
		return -EINVAL;
	guard(mutex)(&file->lock);
	list_for_each_entry(chunk, &file->chunks, list) {
		if (chunk->phys == phys) {
			list_del(&chunk->list);
			if (!forget)
				free_phys(phys, chunk->size);
			kfree(chunk);
			return 0;
		}
	}
	if (forget)
		return -ENOENT;
	free_phys(phys, PAGE_SIZE);
	return 0;
}

void pages_release(struct test_file *file)
{
	struct chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &file->chunks, list) {
		free_phys(chunk->phys, chunk->size);
		kfree(chunk);
	}
}
