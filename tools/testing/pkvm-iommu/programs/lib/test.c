// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

void ktap_line(const char *fmt, ...)
{
	char line[900];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) != len)
		exit(99);
}

static int ktap_next(void)
{
	FILE *f = fopen(KTAP_COUNT, "r");
	int n = 0;

	if (f) {
		if (fscanf(f, "%d", &n) != 1)
			n = 0;
		fclose(f);
	}
	f = fopen(KTAP_COUNT, "w");
	if (f) {
		fprintf(f, "%d\n", ++n);
		fclose(f);
	}
	return n;
}

/* Tests are named after the group that runs them: tests/GROUP.sh */
static const char *ktap_group(void)
{
	return getenv("KTAP_GROUP") ?: "manual";
}

bool ktap_ok(bool ok, const char *name)
{
	ktap_line("%s %d %s.%s", ok ? "ok" : "not ok", ktap_next(),
		  ktap_group(), name);
	return ok;
}

static void ktap_skip(const char *name, const char *why)
{
	ktap_line("ok %d %s.%s # SKIP %s", ktap_next(), ktap_group(), name, why);
}

bool test_failed;
const char *test_skipped;

static bool test_matches(const char *pattern, const struct test *tests, size_t nr)
{
	while (nr--) {
		if (!fnmatch(pattern, tests[nr].name, 0))
			return true;
	}
	return false;
}

/*
 * Runs those that the patterns on the command line match, or all of them. A pattern that
 * matches none is a result that nobody planned.
 */
int run_tests(const struct test *tests, size_t nr, char **patterns)
{
	int failed = 0;
	size_t i;
	char **p;

	for (p = patterns; *p; p++) {
		if (!test_matches(*p, tests, nr) && !ktap_ok(false, *p))
			failed++;
	}
	for (i = 0; i < nr; i++) {
		for (p = patterns; *p; p++) {
			if (test_matches(*p, &tests[i], 1))
				break;
		}
		if (*patterns && !*p)
			continue;
		test_failed = false;
		test_skipped = NULL;
		tests[i].run();
		if (test_skipped && !test_failed)
			ktap_skip(tests[i].name, test_skipped);
		else if (!ktap_ok(!test_failed, tests[i].name))
			failed++;
	}
	return !!failed;
}

/* Does the kernel's command line have this word? */
bool cmdline_has(const char *word)
{
	bool found = false;
	char line[4096];
	FILE *f = fopen("/proc/cmdline", "r");

	if (f && fgets(line, sizeof(line), f))
		for (char *p = strtok(line, "\n "); p; p = strtok(NULL, "\n "))
			found |= !strcmp(p, word);
	if (f)
		fclose(f);
	return found;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

int test_fd = -1;
uint64_t page_size;

void test_open(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	test_fd = open(PKVM_TEST_PATH, O_RDWR | O_CLOEXEC);
	if (test_fd < 0)
		fatal("cannot open " PKVM_TEST_PATH);
}

bool engine_get(uint32_t index, struct pkvm_test_engine *e)
{
	memset(e, 0, sizeof(*e));
	e->index = index;
	return !ioctl(test_fd, PKVM_TEST_ENGINE, e);
}

uint32_t nr_engines(void)
{
	struct pkvm_test_engine e;
	uint32_t n = 0;

	while (engine_get(n, &e))
		n++;
	return n;
}

int dma(uint32_t engine, bool write, uint64_t addr, uint32_t len)
{
	struct pkvm_test_dma d = {
		.engine = engine, .write = write, .addr = addr, .len = len,
	};

	return ioctl(test_fd, PKVM_TEST_DMA, &d) ? -errno : 0;
}

int dma_read(uint32_t engine, uint64_t addr, uint32_t len)
{
	return dma(engine, false, addr, len);
}

int dma_write(uint32_t engine, uint64_t addr, uint32_t len)
{
	return dma(engine, true, addr, len);
}

static int buffer_copy(uint32_t engine, void *user, bool write)
{
	struct pkvm_test_buffer b = {
		.engine = engine, .write = write, .user = (uintptr_t)user,
	};

	return ioctl(test_fd, PKVM_TEST_COPY, &b) ? -errno : 0;
}

int buffer_set(uint32_t engine, const void *user)
{
	return buffer_copy(engine, (void *)user, true);
}

int buffer_get(uint32_t engine, void *user)
{
	return buffer_copy(engine, user, false);
}

uint64_t pages_alloc(uint64_t size)
{
	struct pkvm_test_pages p = { .size = size };

	return ioctl(test_fd, PKVM_TEST_ALLOC, &p) ? 0 : p.phys;
}

void pages_free(uint64_t phys)
{
	struct pkvm_test_pages p = { .phys = phys };

	if (ioctl(test_fd, PKVM_TEST_FREE, &p))
		fatal("free %#" PRIx64, phys);
}

void pages_forget(uint64_t phys)
{
	struct pkvm_test_pages p = { .phys = phys };

	if (ioctl(test_fd, PKVM_TEST_FORGET, &p))
		fatal("forget %#" PRIx64, phys);
}

uint64_t virt_to_phys(const void *virt)
{
	uint64_t entry = 0, virt_page = (uintptr_t)virt / page_size;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd >= 0) {
		if (pread(fd, &entry, sizeof(entry), virt_page * 8) != 8)
			entry = 0;
		close(fd);
	}
	if (!(entry >> 63))
		return 0;
	return (entry & ((1ULL << 55) - 1)) * page_size;
}

