// SPDX-License-Identifier: GPL-2.0-only
/*
 * hypercall [TEST]...: every argument of every hypercall wrong in turn. Each
 * gives the errno that pkvm-iommu-host-abi.rst documents and changes nothing.
 */
#include <pthread.h>

#include "dt.h"
#include "hcall.h"
#include "hidden.h"

#define EL2_REGISTERS	dt_regs("arm,smmu-v3").base
#define UNUSED_SID	good.sid
#define IOVA		0x40000000ULL
#define BAD		(~0ULL)

/* A domain with one page mapped at IOVA, and a page that EL2 has */
static struct {
	uint64_t domain, page, el2, size, limit, sid;
} good;

/* For the tables below */
#define D	good.domain
#define P	good.page
#define S	good.size
#define NEXT	(IOVA + S)

static void good_setup(void)
{
	struct answer info = hcall(OP_GET_INFO, 0, 0, 0, 0, 0);

	expect_eq(info.ret, 0);
	expect_eq(hcall(OP_GET_INFO, nr_smmus() - 1, 0, 0, 0, 0).ret, 0);
	good.size = page_size;
	good.sid = (1ULL << info.x2) - 16;	/* no such device */
	good.limit = 1ULL << (info.x3 & 0xff);
	good.el2 = hyp_mem_base();
	good.page = pages_alloc(page_size);
	good.domain = domain_new();
	expect_eq(map(good.domain, IOVA, good.page, page_size, PROT_RW, NULL), 0);
}

static void good_teardown(void)
{
	expect_eq(unmap(good.domain, IOVA, page_size), 0);
	expect_eq(domain_delete(good.domain), 0);
	reclaim_all();
	pages_free(good.page);
}

static void expect_unchanged(const char *what)
{
	expect(is_mapped(good.domain, IOVA, good.page), "after %s: the mapping is gone", what);
	expect(!is_mapped(good.domain, IOVA + page_size, good.page),
	       "after %s: something is mapped behind it", what);
	expect(!is_mapped(good.domain, 0, good.page), "after %s: something is mapped at 0", what);
}

struct bad_call {
	const char *what;
	uint64_t op;
	uint64_t arg[5];
	int errnos[3];		/* any of these */
};

static void check_calls(const struct bad_call *calls, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct bad_call *c = &calls[i];
		struct answer a = hcall(c->op, c->arg[0], c->arg[1], c->arg[2],
					c->arg[3], c->arg[4]);
		bool known = false;

		for (size_t e = 0; e < ARRAY_SIZE(c->errnos); e++)
			known |= c->errnos[e] && a.ret == -c->errnos[e];
		expect(known, "%s: returned %" PRId64 ", not %d", c->what, a.ret,
		       -c->errnos[0]);
		if (c->op == OP_MAP || c->op == OP_UNMAP)
			expect(!a.x2, "%s: %" PRIu64 " bytes done", c->what, a.x2);
		expect_unchanged(c->what);
	}
}

#define CHECK_CALLS(...)						\
	do {								\
		good_setup();						\
		const struct bad_call calls[] = { __VA_ARGS__ };	\
									\
		check_calls(calls, ARRAY_SIZE(calls));			\
		good_teardown();					\
	} while (0)

static void test_bad_op(void)
{
	CHECK_CALLS({ "unknown op", OP_UNKNOWN, { }, { EOPNOTSUPP } },
		    { "op 2^32", 1ULL << 32, { }, { EOPNOTSUPP } },
		    { "op -1", BAD, { }, { EOPNOTSUPP } });
}

/* What was only for boot is gone */
static void test_init_is_over(void)
{
	struct answer a;

	for (uint64_t op = 0; op < 3; op++) {
		a = hcall_func(PKVM_TEST_HVC_IOMMU_INIT, op, EL2_REGISTERS,
			       0x20000, 0, 0, 0);
		expect_eq(a.ret, -ENOSYS);
	}
}

