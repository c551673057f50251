// SPDX-License-Identifier: GPL-2.0-only
/*
 * paging [TEST]...: paging domains by raw hypercalls, with an engine's stream
 * attached where the effect on DMA matters. Each test gives everything back and
 * then compares what EL2 holds with what it held before.
 */
#include <pthread.h>

#include "dt.h"
#include "hcall.h"
#include "hidden.h"
#include "pvm.h"

#define IOVA		0x100000000ULL
#define MAX_THREADS	8

static struct pkvm_test_engine engine;
static unsigned int smmu;	/* that it is behind */

/* What the host cannot read is EL2's: as much after a test as before it */
static uint64_t hidden_before;

static void begin(void)
{
	reclaim_all();
	hidden_before = hidden_scan();
}

/* The test's engine goes back to where the host driver has it */
static void end(void)
{
	expect_eq(attach_stream(smmu, engine.sid, DOMAIN_IDENTITY), 0);
	reclaim_all();
	expect_eq(hidden_scan(), hidden_before);
}

static uint64_t ias_limit(void)
{
	return 1ULL << (hcall(OP_GET_INFO, smmu, 0, 0, 0, 0).x3 & 0xff);
}

/*
 * Fill the engine from one IOVA and write it out at another: what arrives shows
 * that both are mapped, and where.
 */
static bool copies(uint64_t from_iova, uint64_t from, uint64_t to_iova,
		   uint64_t to)
{
	uint32_t *src = phys_map(from, PKVM_TEST_BUFFER);
	uint32_t *dst = phys_map(to, PKVM_TEST_BUFFER);
	bool same;

	fill_random(src, PKVM_TEST_BUFFER);
	memset(dst, 0, PKVM_TEST_BUFFER);
	expect_eq(dma_read(engine.index, from_iova, PKVM_TEST_BUFFER), 0);
	expect_eq(dma_write(engine.index, to_iova, PKVM_TEST_BUFFER), 0);
	same = !memcmp(src, dst, PKVM_TEST_BUFFER);
	munmap(src, PKVM_TEST_BUFFER);
	munmap(dst, PKVM_TEST_BUFFER);
	return same;
}