void *phys_map(uint64_t phys, uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, test_fd,
		       phys);

	if (p == MAP_FAILED)
		fatal("mmap %#" PRIx64, phys);
	return p;
}

/*
 * Accesses that may be refused. A stage-2 abort from EL2 arrives as SIGSEGV,
 * an address with nothing behind it as SIGBUS.
 */
static __thread sigjmp_buf access_env;
static __thread volatile bool access_armed;

static void access_fault(int sig)
{
	if (!access_armed) {
		signal(sig, SIG_DFL);
		return;
	}
	access_armed = false;
	siglongjmp(access_env, sig);
}

void access_init(void)
{
	struct sigaction sa = { .sa_handler = access_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

/* 0, or the signal */
int try_read32(volatile void *p, uint32_t *value)
{
	int sig = sigsetjmp(access_env, 0);

	access_armed = !sig;
	if (!sig)
		*value = *(volatile uint32_t *)p;
	access_armed = false;
	return sig;
}

int try_write32(volatile void *p, uint32_t value)
{
	int sig = sigsetjmp(access_env, 0);

	access_armed = !sig;
	if (!sig)
		*(volatile uint32_t *)p = value;
	access_armed = false;
	return sig;
}

/* Kernel symbols */
static uint64_t ksym(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[256], sym[128];
	uint64_t addr, found = 0;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 " %*c %127s", &addr, sym) == 2 &&
		    !strcmp(sym, name))
			found = addr;
	}
	if (f)
		fclose(f);
	return found;
}

uint64_t ksym_phys(const char *name)
{
	struct pkvm_test_kva kva = { .addr = ksym(name) };

	if (!kva.addr || ioctl(test_fd, PKVM_TEST_KVA, &kva))
		return 0;
	return kva.phys;
}

/* The kernel log, from "now" on */
int klog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		fatal("cannot open /dev/kmsg");
	lseek(fd, 0, SEEK_END);
	return fd;
}

static bool has_address(const char *line, uint64_t addr)
{
	char hex[32];
	const char *p;

	snprintf(hex, sizeof(hex), "%" PRIx64, addr);
	for (p = line; (p = strstr(p, hex)); p++) {
		const char *before = p, *after = p + strlen(hex);

		/* leading zeros do not count, other digits do */
		while (before > line && before[-1] == '0')
			before--;
		if (before > line && strchr("123456789abcdef", before[-1]))
			continue;
		if (!*after || !strchr("0123456789abcdef", *after))
			return true;
	}
	return false;
}

/* A KTAP line that quotes the address is not what we look for */
bool is_own_line(const char *text)
{
	return *text == '#' || !strncmp(text, "ok ", 3) ||
	       !strncmp(text, "not ok ", 7);
}

/*
 * Wait until the log has a line with both the name and an address in the page
 * of addr, or, for addr ~0, only the name.
 */
bool klog_wait(int fd, const char *name, uint64_t addr, int timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;
	char record[2048], *text;
	ssize_t len;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		len = read(fd, record, sizeof(record) - 1);
		if (len > 0) {
			record[len] = 0;
			text = strchr(record, ';');
			if (!text || is_own_line(++text))
				continue;
			if (strstr(text, name) &&
			    (addr == ~0ULL || has_address(text, addr)))
				return true;
			continue;
		}
		if (len < 0 && errno == EPIPE)
			continue;
		if (now_ms() >= deadline)
			return false;
		poll(&pfd, 1, 100);
	}
}

/* Where the boot memory of EL2 is; KVM says "Reserved N MiB at 0x..." */
uint64_t hyp_mem_base(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[2048], *at;
	uint64_t base = 0;
	ssize_t len;

	while ((len = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		record[len] = 0;
		at = strstr(record, " MiB at 0x");
		if (at && strstr(record, "Reserved ")) {
			base = strtoull(at + 8, NULL, 16);
			break;
		}
	}
	close(fd);
	return base;
}

/*
 * Fault records that EL2 has reported for a stream, from the counters of the
 * host driver; -1 without it.
 */
long stream_faults(uint32_t sid)
{
	FILE *f = popen("cat /sys/kernel/debug/pkvm-smmu/*/streams 2>/dev/null", "r");
	long faults, found = -1;
	unsigned int id;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%x %*s %*s %ld", &id, &faults) == 2 && id == sid)
			found = faults;
	}
	if (f)
		pclose(f);
	return found;
}

uint32_t test_random_state = 0x2545f491;

uint32_t test_random(void)
{
	uint32_t x = test_random_state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return test_random_state = x;
}

void fill_random(void *p, size_t size)
{
	uint32_t *w = p;

	for (size_t i = 0; i < size / sizeof(*w); i++)
		w[i] = test_random();
}
