// SPDX-License-Identifier: GPL-2.0-only
#include "held_page.h"

bool held_page_open(struct held_page *h)
{
	h->fd = open("/dev/pkvm_held_page", O_RDWR | O_CLOEXEC);
	h->page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
	return expect(h->fd >= 0 && h->page != MAP_FAILED, "errno %d", errno);
}

/* Until somebody waits for the page */
void held_page_wanted(struct held_page *h)
{
	char c;

	expect_eq(read(h->fd, &c, 1), 1);
}

/* It arrives, full of zeroes */
void held_page_give(struct held_page *h)
{
	expect_eq(write(h->fd, "", 1), 1);
}

void held_page_close(struct held_page *h)
{
	munmap(h->page, page_size);
	close(h->fd);
}