static void map_one_size(uint64_t size)
{
	uint64_t domain, mem = pages_alloc(size), last = size - page_size;
	uint64_t steps[] = { 0, last / 2 / page_size * page_size, last };

	if (!mem) {
		ktap_line("# no contiguous memory of %#" PRIx64, size);
		return;
	}
	domain = domain_new();
	expect_eq(map(domain, IOVA, mem, size, PROT_RW, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		expect(is_mapped(domain, IOVA + steps[i], mem), "not mapped");
	expect(!is_mapped(domain, IOVA - page_size, mem), "mapped");
	expect(!is_mapped(domain, IOVA + size, mem), "mapped");
	expect_eq(attach_stream(smmu, engine.sid, domain), 0);
	if (size > page_size)
		expect(copies(IOVA, mem, IOVA + last, mem + last),
		       "size %#" PRIx64, size);
	expect_eq(unmap(domain, IOVA, size), 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		expect(!is_mapped(domain, IOVA + steps[i], mem), "mapped");
	expect_eq(attach_stream(smmu, engine.sid, DOMAIN_BLOCKED), 0);
	expect_eq(domain_delete(domain), 0);
	pages_free(mem);
}

static void test_map_sizes(void)
{
	begin();
	for (uint64_t size = page_size; size <= SZ_1G; size *= 4)
		map_one_size(size);
	map_one_size(SZ_2M);
	map_one_size(SZ_1G);
	end();
}

/* A block is one entry: all of it goes, or nothing */
static void test_unmap_part_of_block(void)
{
	uint64_t size = page_size / 8 * page_size, mem, domain;
	struct answer a;

	begin();
	mem = pages_alloc(size);
	domain = domain_new();
	if (!expect(mem, "no block of %#" PRIx64, size))
		return;
	expect_eq(map(domain, IOVA, mem, size, PROT_RW, NULL), 0);
	a = hcall(OP_UNMAP, domain, IOVA + page_size, page_size, 0, 0);
	expect_eq(a.ret, -EINVAL);
	expect_eq(a.x2, 0);
	a = hcall(OP_UNMAP, domain, IOVA, page_size, 0, 0);
	expect_eq(a.ret, -EINVAL);
	expect_eq(a.x2, 0);
	for (uint64_t off = 0; off < size; off += page_size)
		expect(is_mapped(domain, IOVA + off, mem), "not mapped");
	expect_eq(unmap(domain, IOVA, size), 0);
	expect_eq(domain_delete(domain), 0);
	pages_free(mem);
	end();
}

static void test_map_over_mapping(void)
{
	uint64_t size = page_size / 8 * page_size, mem, other, domain, done;

	begin();
	mem = pages_alloc(size);
	other = pages_alloc(size);
	domain = domain_new();
	if (!expect(mem && other, "no block of %#" PRIx64, size))
		return;
	/* one page in the middle: pages before it may be mapped, no page behind */
	expect_eq(map(domain, IOVA + 4 * page_size, mem, page_size, PROT_RW, NULL), 0);
	expect_eq(map(domain, IOVA, other, size, PROT_RW, &done), -EEXIST);
	expect(done <= 4 * page_size, "%#" PRIx64 " bytes done", done);
	expect(is_mapped(domain, IOVA + 4 * page_size, mem), "not mapped");
	for (uint64_t off = 0; off < size; off += page_size) {
		if (off == 4 * page_size)
			continue;
		expect_eq(is_mapped(domain, IOVA + off, other), off < done);
	}
	if (done)
		expect_eq(unmap(domain, IOVA, done), 0);
	expect_eq(unmap(domain, IOVA + 4 * page_size, page_size), 0);

	/* a page into a block, and a block over a block */
	expect_eq(map(domain, IOVA, mem, size, PROT_RW, NULL), 0);
	expect_eq(map(domain, IOVA + page_size, other, page_size, PROT_RW, &done),
		  -EEXIST);
	expect_eq(map(domain, IOVA, other, size, PROT_RW, &done), -EEXIST);
	expect_eq(done, 0);
	expect(is_mapped(domain, IOVA + page_size, mem), "not mapped");
	expect_eq(domain_delete(domain), 0);
	pages_free(mem);
	pages_free(other);
	end();
}

/* As often as a host may want, the zero page for one: a count neither wraps nor is full */
static void test_map_one_page_70000_times(void)
{
	uint64_t domain, mem, head, nr, freed = 0;
	int64_t ret = 0;

	begin();
	mem = pages_alloc(page_size);
	domain = domain_new();
	for (nr = 0; nr < 70000 && !ret; nr += !ret)
		ret = map(domain, IOVA + nr * page_size, mem, page_size, PROT_RW,
			  NULL);
	expect(!ret && nr == 70000, "%" PRIu64 " times, then %" PRId64, nr, ret);
	head = mem;
	expect_eq(hcall(OP_TOPUP, head, 1, 0, 0, 0).ret, -EBUSY);
	while (nr && !unmap(domain, IOVA + (nr - 1) * page_size, page_size)) {
		nr--;
		freed++;
		/* all but the last: still in use, at every power of two */
		if (nr && !(freed & (freed - 1)))
			expect_eq(hcall(OP_TOPUP, head, 1, 0, 0, 0).ret, -EBUSY);
	}
	expect_eq(nr, 0);
	/* now it may be given away */
	*(uint64_t *)phys_map(mem, page_size) = 0;
	expect_eq(hcall(OP_TOPUP, head, 1, 0, 0, 0).ret, 0);
	pages_forget(mem);
	expect_eq(domain_delete(domain), 0);
	end();
}

static void test_map_foreign_pages(void)
{
	uint64_t domain, mine, done, el2 = hyp_mem_base();
	struct pvm pvm;

	begin();
	domain = domain_new();
	expect_eq(map(domain, IOVA, el2, page_size, PROT_RW, &done), -EPERM);
	expect_eq(map(domain, IOVA, el2, SZ_2M, PROT_RW, &done), -EPERM);
	expect_eq(done, 0);
	/* a range that starts as ours and ends as EL2's */
	if (!map(domain, IOVA, el2 - page_size, 2 * page_size, PROT_RW, &done) ||
	    done > page_size)
		expect(false, "%#" PRIx64 " bytes around EL2's first page", done);
	if (done)
		expect_eq(unmap(domain, IOVA, done), 0);
	/* a page lent as table memory */
	mine = pages_alloc(page_size);
	*(uint64_t *)phys_map(mine, page_size) = 0;
	expect_eq(hcall(OP_TOPUP, mine, 1, 0, 0, 0).ret, 0);
	pages_forget(mine);
	expect_eq(map(domain, IOVA, mine, page_size, PROT_RW, &done), -EPERM);
	/* a guest's page */
	if (expect(!pvm_create(&pvm, 4, true), "errno %d", errno)) {
		expect_eq(pvm_call(&pvm, PVM_FILL, 0, 4, 1), 0);
		for (int i = 0; i < 5; i++)
			expect_eq(map(domain, IOVA, pvm.phys[i], page_size,
				      PROT_R, &done), -EPERM);
		pvm_destroy(&pvm);
	}
	expect_eq(unmap(domain, IOVA, page_size), -ENXIO);
	expect_eq(domain_delete(domain), 0);
	end();
}

/* I5: as long as a page is mapped for DMA its owner stays the host */
static void test_donate_while_mapped(void)
{
	uint64_t domain;
	uint32_t value;
	struct pvm pvm;

	begin();
	domain = domain_new();
	if (!expect(!pvm_create(&pvm, 4, true), "errno %d", errno))
		return;
	expect_eq(map(domain, IOVA, pvm.phys[2], page_size, PROT_RW, NULL), 0);
	/* the guest gets along with the first two, not with the third */
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, 2, 1), 0);
	expect_eq(pvm_call(&pvm, PVM_FILL, 2, 1, 1), -1);
	ktap_line("# KVM_RUN of a guest whose page is mapped: errno %d", errno);
	expect_eq(try_read32(pvm.mem + 2 * page_size, &value), 0);
	expect_eq(unmap(domain, IOVA, page_size), 0);
	pvm_destroy(&pvm);

	/* unmapped in time, nothing is in the way */
	if (!expect(!pvm_create(&pvm, 4, true), "errno %d", errno))
		return;
	expect_eq(map(domain, IOVA, pvm.phys[2], page_size, PROT_RW, NULL), 0);
	expect_eq(unmap(domain, IOVA, page_size), 0);
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, 4, 1), 0);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, 4, 1), 0);
	expect(try_read32(pvm.mem + 2 * page_size, &value), "still the host's");
	pvm_destroy(&pvm);
	expect_eq(domain_delete(domain), 0);
	end();
}

