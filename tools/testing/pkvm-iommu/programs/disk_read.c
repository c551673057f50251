// SPDX-License-Identifier: GPL-2.0-only
/*
 * disk_read NAME DEVICE KIB: read the first 4 MiB of a disk again and again, past the
 * page cache, with one request of that size at a time, between the marks of the
 * benchmark. It says "# disk NAME" before, and makes another mark. A round that fails
 * is the last, and has no end.
 *
 * No page of its buffer is next to the one that follows, as it can be in a page cache:
 * they are every second one of a huge page, so that it is the same each time.
 */
#include "test.h"

#include "../modules/bench_marks.h"

#define ROUNDS	25
#define TOTAL	(4 * SZ_1M)

static char *scattered(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *huge = aligned_alloc(SZ_2M, SZ_2M);
	char *buf = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!huge || buf == MAP_FAILED || size > SZ_2M / 2)
		return NULL;
	memset(huge, 0, SZ_2M);
	for (size_t at = 0; at < size; at += page)
		if (mremap(huge + 2 * at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
			   buf + at) == MAP_FAILED)
			return NULL;
	return buf;
}

static bool read_all(int fd, char *buf, size_t request)
{
	for (uint64_t at = 0; at < TOTAL; at += request)
		if (pread(fd, buf, request, at) != (ssize_t)request)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	size_t request = argc == 4 ? strtoul(argv[3], NULL, 0) << 10 : 0;
	bool ok = true;
	char *buf;
	int fd;

	if (!request)
		return 2;
	buf = scattered(request);
	fd = open(argv[2], O_RDONLY | O_DIRECT);
	if (!buf || fd < 0)
		return 1;
	ktap_line("# disk %s", argv[1]);
	bench_mark(MARK_MAP);
	for (int i = 0; ok && i < ROUNDS; i++) {
		bench_mark(MARK_BEGIN);
		ok = read_all(fd, buf, request);
		if (ok)
			bench_mark(MARK_END);
	}
	return !ok;
}
