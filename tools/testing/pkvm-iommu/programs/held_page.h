/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of user memory that does not arrive before the test says so, by the module
 * pkvm_held_page: whoever touches it waits, in the kernel too, and the test hears of it.
 */
#ifndef PKVM_IOMMU_PROGRAMS_HELD_PAGE_H
#define PKVM_IOMMU_PROGRAMS_HELD_PAGE_H

#include "test.h"

struct held_page {
	int fd;
	uint8_t *page;
};

static bool held_page_open(struct held_page *h)
{
	h->fd = open("/dev/pkvm_held_page", O_RDWR | O_CLOEXEC);
	h->page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
	return expect(h->fd >= 0 && h->page != MAP_FAILED, "errno %d", errno);
}

/* Until somebody waits for the page */
static void held_page_wanted(struct held_page *h)
{
	char c;

	expect_eq(read(h->fd, &c, 1), 1);
}

/* It arrives, full of zeroes */
static void held_page_give(struct held_page *h)
{
	expect_eq(write(h->fd, "", 1), 1);
}

static void held_page_close(struct held_page *h)
{
	munmap(h->page, page_size);
	close(h->fd);
}

#endif