static void test_share_while_mapped(void)
{
	uint64_t domain, mem = pages_alloc(page_size);
	struct answer a;

	begin();
	domain = domain_new();
	expect_eq(map(domain, IOVA, mem, page_size, PROT_RW, NULL), 0);
	/* a shared page stays the host's own: both are allowed, in any order */
	a = hcall_func(PKVM_TEST_HVC_SHARE_HYP, mem / page_size, 0, 0, 0, 0, 0);
	expect_eq(a.ret, 0);
	expect(is_mapped(domain, IOVA, mem), "not mapped");
	expect_eq(unmap(domain, IOVA, page_size), 0);
	expect_eq(map(domain, IOVA, mem, page_size, PROT_RW, NULL), 0);
	a = hcall_func(PKVM_TEST_HVC_UNSHARE_HYP, mem / page_size, 0, 0, 0, 0, 0);
	expect_eq(a.ret, 0);
	expect_eq(unmap(domain, IOVA, page_size), 0);
	expect_eq(domain_delete(domain), 0);
	pages_free(mem);
	end();
}

/* What the device could reach before the unmap it must not reach after it */
static void test_no_stale_translation(void)
{
	uint64_t domain, a = pages_alloc(page_size), b = pages_alloc(page_size);
	uint32_t *mem = phys_map(a, page_size);

	begin();
	domain = domain_new();
	expect_eq(attach_stream(smmu, engine.sid, domain), 0);
	for (int round = 0; round < 3; round++) {
		expect_eq(map(domain, IOVA, a, page_size, PROT_RW, NULL), 0);
		expect_eq(map(domain, IOVA + page_size, b, page_size, PROT_RW, NULL), 0);
		expect(copies(IOVA, a, IOVA + page_size, b), "round %d", round);
		expect_eq(unmap(domain, IOVA, page_size), 0);
		mem[0] = 0x600d;
		expect_eq(dma_write(engine.index, IOVA, 4096), 0);
		expect_eq(mem[0], 0x600d);
		expect_eq(unmap(domain, IOVA + page_size, page_size), 0);
	}
	/* the same IOVA in another page: the new one is meant */
	expect_eq(map(domain, IOVA, a, page_size, PROT_RW, NULL), 0);
	expect_eq(dma_write(engine.index, IOVA, 4096), 0);
	expect_eq(unmap(domain, IOVA, page_size), 0);
	expect_eq(map(domain, IOVA, b, page_size, PROT_RW, NULL), 0);
	mem[0] = 0x600d;
	expect_eq(dma_write(engine.index, IOVA, 4096), 0);
	expect_eq(mem[0], 0x600d);
	expect_eq(unmap(domain, IOVA, page_size), 0);
	expect_eq(attach_stream(smmu, engine.sid, DOMAIN_BLOCKED), 0);
	expect_eq(domain_delete(domain), 0);
	munmap(mem, page_size);
	pages_free(a);
	pages_free(b);
	end();
}