static void test_bad_info(void)
{
	CHECK_CALLS({ "smmu past the last", OP_GET_INFO, { nr_smmus() }, { ENOENT } },
		    { "smmu 2^32", OP_GET_INFO, { 1ULL << 32 }, { ENOENT } },
		    { "smmu -1", OP_GET_INFO, { BAD }, { ENOENT } },
		    { "poll past the last", OP_POLL, { nr_smmus() }, { ENOENT } },
		    { "poll smmu -1", OP_POLL, { BAD }, { ENOENT } });
}

static void test_bad_topup(void)
{
	uint64_t mine, head, other;
	struct answer a;

	CHECK_CALLS({ "65 pages", OP_TOPUP, { good.page, 65 }, { E2BIG } },
		    { "-1 pages", OP_TOPUP, { good.page, BAD }, { E2BIG } },
		    { "a mapped page", OP_TOPUP, { good.page, 1 }, { EBUSY } },
		    { "EL2's page", OP_TOPUP, { good.el2, 1 }, { EPERM } },
		    { "page 0", OP_TOPUP, { 0, 1 }, { EPERM, EINVAL } },
		    { "registers", OP_TOPUP, { EL2_REGISTERS, 1 }, { EPERM, EINVAL } },
		    { "no memory", OP_TOPUP, { 1ULL << 45, 1 }, { EPERM, EINVAL } },
		    { "past all", OP_TOPUP, { 1ULL << 55, 1 }, { EPERM, EINVAL } },
		    { "page -1", OP_TOPUP, { BAD, 1 }, { EPERM, EINVAL } });

	/* A list that ends in a page of EL2: what was taken is reported */
	good_setup();
	mine = pages_alloc(page_size);
	*(uint64_t *)phys_map(mine, page_size) = good.el2;
	a = hcall(OP_TOPUP, mine, 2, 0, 0, 0);
	expect_eq(a.ret, -EPERM);
	expect_eq(a.x3, 1);
	expect_eq(a.x2, good.el2);
	pages_forget(mine);

	/* A list that runs in a circle: the second time it is EL2's */
	head = pages_alloc(page_size);
	other = pages_alloc(page_size);
	*(uint64_t *)phys_map(head, page_size) = other;
	*(uint64_t *)phys_map(other, page_size) = head;
	a = hcall(OP_TOPUP, head, 3, 0, 0, 0);
	expect_eq(a.ret, -EPERM);
	expect_eq(a.x3, 1);
	pages_forget(head);
	pages_forget(other);
	expect_unchanged("odd lists");
	good_teardown();
}

/* Asking for no memory back, and for more than one call gives */
static void test_bad_reclaim(void)
{
	struct answer a;

	good_setup();
	supply(2 * TOPUP_MAX);
	a = hcall(OP_RECLAIM, 0, 0, 0, 0, 0);
	expect_eq(a.ret, 0);
	expect_eq(a.x3, 0);
	a = hcall(OP_RECLAIM, BAD, 0, 0, 0, 0);
	expect_eq(a.ret, 0);
	expect_eq(a.x3, TOPUP_MAX);
	for (uint64_t page = a.x2, next; a.x3--; page = next) {
		uint64_t *words = phys_map(page, page_size), left = 0;

		next = words[0];
		for (size_t i = 1; i < page_size / 8; i++)
			left |= words[i];
		expect(!left, "a page came back with data in it");
		munmap(words, page_size);
		pages_free(page);
	}
	expect_unchanged("reclaim");
	good_teardown();
}

