// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoning a gigabyte writes an eighth of that, for every test again. Here the
 * marks are a few pages, mapped copy-on-write all over the region's shadow.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "hyp.h"
#include "sanitizer.h"

#if SAN_HAS_SHADOW

/* ASAN_POISON_MEMORY_REGION() writes this */
#define POISON		0xf7
#define CHUNK		(256 * 1024)

static int marks = -1;

/* A test ends with its process: what it leaves is no leak, and looking takes long */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0";
}

/* Once for all tests, which are children of this process */
__attribute__((constructor)) static void make_marks(void)
{
	void *p;

	marks = memfd_create("marks", 0);
	if (marks < 0 || ftruncate(marks, CHUNK))
		return;
	p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, marks, 0);
	if (p == MAP_FAILED)
		return;
	memset(p, POISON, CHUNK);
	munmap(p, CHUNK);
}

void san_poison_lazily(void *start, size_t size)
{
	size_t scale, offset, pos, len, page = sysconf(_SC_PAGESIZE);
	u64 end = (u64)start + size, from, to;

	__asan_get_shadow_mapping(&scale, &offset);
	from = ALIGN((u64)start, page << scale);
	to = max(from, ALIGN_DOWN(end, page << scale));
	if (from > end) {
		from = end;
		to = end;
	}
	san_poison(start, from - (u64)start);
	san_poison((void *)to, end - to);
	for (pos = from >> scale; pos < to >> scale; pos += len) {
		len = min((size_t)(to >> scale) - pos, (size_t)CHUNK);
		if (mmap((void *)(pos + offset), len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, marks, 0) == MAP_FAILED)
			native_fail("cannot poison memory");
	}
}

#else

void san_poison_lazily(void *start, size_t size)
{
}

#endif