/* The write comes first: QEMU does not report what it refuses from its TLB */
static void test_read_only(void)
{
	uint64_t domain, a = pages_alloc(page_size);
	uint32_t *mem = phys_map(a, page_size), got[PKVM_TEST_BUFFER / 4];
	long faults;

	begin();
	domain = domain_new();
	expect_eq(attach_stream(smmu, engine.sid, domain), 0);
	expect_eq(map(domain, IOVA, a, page_size, PROT_R, NULL), 0);
	mem[0] = 0xf00d;
	faults = stream_faults(engine.sid);
	expect_eq(dma_write(engine.index, IOVA, 4), 0);
	expect_eq(mem[0], 0xf00d);
	for (uint64_t until = now_ms() + 10000; now_ms() < until;) {
		if (stream_faults(engine.sid) > faults)
			break;
		poll(NULL, 0, 10);
	}
	expect_eq(stream_faults(engine.sid), faults + 1);
	mem[0] = 0x600d;
	expect_eq(dma_read(engine.index, IOVA, 4096), 0);
	expect_eq(dma_write(engine.index, IOVA, 4096), 0);
	expect_eq(unmap(domain, IOVA, page_size), 0);
	expect_eq(attach_stream(smmu, engine.sid, DOMAIN_IDENTITY), 0);
	expect_eq(buffer_get(engine.index, got), 0);
	expect_eq(got[0], 0x600d);
	expect_eq(domain_delete(domain), 0);
	munmap(mem, page_size);
	pages_free(a);
	end();
}