static void test_bad_free(void)
{
	uint64_t other;

	CHECK_CALLS({ "blocked", OP_FREE_DOMAIN, { DOMAIN_BLOCKED }, { ENOENT } },
		    { "identity", OP_FREE_DOMAIN, { DOMAIN_IDENTITY }, { ENOENT } },
		    { "a handle never given", OP_FREE_DOMAIN,
		      { good.domain + 1 }, { ENOENT } },
		    { "2^16 + a handle", OP_FREE_DOMAIN,
		      { good.domain + (1ULL << 16) }, { ENOENT } },
		    { "2^32 + a handle", OP_FREE_DOMAIN,
		      { good.domain + (1ULL << 32) }, { ENOENT } },
		    { "-1", OP_FREE_DOMAIN, { BAD }, { ENOENT } });

	good_setup();
	other = domain_new();
	expect_eq(attach_stream(0, UNUSED_SID, other), 0);
	expect_eq(domain_delete(other), -EBUSY);
	expect_eq(attach_stream(0, UNUSED_SID, DOMAIN_BLOCKED), 0);
	expect_eq(domain_delete(other), 0);
	expect_eq(domain_delete(other), -ENOENT);
	expect_eq(attach_stream(0, UNUSED_SID, other), -ENOENT);
	expect_unchanged("free");
	good_teardown();
}

static void test_bad_attach(void)
{
	uint64_t sids = 1ULL << hcall(OP_GET_INFO, 0, 0, 0, 0, 0).x2;
	uint64_t nr = nr_smmus();

	CHECK_CALLS({ "smmu past last", OP_ATTACH, { nr, UNUSED_SID, good.domain }, { ENOENT } },
		    { "smmu -1", OP_ATTACH, { BAD, UNUSED_SID, good.domain }, { ENOENT } },
		    { "stream past the last", OP_ATTACH,
		      { 0, sids, good.domain }, { ERANGE } },
		    { "stream 2^32", OP_ATTACH,
		      { 0, 1ULL << 32, good.domain }, { ERANGE } },
		    { "stream -1", OP_ATTACH, { 0, BAD, good.domain }, { ERANGE } },
		    { "no such domain", OP_ATTACH,
		      { 0, UNUSED_SID, good.domain + 1 }, { ENOENT } },
		    { "domain -1", OP_ATTACH, { 0, UNUSED_SID, BAD }, { ENOENT } },
		    { "domain 2^32", OP_ATTACH,
		      { 0, UNUSED_SID, 1ULL << 32 }, { ENOENT } });
}

static void test_bad_map(void)
{
	CHECK_CALLS({ "no domain", OP_MAP, { D + 1, NEXT, P, S, 3 }, { ENOENT } },
		    { "blocked", OP_MAP, { 0, NEXT, P, S, 3 }, { ENOENT } },
		    { "identity", OP_MAP, { 1, NEXT, P, S, 3 }, { ENOENT } },
		    { "domain -1", OP_MAP, { BAD, NEXT, P, S, 3 }, { ENOENT } },
		    { "iova + 1", OP_MAP, { D, NEXT + 1, P, S, 3 }, { EINVAL } },
		    { "iova + 512", OP_MAP, { D, NEXT + 512, P, S, 3 }, { EINVAL } },
		    { "iova too large", OP_MAP, { D, good.limit, P, S, 3 }, { ERANGE } },
		    { "iova at the top", OP_MAP, { D, BAD - S + 1, P, S, 3 }, { ERANGE } },
		    { "phys + 1", OP_MAP, { D, NEXT, P + 1, S, 3 }, { EINVAL } },
		    { "EL2's page", OP_MAP, { D, NEXT, good.el2, S, 3 }, { EPERM } },
		    { "EL2's registers", OP_MAP, { D, NEXT, EL2_REGISTERS, S, 3 }, { EPERM } },
		    { "phys 2^52", OP_MAP, { D, NEXT, 1ULL << 52, S, 3 }, { ERANGE, EPERM } },
		    { "phys at the top", OP_MAP, { D, NEXT, BAD - S + 1, S, 3 },
		      { ERANGE, EPERM } },
		    { "size 0", OP_MAP, { D, NEXT, P, 0, 3 }, { EINVAL } },
		    { "size 1", OP_MAP, { D, NEXT, P, 1, 3 }, { EINVAL } },
		    { "size -page", OP_MAP, { D, NEXT, P, BAD - S + 1, 3 }, { ERANGE } },
		    { "past the input size", OP_MAP,
		      { D, good.limit - S, P, 2 * S, 3 }, { ERANGE } },
		    { "no access", OP_MAP, { D, NEXT, P, S, 0 }, { EINVAL } },
		    { "unknown access", OP_MAP, { D, NEXT, P, S, 0x103 }, { EINVAL } },
		    { "access bit 63", OP_MAP, { D, NEXT, P, S, 1ULL << 63 | 3 }, { EINVAL } },
		    { "over a mapping", OP_MAP, { D, IOVA, P, S, 3 }, { EEXIST } });
}

