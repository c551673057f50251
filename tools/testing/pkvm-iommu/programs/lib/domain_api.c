// SPDX-License-Identifier: GPL-2.0-only
#include "domain_api.h"

struct pkvm_test_engine engine;

/* A file has one domain: more files, more domains */
int domain_open(void)
{
	struct pkvm_test_map m = { .engine = engine.index };
	int fd = open(PKVM_TEST_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, PKVM_TEST_DOMAIN_ALLOC, &m))
		fatal("no domain");
	return fd;
}

int domain_attach(int fd)
{
	struct pkvm_test_map m = { .engine = engine.index };

	return ioctl(fd, PKVM_TEST_DOMAIN_ATTACH, &m) ? -errno : 0;
}

int domain_detach(int fd)
{
	struct pkvm_test_map m = { .engine = engine.index };

	return ioctl(fd, PKVM_TEST_DOMAIN_DETACH, &m) ? -errno : 0;
}

int domain_map(int fd, uint64_t iova, uint64_t phys, uint64_t size, int prot)
{
	struct pkvm_test_map m = {
		.iova = iova, .phys = phys, .size = size, .prot = prot,
	};

	return ioctl(fd, PKVM_TEST_MAP, &m) ? -errno : 0;
}

uint64_t domain_unmap(int fd, uint64_t iova, uint64_t size)
{
	struct pkvm_test_map m = { .iova = iova, .size = size };

	return ioctl(fd, PKVM_TEST_UNMAP, &m) ? 0 : m.size;
}

uint64_t domain_unmap_lazy(int fd, uint64_t iova, uint64_t size)
{
	struct pkvm_test_map m = { .iova = iova, .size = size };

	return ioctl(fd, PKVM_TEST_UNMAP_LAZY, &m) ? 0 : m.size;
}

int domain_flush(int fd)
{
	struct pkvm_test_map m = { };

	return ioctl(fd, PKVM_TEST_FLUSH, &m) ? -errno : 0;
}

uint64_t domain_phys(int fd, uint64_t iova)
{
	struct pkvm_test_map m = { .iova = iova };

	return ioctl(fd, PKVM_TEST_IOVA_TO_PHYS, &m) ? ~0ULL : m.phys;
}

/*
 * A domain that has unmapped pages as a flush queue does, and not flushed them. They are
 * free, and what the kernel gives to whoever asks for some on this CPU next.
 */
int domain_leave_lazy(void)
{
	uint64_t mem[LAZY_PAGES];
	cpu_set_t cpu;
	int fd = domain_open();

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	expect_eq(sched_setaffinity(0, sizeof(cpu), &cpu), 0);
	for (int i = 0; i < LAZY_PAGES; i++) {
		mem[i] = pages_alloc(page_size);
		expect_eq(domain_map(fd, LAZY_IOVA + 2 * i * page_size, mem[i], page_size,
				     3), 0);
	}
	for (int i = 0; i < LAZY_PAGES; i++)
		expect_eq(domain_unmap_lazy(fd, LAZY_IOVA + 2 * i * page_size, page_size),
			  page_size);
	for (int i = 0; i < LAZY_PAGES; i++)
		pages_free(mem[i]);
	return fd;
}

/* What main() does: the first engine is the one that they are about */
int run_domain_tests(const struct test *tests, size_t nr, char **names)
{
	test_open();
	if (!engine_get(0, &engine))
		fatal("no engine");
	return run_tests(tests, nr, names);
}
