// SPDX-License-Identifier: GPL-2.0-only
/*
 * secret: write to private memory, say where it is, and look at it again after
 * a line from the console. What the host did to it meanwhile must not show.
 */
#include "test.h"

#define SECRET	"SECRET!!"	/* what programs/demo.c looks for */

static uint64_t ipa_of(const void *page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)page / page_size * 8) != 8)
		entry = 0;
	close(fd);
	if (!(entry >> 63))
		fatal("where is my page?");
	return (entry & ((1ULL << 55) - 1)) * page_size;
}

int main(void)
{
	char *page, *copy, line[16];

	page_size = sysconf(_SC_PAGESIZE);
	page = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	copy = malloc(page_size);
	if (page == MAP_FAILED || !copy)
		fatal("no memory");
	fill_random(page, page_size);
	memcpy(page, SECRET, strlen(SECRET));
	memcpy(copy, page, page_size);

	ktap_line("# secret at %#" PRIx64, ipa_of(page));
	if (read(STDIN_FILENO, line, sizeof(line)) < 0)
		fatal("console");
	expect(!memcmp(page, copy, page_size), "begins with %.8s", page);
	return !ktap_ok(!test_failed, "secret_unchanged");
}