static void test_bad_unmap(void)
{
	CHECK_CALLS({ "no domain", OP_UNMAP, { D + 1, IOVA, S }, { ENOENT } },
		    { "identity", OP_UNMAP, { 1, IOVA, S }, { ENOENT } },
		    { "domain -1", OP_UNMAP, { BAD, IOVA, S }, { ENOENT } },
		    { "iova + 1", OP_UNMAP, { D, IOVA + 1, S }, { EINVAL } },
		    { "iova too large", OP_UNMAP, { D, good.limit, S }, { ERANGE } },
		    { "iova at the top", OP_UNMAP, { D, BAD - S + 1, S }, { ERANGE } },
		    { "size 0", OP_UNMAP, { D, IOVA, 0 }, { EINVAL } },
		    { "size 1", OP_UNMAP, { D, IOVA, 1 }, { EINVAL } },
		    { "size -page", OP_UNMAP, { D, IOVA, BAD - S + 1 }, { ERANGE } },
		    { "nothing there", OP_UNMAP, { D, NEXT, S }, { ENXIO } },
		    { "nothing there at all", OP_UNMAP, { D, 0, S }, { ENXIO } });
}

#define LIST(nr)	(3 | (uint64_t)(nr) << 32)

/* Lists, of which the first piece is bad; the arguments are x2 to x6 */
static void test_bad_lists(void)
{
	CHECK_CALLS({ "map: no domain", OP_MAP_LIST, { D + 1, NEXT, LIST(1), P }, { ENOENT } },
		    { "map: identity", OP_MAP_LIST, { 1, NEXT, LIST(1), P }, { ENOENT } },
		    { "map: no piece", OP_MAP_LIST, { D, NEXT, LIST(0), P }, { EINVAL } },
		    { "map: 14 pieces", OP_MAP_LIST, { D, NEXT, LIST(14), P }, { EINVAL } },
		    { "map: -1 pieces", OP_MAP_LIST, { D, NEXT, BAD << 32 | 3, P }, { EINVAL } },
		    { "map: no access", OP_MAP_LIST, { D, NEXT, 1ULL << 32, P }, { EINVAL } },
		    { "map: unknown access", OP_MAP_LIST, { D, NEXT, LIST(1) | 0x100, P },
		      { EINVAL } },
		    { "map: iova + 1", OP_MAP_LIST, { D, NEXT + 1, LIST(1), P }, { EINVAL } },
		    { "map: iova too large", OP_MAP_LIST, { D, good.limit, LIST(1), P },
		      { ERANGE } },
		    { "map: EL2's page", OP_MAP_LIST, { D, NEXT, LIST(2), good.el2, P },
		      { EPERM } },
		    { "map: phys at the top", OP_MAP_LIST, { D, NEXT, LIST(1), BAD },
		      { ERANGE, EPERM } },
		    { "map: over a mapping", OP_MAP_LIST, { D, IOVA, LIST(2), P, P }, { EEXIST } },
		    { "unmap: no domain", OP_UNMAP_LIST, { D + 1, 1, 0, IOVA }, { ENOENT } },
		    { "unmap: identity", OP_UNMAP_LIST, { 1, 1, 0, IOVA }, { ENOENT } },
		    { "unmap: no range", OP_UNMAP_LIST, { D, 0, 0, IOVA }, { EINVAL } },
		    { "unmap: 14 ranges", OP_UNMAP_LIST, { D, 14, 0, IOVA }, { EINVAL } },
		    { "unmap: 2^32 + 1 ranges", OP_UNMAP_LIST, { D, 1ULL << 32 | 1, 0, IOVA },
		      { EINVAL } },
		    { "unmap: iova too large", OP_UNMAP_LIST, { D, 1, 0, good.limit }, { ERANGE } },
		    { "unmap: iova at the top", OP_UNMAP_LIST, { D, 1, 0, BAD }, { ERANGE } },
		    { "unmap: nothing there", OP_UNMAP_LIST, { D, 1, 0, NEXT }, { ENXIO } },
		    { "unmap: nothing there first", OP_UNMAP_LIST, { D, 2, 0, NEXT, IOVA },
		      { ENXIO } });
}