/* A blocked stream reaches nothing, whatever it was attached to before */
static void test_attach_and_block(void)
{
	uint64_t one, two, a = pages_alloc(page_size), b = pages_alloc(page_size);
	uint32_t *mem = phys_map(a, page_size), *other = phys_map(b, page_size);

	begin();
	one = domain_new();
	two = domain_new();
	expect_eq(map(one, IOVA, a, page_size, PROT_RW, NULL), 0);
	expect_eq(map(two, IOVA, b, page_size, PROT_RW, NULL), 0);
	for (int round = 0; round < 3; round++) {
		mem[0] = 0x600d;
		other[0] = 0x600d;
		memset(mem + 1, 0x11, 4092);
		expect_eq(attach_stream(smmu, engine.sid, one), 0);
		expect_eq(dma_read(engine.index, IOVA, 4096), 0);
		mem[0] = 0xf00d;
		expect_eq(attach_stream(smmu, engine.sid, two), 0);
		expect_eq(dma_write(engine.index, IOVA, 4096), 0);
		expect_eq(mem[0], 0xf00d);
		expect(other[0] == 0x600d && other[1] == 0x11111111,
		       "round %d: second domain not reached", round);
		expect_eq(attach_stream(smmu, engine.sid, DOMAIN_BLOCKED), 0);
		other[0] = 0xf00d;
		expect_eq(dma_write(engine.index, IOVA, 4096), 0);
		expect_eq(dma_write(engine.index, a, 4096), 0);
		expect(mem[0] == 0xf00d && other[0] == 0xf00d, "not blocked");
		expect_eq(attach_stream(smmu, engine.sid, DOMAIN_IDENTITY), 0);
		expect_eq(dma_write(engine.index, b, 4096), 0);
		expect_eq(other[0], 0x600d);
	}
	expect_eq(domain_delete(one), 0);
	expect_eq(domain_delete(two), 0);
	munmap(mem, page_size);
	munmap(other, page_size);
	pages_free(a);
	pages_free(b);
	end();
}

/*
 * A call does a bounded amount and says how much; without memory it says so,
 * and what it has done by then stays.
 */
static void test_partial_progress(void)
{
	uint64_t size = SZ_2M * 64, mem, domain, done = 0, calls = 0, empty = 0;
	struct answer a;

	begin();
	domain = domain_new();
	mem = pages_alloc(SZ_2M);
	if (!expect(mem, "no memory"))
		return;
	/* the same 2 MiB again and again, off by a page: no blocks */
	for (done = 0; done < size && calls < 1000000; calls++) {
		uint64_t off = done % (SZ_2M - page_size);
		uint64_t len = SZ_2M - page_size - off;

		if (len > size - done)
			len = size - done;
		a = hcall(OP_MAP, domain, IOVA + done, mem + page_size + off, len,
			  PROT_RW);
		expect(a.x2 <= len, "%#" PRIx64 " of %#" PRIx64, a.x2, len);
		done += a.x2;
		if (a.ret == -ENOMEM) {
			expect(a.x3, "no memory, but none needed?");
			supply(a.x3);
			empty++;
		} else if (!expect_eq(a.ret, 0)) {
			break;
		}
	}
	ktap_line("# %" PRIu64 " calls, %" PRIu64 " times more memory", calls, empty);
	expect(empty, "needs no memory for tables?");
	expect_eq(done, size);
	expect_eq(unmap(domain, IOVA, size), 0);
	expect_eq(domain_delete(domain), 0);
	pages_free(mem);
	end();
}

/* All memory that a domain took comes back with its end, mapped or not */
static void test_memory_comes_back(void)
{
	uint64_t domain, mem = pages_alloc(page_size), first = 0, nr;

	begin();
	for (int round = 0; round < 5; round++) {
		domain = domain_new();
		for (uint64_t i = 0; i < 64; i++)
			expect_eq(map(domain, IOVA + i * SZ_1G, mem, page_size,
				      PROT_RW, NULL), 0);
		expect_eq(domain_delete(domain), 0);
		nr = reclaim_all();
		if (!round)
			first = nr;
		expect(nr >= 64, "%" PRIu64 " pages for 64 tables", nr);
		expect_eq(nr, first);
	}
	pages_free(mem);
	end();
}

/* The end of the input range, and its last page */
static void test_last_page(void)
{
	uint64_t domain, mem = pages_alloc(page_size);
	uint64_t last = ias_limit() - page_size;

	begin();
	domain = domain_new();
	expect_eq(map(domain, last, mem, page_size, PROT_RW, NULL), 0);
	expect_eq(map(domain, 0, mem, page_size, PROT_RW, NULL), 0);
	expect(is_mapped(domain, last, mem), "not mapped");
	expect(is_mapped(domain, 0, mem), "not mapped");
	expect_eq(unmap(domain, last, page_size), 0);
	expect_eq(unmap(domain, 0, page_size), 0);
	expect_eq(domain_delete(domain), 0);
	pages_free(mem);
	end();
}

