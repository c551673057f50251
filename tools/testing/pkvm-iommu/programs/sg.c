// SPDX-License-Identifier: GPL-2.0-only
/*
 * sg [TEST]...: scatterlists. What a driver maps for its device in one call is mapped,
 * however often a page is in it and whatever lies behind its pieces.
 */
#include "hcall.h"

#define IOVA		0x100000000ULL
#define MANY		70000
#define PIECE		10	/* pages, of which a boundary fits 16 */
#define WINDOW		16
#define MAP_EVENT	"/sys/kernel/tracing/events/iommu/map/enable"
#define TRACE		"/sys/kernel/tracing/trace"

static struct pkvm_test_engine engine;

/* What the engine reads there is what is in memory */
static bool reads(uint64_t addr, const void *want)
{
	uint8_t buffer[PKVM_TEST_BUFFER];

	fill_random(buffer, sizeof(buffer));
	expect_eq(buffer_set(engine.index, buffer), 0);
	expect_eq(dma_read(engine.index, addr, sizeof(buffer)), 0);
	expect_eq(buffer_get(engine.index, buffer), 0);
	return !memcmp(buffer, want, sizeof(buffer));
}

static int sg_map(struct pkvm_test_sg *sg)
{
	sg->engine = engine.index;
	return ioctl(test_fd, PKVM_TEST_SG_MAP, sg) ? -errno : 0;
}

static void sg_unmap(void)
{
	expect_eq(ioctl(test_fd, PKVM_TEST_SG_UNMAP), 0);
}

/* O_DIRECT from memory that was never touched: the same page, so often */
static void test_zero_page(void)
{
	uint8_t *zero = mmap(NULL, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pkvm_test_sg sg = {
		.nr = MANY, .nr_pieces = 1, .piece[0].len = page_size,
	};
	struct pkvm_test_piece *last = &sg.piece[PKVM_TEST_SG_PIECES - 1];

	expect_eq(zero[0], 0);
	sg.piece[0].addr = virt_to_phys(zero);
	if (!expect(sg.piece[0].addr, "no zero page") || !expect_eq(sg_map(&sg), 0))
		return;
	expect(reads(sg.piece[0].addr, zero), "first");
	expect(reads(last->addr + last->len - page_size, zero), "last");
	sg_unmap();
	/* All of it is unmapped: it can be mapped so often again */
	sg = (struct pkvm_test_sg) {
		.nr = MANY, .nr_pieces = 1, .piece[0] = { virt_to_phys(zero), page_size },
	};
	if (expect_eq(sg_map(&sg), 0))
		sg_unmap();
	munmap(zero, page_size);
}

/* Take back what EL2 has until this page has come, which stays off the books */
static void take_back(uint64_t page)
{
	struct answer a;

	do {
		a = hcall(OP_RECLAIM, 1, 0, 0, 0, 0);
		if (!expect_eq(a.ret, 0) || !expect_eq(a.x3, 1))
			return;
		if (a.x2 != page)
			pages_free(a.x2);
	} while (a.x2 != page);
}

/*
 * The second piece starts at a boundary, and the page behind the first one is EL2's:
 * what the device has between them is no concern of its driver, and not EL2's.
 */
static void test_padded(void)
{
	uint64_t window = WINDOW * page_size, a = pages_alloc(window), b = pages_alloc(window);
	uint64_t behind = a + PIECE * page_size, addr[2];
	struct pkvm_test_sg sg = {
		.nr = 2, .nr_pieces = 2, .boundary = window - 1,
		.piece = { { a, PIECE * page_size }, { b, PIECE * page_size } },
	};
	uint8_t *mem[2] = { phys_map(a, window), phys_map(b, window) };

	for (int i = 0; i < 2; i++)
		fill_random(mem[i], PIECE * page_size);
	memset(mem[0] + PIECE * page_size, 0, page_size);
	if (!expect_eq(hcall(OP_TOPUP, behind, 1, 0, 0, 0).ret, 0))
		return;
	if (expect_eq(sg_map(&sg), 0)) {
		expect_eq(sg.nr, 2);
		for (int i = 0; i < 2; i++) {
			addr[i] = sg.piece[i].addr;
			expect_eq(sg.piece[i].len, PIECE * page_size);
			expect_eq(addr[i] & (window - 1), 0);
			for (uint64_t off = 0; off < PIECE * page_size; off += 3 * page_size)
				expect(reads(addr[i] + off, mem[i] + off),
				       "piece %d, %#" PRIx64, i, off);
		}
		/* In the gap there is more of the second piece */
		expect(reads(addr[0] + PIECE * page_size, mem[1]), "the gap");
		sg_unmap();
	}
	take_back(behind);
	pages_free(a);
	pages_free(b);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);

	expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: errno %d",
	       path, errno);
	close(fd);
}

/* Maps that the kernel has traced between these addresses */
static int traced(uint64_t from, uint64_t to)
{
	FILE *trace = fopen(TRACE, "r");
	uint64_t iova, end;
	char line[300];
	int nr = 0;

	while (trace && fgets(line, sizeof(line), trace)) {
		char *map = strstr(line, " map: IOMMU: iova=0x");

		if (map && sscanf(map, " map: IOMMU: iova=0x%" SCNx64 " - 0x%" SCNx64, &iova,
				  &end) == 2)
			nr += iova >= from && end <= to;
	}
	if (expect(trace, "errno %d", errno))
		fclose(trace);
	return nr;
}

/* The core traces each stretch of a scatterlist, whoever maps it */
static void test_traced(void)
{
	uint64_t mem = pages_alloc(8 * page_size), size = 4 * page_size;
	struct pkvm_test_map map = { .iova = IOVA, .size = size };
	struct pkvm_test_sg sg = {
		.nr = 3, .nr_pieces = 3, .iova = IOVA,
		/* The last two are one stretch */
		.piece = { { mem, page_size }, { mem + 4 * page_size, 2 * page_size },
			   { mem + 6 * page_size, page_size } },
	};

	expect_eq(ioctl(test_fd, PKVM_TEST_DOMAIN_ALLOC, &map), 0);
	write_file(TRACE, "");
	write_file(MAP_EVENT, "1");
	expect_eq(sg_map(&sg), 0);
	write_file(MAP_EVENT, "0");
	expect_eq(traced(IOVA, IOVA + size), 2);
	expect_eq(ioctl(test_fd, PKVM_TEST_UNMAP, &map), 0);
	expect_eq(map.size, size);
	expect_eq(ioctl(test_fd, PKVM_TEST_DOMAIN_FREE), 0);
	pages_free(mem);
}

static const struct test tests[] = {
	{ "sg_zero_page_70000_times", test_zero_page },
	{ "sg_padded", test_padded },
	{ "sg_traced", test_traced },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	if (!engine_get(0, &engine))
		fatal("no engine");
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