/*
 * Random calls with arguments near what makes sense, on all CPUs at once. What
 * they return does not matter: EL2 must survive, keep what it owns to itself and
 * give back what it was lent.
 */
#define FUZZ_CALLS	4000
#define FUZZ_HANDLES	12
#define FUZZ_PAGES	1024		/* the first half, so that ranges stay inside */
#define MAX_THREADS	8

static uint64_t fuzz_mem;

static uint64_t next_random(uint64_t *x)
{
	*x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
	return *x >> 24;
}

static uint64_t fuzz_number(uint64_t *x)
{
	uint64_t r = next_random(x);

	switch (r % 8) {
	case 0:
		return 1ULL << (r / 8 % 64);
	case 1:
		return -(1ULL << (r / 8 % 64));
	default:
		return r / 8 % (2 * FUZZ_HANDLES);
	}
}

static uint64_t fuzz_size(uint64_t *x)
{
	uint64_t r = next_random(x);

	return r % 16 ? page_size << (r / 16 % 9) : fuzz_number(x);
}

/* Memory that is neither ours nor EL2's is left alone: the kernel needs it */
static struct answer fuzz_map(uint64_t *x, uint64_t handle, uint64_t iova)
{
	uint64_t r = next_random(x), prot = 3, phys, size = fuzz_size(x);

	switch (r % 8) {
	case 0:
		phys = good.el2 + r / 8 % 64 * page_size;
		break;
	case 1:
		phys = EL2_REGISTERS + r / 8 % 4 * 0x10000;
		break;
	case 2:
		phys = 1ULL << 43 | fuzz_number(x) * page_size;
		break;
	default:
		phys = fuzz_mem + r / 8 % (FUZZ_PAGES / 2) * page_size;
		if (size > FUZZ_PAGES / 2 * page_size)
			size = page_size;
		break;
	}
	if (!(next_random(x) % 16))
		prot = fuzz_number(x);
	return hcall(OP_MAP, handle, iova, phys, size, prot);
}

static uint64_t fuzz_iova(uint64_t *x)
{
	uint64_t r = next_random(x);

	return r % 16 ? IOVA + r / 16 % 1024 * page_size : fuzz_number(x);
}

/* Streams that nothing else uses; no other one, or disks would stop */
static uint64_t fuzz_sid(uint64_t *x)
{
	uint64_t r = next_random(x);

	return r % 16 ? UNUSED_SID + r / 16 % 4 : 1ULL << (16 + r / 16 % 48);
}

static void free_reclaimed(struct answer a)
{
	for (uint64_t page = a.x2, next; a.x3--; page = next) {
		next = page_list_next(page);
		pages_free(page);
	}
}