/* More domains at once than one page of anything holds */
static void test_many_domains(void)
{
	uint64_t domain[600];
	uint64_t mem = pages_alloc(page_size);

	for (size_t i = 0; i < ARRAY_SIZE(domain); i++)
		domain[i] = domain_new();
	for (size_t i = 0; i < ARRAY_SIZE(domain); i++)
		expect_eq(domain_delete(domain[i]), 0);
	/* The table of handles has its size now, and keeps it */
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(domain); i++) {
		domain[i] = domain_new();
		expect_eq(map(domain[i], IOVA, mem, page_size, PROT_RW, NULL), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(domain); i++) {
		expect(is_mapped(domain[i], IOVA, mem), "not mapped");
		expect_eq(domain_delete(domain[i]), 0);
		expect_eq(unmap(domain[i], IOVA, page_size), -ENOENT);
	}
	expect_eq(hcall(OP_TOPUP, mem, 1, 0, 0, 0).ret, 0);
	pages_forget(mem);
	end();
}

/*
 * Several CPUs on one domain, one page and one pool: whatever wins, nothing may
 * be left of it in the end.
 */
struct worker {
	pthread_t thread;
	uint64_t domain, mem, seed, busy;
};

static void *worker(void *arg)
{
	struct worker *w = arg;
	uint64_t x = w->seed, own, done;
	int64_t ret;

	for (int i = 0; i < 400; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		uint64_t iova = IOVA + (x >> 40) % 64 * page_size;

		ret = map(w->domain, iova, w->mem, page_size, PROT_RW, &done);
		if (ret && ret != -EEXIST)
			w->busy = -ret;
		ret = unmap(w->domain, iova, page_size);
		if (ret && ret != -ENXIO)
			w->busy = -ret;
		if (i % 16)
			continue;
		own = domain_new();
		ret = map(own, iova, w->mem, page_size, PROT_RW, &done);
		if (ret || domain_delete(own))
			w->busy = 1000 - ret;
	}
	return NULL;
}

static void test_concurrent(void)
{
	struct worker w[MAX_THREADS] = { };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t domain, mem = pages_alloc(page_size);

	if (cpus > MAX_THREADS)
		cpus = MAX_THREADS;
	begin();
	domain = domain_new();
	supply(TOPUP_MAX);
	for (long i = 0; i < cpus; i++) {
		w[i] = (struct worker){ .domain = domain, .mem = mem, .seed = i + 1 };
		pthread_create(&w[i].thread, NULL, worker, &w[i]);
	}
	for (long i = 0; i < cpus; i++) {
		pthread_join(w[i].thread, NULL);
		expect_eq(w[i].busy, 0);
	}
	for (uint64_t i = 0; i < 64; i++)
		unmap(domain, IOVA + i * page_size, page_size);
	/* no reference is left */
	*(uint64_t *)phys_map(mem, page_size) = 0;
	expect_eq(hcall(OP_TOPUP, mem, 1, 0, 0, 0).ret, 0);
	pages_forget(mem);
	expect_eq(domain_delete(domain), 0);
	end();
}

static const struct test tests[] = {
	{ "map_sizes", test_map_sizes },
	{ "unmap_part_of_block", test_unmap_part_of_block },
	{ "map_over_mapping", test_map_over_mapping },
	{ "map_one_page_70000_times", test_map_one_page_70000_times },
	{ "map_foreign_pages", test_map_foreign_pages },
	{ "donate_while_mapped", test_donate_while_mapped },
	{ "share_while_mapped", test_share_while_mapped },
	{ "no_stale_translation", test_no_stale_translation },
	{ "read_only", test_read_only },
	{ "attach_and_block", test_attach_and_block },
	{ "partial_progress", test_partial_progress },
	{ "memory_comes_back", test_memory_comes_back },
	{ "last_page", test_last_page },
	{ "many_domains", test_many_domains },
	{ "concurrent", test_concurrent },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	access_init();
	if (!engine_get(0, &engine))
		fatal("no engine");
	smmu = smmu_of_engine(&engine);
	/* EL2 keeps the table of handles that comes with the first domain */
	domain_delete(domain_new());
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
