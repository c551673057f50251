// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommu_stat [TEST]...: what pkvm-iommu-stat shows of devices, while they change hands
 * and domains.
 */
#include "guest_dma.h"

#define HOST_IOVA	0x123400000ULL

static struct vfio_dev pair;
static struct pkvm_test_engine engine;

/* The line of a stream, without what is before the device's name */
static bool find_row(uint64_t sid, char *row, size_t size)
{
	FILE *f = popen("pkvm-iommu-stat", "r");
	bool found = false;
	unsigned long id;
	int skip;

	while (f && fgets(row, size, f)) {
		skip = 0;
		if (sscanf(row, " %lx %n", &id, &skip) == 1 && skip && id == sid &&
		    strstr(row, "0x")) {
			memmove(row, row + skip, strlen(row + skip) + 1);
			found = true;
			break;
		}
	}
	if (f)
		pclose(f);
	return found;
}

static bool row_has(uint64_t sid, const char *fmt, ...)
{
	char row[256] = "no row", want[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	find_row(sid, row, sizeof(row));
	return expect(strstr(row, want), "stream %#" PRIx64 ": no \"%s\" in: %s", sid, want,
		      row);
}

static unsigned long faults_of(uint64_t sid)
{
	char row[256] = "", *last;

	if (!expect(find_row(sid, row, sizeof(row)), "stream %#" PRIx64, sid))
		return 0;
	row[strcspn(row, "\n")] = 0;
	last = strrchr(row, ' ');
	return last ? strtoul(last, NULL, 10) : 0;
}

static void test_owners(void)
{
	uint64_t sid[2];
	struct guest g;

	if (!guest_open(&g, &pair, 4, 2))
		return;
	memcpy(sid, g.sid, sizeof(sid));
	for (int i = 0; i < 2; i++) {
		row_has(sid[i], "%s ", pair.name);
		row_has(sid[i], " VM 0x1");
		row_has(sid[i], " %-8" PRIu64 " %#-11x -         -  ", g.id, g.vsid[i]);
	}
	guest_close(&g);
	for (int i = 0; i < 2; i++) {
		row_has(sid[i], "%s ", pair.name);
		row_has(sid[i], " host       -        -           ");
	}
}

static void test_faults(void)
{
	unsigned long before;
	uint64_t domain;
	struct guest g;

	if (!guest_open(&g, &pair, 4, 2))
		return;
	domain = alloc_domain(&g);
	expect_eq(map_all(&g, domain, IOVA, page_ipa(0), 2 * page_size), 2 * page_size);
	expect_eq(attach(&g, 0, domain), SUCCESS);
	before = faults_of(g.sid[0]);
	dma_faults(&g, 0, IOVA + 2 * page_size);
	expect(faults_of(g.sid[0]) > before, "%lu faults", before);
	expect_eq(unmap_all(&g, domain, IOVA, 2 * page_size), 2 * page_size);
	expect_eq(detach(&g, 0, domain), SUCCESS);
	guest_close(&g);
}

static void test_mapped(void)
{
	struct pkvm_test_map map = {
		.engine = engine.index, .prot = 3, .iova = HOST_IOVA, .size = SZ_2M,
	};

	map.phys = pages_alloc(SZ_2M);
	expect_eq(err(ioctl(test_fd, PKVM_TEST_DOMAIN_ALLOC, &map)), 0);
	expect_eq(err(ioctl(test_fd, PKVM_TEST_DOMAIN_ATTACH, &map)), 0);
	row_has(engine.sid, " paging    0 ");
	expect_eq(err(ioctl(test_fd, PKVM_TEST_MAP, &map)), 0);
	row_has(engine.sid, " paging    2 MiB ");
	map.size = page_size;
	map.iova += SZ_2M;
	expect_eq(err(ioctl(test_fd, PKVM_TEST_MAP, &map)), 0);
	row_has(engine.sid, " paging    %" PRIu64 " KiB ", (SZ_2M + page_size) >> 10);
	expect_eq(err(ioctl(test_fd, PKVM_TEST_UNMAP, &map)), 0);
	map.size = SZ_2M;
	map.iova = HOST_IOVA;
	expect_eq(err(ioctl(test_fd, PKVM_TEST_UNMAP, &map)), 0);
	row_has(engine.sid, " paging    0 ");
	expect_eq(err(ioctl(test_fd, PKVM_TEST_DOMAIN_DETACH, &map)), 0);
	row_has(engine.sid, " identity  - ");
	expect_eq(err(ioctl(test_fd, PKVM_TEST_DOMAIN_FREE)), 0);
	pages_free(map.phys);
}

static const struct test tests[] = {
	{ "stat_owners", test_owners },
	{ "stat_faults", test_faults },
	{ "stat_mapped", test_mapped },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	for (uint32_t i = 0; engine_get(i, &engine) && engine.platform; i++)
		;
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