static void *fuzz(void *arg)
{
	uint64_t x = (uintptr_t)arg;
	struct answer a;

	for (int i = 0; i < FUZZ_CALLS; i++) {
		switch (next_random(&x) % 16) {
		case 0:
			hcall(OP_GET_INFO, fuzz_number(&x), 0, 0, 0, 0);
			break;
		case 1:
			/* only pages that it must refuse: ours would be lost */
			hcall(OP_TOPUP, good.el2 + next_random(&x) % 64 * page_size,
			      fuzz_number(&x), 0, 0, 0);
			break;
		case 2:
			a = hcall(OP_RECLAIM, next_random(&x) % 8, 0, 0, 0, 0);
			if (!a.ret)
				free_reclaimed(a);
			break;
		case 3:
			a = hcall(OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0);
			if (a.ret == -ENOMEM)
				supply(4);
			break;
		case 4:
			hcall(OP_FREE_DOMAIN, fuzz_number(&x), 0, 0, 0, 0);
			break;
		case 5: case 6:
			hcall(OP_ATTACH, next_random(&x) % 16 ? 0 : fuzz_number(&x),
			      fuzz_sid(&x), fuzz_number(&x), 0, 0);
			break;
		case 7: case 8: case 9: case 10:
			a = fuzz_map(&x, fuzz_number(&x), fuzz_iova(&x));
			if (a.ret == -ENOMEM)
				supply(4);
			break;
		case 11: case 12: case 13:
			hcall(OP_UNMAP, fuzz_number(&x), fuzz_iova(&x),
			      fuzz_size(&x), 0, 0);
			break;
		default:
			hcall(OP_UNKNOWN + fuzz_number(&x), fuzz_number(&x),
			      fuzz_number(&x), fuzz_number(&x), 0, 0);
			break;
		}
	}
	return NULL;
}

static void test_random_calls(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[MAX_THREADS];
	uint64_t before, el2_before;

	if (cpus > MAX_THREADS)
		cpus = MAX_THREADS;
	good_setup();
	good_teardown();
	before = hidden_scan();
	el2_before = before;
	fuzz_mem = pages_alloc(FUZZ_PAGES * page_size);
	for (long i = 0; i < cpus; i++)
		pthread_create(&threads[i], NULL, fuzz, (void *)(uintptr_t)(i + 1));
	for (long i = 0; i < cpus; i++)
		pthread_join(threads[i], NULL);
	expect(hidden_scan() >= el2_before, "EL2 has lost pages to the host");

	for (int i = 0; i < 4; i++)
		expect_eq(attach_stream(0, UNUSED_SID + i, DOMAIN_BLOCKED), 0);
	for (uint64_t handle = 2; handle < 4096; handle++)
		domain_delete(handle);
	reclaim_all();
	/* the table of handles may have grown to a few pages more */
	el2_before = hidden_scan();
	expect(el2_before <= before + 4, "%" PRIu64 " pages, %" PRIu64 " before",
	       el2_before, before);
	pages_free(fuzz_mem);
}

static void expect_no_reclaim(const char *what, uint64_t phys)
{
	struct answer a = hcall_func(PKVM_TEST_HVC_FORCE_RECLAIM, phys, 0, 0, 0, 0, 0);

	expect(a.ret < 0 && a.ret != -ENOSYS, "%s at %#" PRIx64 ": %" PRId64,
	       what, phys, a.ret);
}

/* By force the host takes back pages of guests, and nothing else */
static void test_bad_force_reclaim(void)
{
	uint64_t base = hyp_mem_base(), own = pages_alloc(page_size), phys;

	expect_no_reclaim("EL2's code", ksym_phys("__kvm_nvhe___hyp_section_.hyp.text"));
	/* Some of these are in blocks */
	for (phys = base; phys < base + 4 * SZ_2M; phys += SZ_2M / 2)
		expect_no_reclaim("EL2's memory", phys);
	expect_no_reclaim("registers", EL2_REGISTERS);
	expect_no_reclaim("nothing", -page_size);
	expect_no_reclaim("the host's own", own);
}

static const struct test tests[] = {
	{ "bad_op", test_bad_op },
	{ "init_is_over", test_init_is_over },
	{ "bad_info", test_bad_info },
	{ "bad_topup", test_bad_topup },
	{ "bad_reclaim", test_bad_reclaim },
	{ "bad_free", test_bad_free },
	{ "bad_attach", test_bad_attach },
	{ "bad_map", test_bad_map },
	{ "bad_unmap", test_bad_unmap },
	{ "bad_lists", test_bad_lists },
	{ "bad_force_reclaim", test_bad_force_reclaim },
	{ "random_calls", test_random_calls },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	access_init();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
