// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_memory MIB: what memory costs that nobody touched before, and what it costs when
 * it is not new any more. Between the marks of the benchmark, first one, then the other.
 */
#include "test.h"

#include "../modules/bench_marks.h"

static void touch(char *mem, size_t size)
{
	bench_mark(MARK_BEGIN);
	for (size_t at = 0; at < size; at += sysconf(_SC_PAGESIZE))
		*(volatile char *)(mem + at) = 1;
	bench_mark(MARK_END);
}

int main(int argc, char **argv)
{
	size_t size = argc == 2 ? strtoul(argv[1], NULL, 0) * SZ_1M : 0;
	char *mem;

	if (!size)
		return 2;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* A page is what the host gives to a VM */
	if (mem == MAP_FAILED || madvise(mem, size, MADV_NOHUGEPAGE))
		return 1;
	touch(mem, size);
	if (madvise(mem, size, MADV_DONTNEED))
		return 1;
	touch(mem, size);
	return 0;
}
