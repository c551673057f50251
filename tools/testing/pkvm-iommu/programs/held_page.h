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

bool held_page_open(struct held_page *h);
void held_page_wanted(struct held_page *h);
void held_page_give(struct held_page *h);
void held_page_close(struct held_page *h);

#endif
