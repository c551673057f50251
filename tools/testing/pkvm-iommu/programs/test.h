/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of the boot tests share: KTAP results, the test module,
 * raw physical memory and the kernel log.
 */
#ifndef PKVM_IOMMU_PROGRAMS_TEST_H
#define PKVM_IOMMU_PROGRAMS_TEST_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../modules/pkvm_iommu_test.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SZ_4K		0x1000ULL
#define SZ_1M		0x100000ULL
#define SZ_2M		0x200000ULL
#define SZ_1G		0x40000000ULL

/*
 * Results. Standard output is /dev/kmsg in a test boot: one write, one line.
 * The number of the last result lives in a file, as shell scripts count too.
 */
#define KTAP_COUNT	"/tmp/ktap"

void ktap_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool ktap_ok(bool ok, const char *name);

/*
 * Inside a test: a condition that fails says what it saw, and the test is lost.
 */
extern bool test_failed;

/* Inside a test that does nothing here: why */
extern const char *test_skipped;

#define expect(cond, fmt, ...)						\
	({								\
		bool __ok = (cond);					\
		if (!__ok) {						\
			test_failed = true;				\
			ktap_line("# %s:%d: not true: %s; " fmt,	\
				  __func__, __LINE__, #cond,		\
				  ##__VA_ARGS__);			\
		}							\
		__ok;							\
	})

#define expect_eq(got, want)						\
	({								\
		long long __got = (long long)(got);			\
		long long __want = (long long)(want);			\
		bool __ok = __got == __want;				\
		if (!__ok) {						\
			test_failed = true;				\
			ktap_line("# %s:%d: %s is %lld (%#llx), not %lld", \
				  __func__, __LINE__, #got, __got, __got, \
				  __want);				\
		}							\
		__ok;							\
	})

#define fatal(fmt, ...)							\
	({								\
		ktap_line("# fatal: " fmt ": %s", ##__VA_ARGS__,	\
			  strerror(errno));				\
		exit(1);						\
	})

struct test {
	const char *name;
	void (*run)(void);
};

int run_tests(const struct test *tests, size_t nr, char **patterns);
bool cmdline_has(const char *word);
uint64_t now_ms(void);

/* The test module */
extern int test_fd;
extern uint64_t page_size;
void test_open(void);
bool engine_get(uint32_t index, struct pkvm_test_engine *e);
uint32_t nr_engines(void);
int dma(uint32_t engine, bool write, uint64_t addr, uint32_t len);
int dma_read(uint32_t engine, uint64_t addr, uint32_t len);
int dma_write(uint32_t engine, uint64_t addr, uint32_t len);
int buffer_set(uint32_t engine, const void *user);
int buffer_get(uint32_t engine, void *user);
uint64_t pages_alloc(uint64_t size);
void pages_free(uint64_t phys);
void pages_forget(uint64_t phys);
uint64_t virt_to_phys(const void *virt);
void *phys_map(uint64_t phys, uint64_t size);
void access_init(void);
int try_read32(volatile void *p, uint32_t *value);
int try_write32(volatile void *p, uint32_t value);
uint64_t ksym_phys(const char *name);
int klog_open(void);
bool is_own_line(const char *text);
bool klog_wait(int fd, const char *name, uint64_t addr, int timeout_ms);
uint64_t hyp_mem_base(void);
long stream_faults(uint32_t sid);
extern uint32_t test_random_state;
uint32_t test_random(void);
void fill_random(void *p, size_t size);

#endif
