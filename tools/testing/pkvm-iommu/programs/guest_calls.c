// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_calls [TEST]...: the hypercalls of a guest with every argument wrong in
 * turn: what each returns, and that nothing changed. What they are is described
 * in Documentation/virt/kvm/arm/pkvm-pviommu-guest-abi.rst.
 */
#include "dt.h"
#include "guest_dma.h"

#define PAGES		8
#define BAD_HANDLE	0x1234

static struct vfio_dev pair, single;
static struct guest guest;
static uint64_t domain;

/*
 * A guest at work: engine 0 moves data between two pages, engine 1 is blocked.
 * What a test does must neither stop the one nor let the other through.
 */
static bool setup(void)
{
	if (!guest_open(&guest, &pair, PAGES, 2))
		return false;
	domain = alloc_domain(&guest);
	expect_eq(map_all(&guest, domain, IOVA, page_ipa(0), 2 * page_size),
		  2 * page_size);
	expect_eq(attach(&guest, 0, domain), SUCCESS);
	return !test_failed;
}

static void expect_nothing_changed(void)
{
	expect(dma_copies(&guest, 0, IOVA, 0, IOVA + page_size, 1), "DMA stopped");
	dma_faults(&guest, 0, IOVA + 2 * page_size);
	expect(!dma_copies(&guest, 1, IOVA, 0, IOVA + page_size, 1), "not blocked");
	expect_eq(unmap_all(&guest, domain, IOVA, 2 * page_size), 2 * page_size);
	expect_eq(detach(&guest, 0, domain), SUCCESS);
	expect_eq(free_domain(&guest, domain), SUCCESS);
	guest_close(&guest);
	expect_all_returned();
}

static void test_features(void)
{
	struct answer a;

	if (!setup())
		return;
	a = op(&guest, FEATURES, 0, 0, 0, 0, 0);
	expect_eq(a.x0, SUCCESS);
	expect_eq(a.x1, 7);	/* GET_EVENT, MAP_LIST, UNMAP_LIST */
	expect_eq(a.x2 & -a.x2, page_size);
	expect_eq(__builtin_popcountll(a.x2), 2);
	expect(a.x3 >= 32 && a.x3 <= 48, "%llu bits", (long long)a.x3);
	expect_nothing_changed();
}

static void test_unknown_op(void)
{
	static const uint64_t ops[] = {
		6, 7, 8, 15, 0x14, 0x15, 0x1f, 0x20, 0xff, 1ULL << 32 | ALLOC_DOMAIN,
		1ULL << 63 | FEATURES, 1ULL << 63 | GET_EVENT, ~0ULL,
	};

	if (!setup())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		expect_status(op(&guest, ops[i], domain, IOVA, page_ipa(2), page_size, RW),
			      NOT_SUPPORTED, "op %#" PRIx64, ops[i]);
	expect_nothing_changed();
}

/* A VM without a pvIOMMU has none of this, protected or not */
static void test_no_pviommu(void)
{
	for (int protected = 0; protected < 2; protected++) {
		struct guest g = { };

		if (!expect(!pvm_create(&g.pvm, PAGES, protected), "errno %d", errno))
			return;
		for (uint64_t nr = 0; nr <= GET_EVENT; nr++)
			expect_status(op(&g, nr, 0, 0, 0, 0, 0), NOT_SUPPORTED,
				      "op %d, protected %d", (int)nr, protected);
		expect_status(hvc(&g, DEV_REQ_DMA, 0, 0, 0, 0, 0, 0), NOT_SUPPORTED,
			      "token, protected %d", protected);
		pvm_destroy(&g.pvm);
	}
	expect_all_returned();
}

static void test_must_be_zero(void)
{
	/* For each call that is fine otherwise: its arguments, the first that is 0 */
	const struct {
		uint64_t nr, x[5];
		unsigned int zeroes;
	} calls[] = {
		{ DETACH_DEV, { guest.id, VSID_0, 0, domain, 0 }, 4 },
		{ ALLOC_DOMAIN, { }, 0 },
		{ FREE_DOMAIN, { alloc_domain(&guest) }, 1 },
		{ UNMAP_PAGES, { domain, IOVA, page_size }, 3 },
		{ FEATURES, { }, 0 },
		{ GET_EVENT, { }, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		for (unsigned int n = calls[i].zeroes; n < 5; n++) {
			for (uint64_t bit = 1; bit; bit <<= 21) {
				uint64_t x[5];

				memcpy(x, calls[i].x, sizeof(x));
				x[n] = bit;
				expect_status(op(&guest, calls[i].nr, x[0], x[1], x[2],
						 x[3], x[4]), REFUSED,
					      "op %d, x%u = %#" PRIx64,
					      (int)calls[i].nr, n + 2, bit);
			}
		}
	}
	expect_eq(free_domain(&guest, calls[2].x[0]), SUCCESS);
}

static void test_zeroes(void)
{
	if (!setup())
		return;
	test_must_be_zero();
	expect_nothing_changed();
}

static void test_req_dma(void)
{
	struct answer a, b;
	uint64_t smmu;

	if (!setup())
		return;
	smmu_of("platform", pair.name, &smmu);
	a = hvc(&guest, DEV_REQ_DMA, guest.id, VSID_0, 0, 0, 0, 0);
	b = hvc(&guest, DEV_REQ_DMA, guest.id, VSID_1, 0, 0, 0, 0);
	expect_eq(a.x0, SUCCESS);
	expect_eq(b.x0, SUCCESS);
	expect_eq(a.x1, smmu);
	expect_eq(b.x1, smmu);
	expect_eq(a.x2, stream_of(pair.name, 0));
	expect_eq(b.x2, stream_of(pair.name, 1));
	expect_nothing_changed();
}

static void test_bad_route(void)
{
	const uint64_t names[][2] = {
		{ guest.id, VSID_0 + 1 }, { guest.id, 0 }, { guest.id, ~0U },
		{ guest.id, 1ULL << 32 | VSID_1 }, { guest.id, ~0ULL },
		{ guest.id + 1, VSID_1 }, { 0, VSID_1 }, { ~0U, VSID_1 },
		{ 1ULL << 32 | guest.id, VSID_1 }, { ~0ULL, VSID_1 },
		/* What EL2 calls it is nothing to the guest */
		{ guest.id, guest.sid[0] }, { guest.id, guest.sid[1] },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t id = names[i][0], vsid = names[i][1];

		expect_refused(op(&guest, ATTACH_DEV, id, vsid, 0, domain, 0));
		expect_refused(op(&guest, DETACH_DEV, id, vsid, 0, domain, 0));
		expect_refused(hvc(&guest, DEV_REQ_DMA, id, vsid, 0, 0, 0, 0));
	}
}

static void test_routes(void)
{
	if (!setup())
		return;
	test_bad_route();
	expect_nothing_changed();
}

/* pasid_bits must not size anything, and a PASID does not exist */
static void test_bad_pasid(void)
{
	static const uint64_t bits[] = { 21, 32, 63, 64, 1ULL << 32, ~0ULL };
	static const uint64_t pasids[] = { 1, 0xfffff, 1ULL << 32, ~0ULL };

	if (!setup())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		expect_refused(op(&guest, ATTACH_DEV, guest.id, VSID_1, 0, domain, bits[i]));
	for (size_t i = 0; i < ARRAY_SIZE(pasids); i++) {
		expect_refused(op(&guest, ATTACH_DEV, guest.id, VSID_1, pasids[i], domain, 20));
		expect_refused(op(&guest, DETACH_DEV, guest.id, VSID_0, pasids[i], domain, 0));
	}
	/* All that a PASID could have is allowed, and does nothing */
	expect_eq(op(&guest, ATTACH_DEV, guest.id, VSID_1, 0, domain, 20).x0, SUCCESS);
	expect(dma_copies(&guest, 1, IOVA, 0, IOVA + page_size, 1), "no DMA");
	expect_eq(detach(&guest, 1, domain), SUCCESS);
	expect_nothing_changed();
}

static void expect_no_such_domain(struct guest *g, unsigned int engine, uint64_t handle)
{
	expect_eq(attach(g, engine, handle), REFUSED);
	expect_eq(detach(g, engine, handle), REFUSED);
	expect_eq(free_domain(g, handle), REFUSED);
	/* Where whoever has the domain has nothing, and where it has */
	expect_eq(map_once(g, handle, 2 * IOVA, page_ipa(2), page_size, RW), 0);
	expect_eq(unmap_once(g, handle, IOVA, page_size), 0);
}

static void test_domain_never_allocated(void)
{
	if (!setup())
		return;
	/* The first leaf of EL2's table of handles, and the second */
	for (uint64_t i = 0; i < 530; i += i == 8 ? 500 : 1) {
		if (i != domain)
			expect_no_such_domain(&guest, 1, i);
	}
	for (int shift = 12; shift < 64; shift += 3) {
		expect_no_such_domain(&guest, 1, 1ULL << shift);
		expect_no_such_domain(&guest, 1, 1ULL << shift | domain);
	}
	expect_no_such_domain(&guest, 1, ~0ULL);
	expect_nothing_changed();
}

static void test_domain_freed(void)
{
	uint64_t freed;

	if (!setup())
		return;
	freed = alloc_domain(&guest);
	expect(freed != domain, "%#" PRIx64 " twice", freed);
	expect_eq(map_all(&guest, freed, IOVA, page_ipa(3), page_size), page_size);
	expect_eq(free_domain(&guest, freed), SUCCESS);
	expect_no_such_domain(&guest, 1, freed);
	/* The next to get the handle does not get what was mapped */
	freed = alloc_domain(&guest);
	expect_eq(unmap_once(&guest, freed, IOVA, page_size), 0);
	expect_eq(free_domain(&guest, freed), SUCCESS);
	expect_nothing_changed();
}

static void test_domain_of_another_vm(void)
{
	uint64_t theirs[3];
	struct guest other;

	if (!setup())
		return;
	if (guest_open(&other, &single, PAGES, 1)) {
		for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
			theirs[i] = alloc_domain(&other);
		expect_eq(map_all(&other, theirs[2], IOVA, page_ipa(0), 2 * page_size),
			  2 * page_size);
		expect_eq(attach(&other, 0, theirs[2]), SUCCESS);
		/* Neither its domain nor its stream, by whatever name */
		expect_no_such_domain(&guest, 1, theirs[2]);
		expect_refused(op(&guest, ATTACH_DEV, guest.id, other.sid[0], 0, domain, 0));
		expect_refused(op(&other, DETACH_DEV, other.id, VSID_1, 0, theirs[2], 0));
		expect(dma_copies(&other, 0, IOVA, 0, IOVA + page_size, 1), "DMA stopped");
		guest_close(&other);
	}
	expect_nothing_changed();
}

static void test_domain_still_attached(void)
{
	if (!setup())
		return;
	for (int i = 0; i < 3; i++)
		expect_eq(free_domain(&guest, domain), REFUSED);
	/* One of two streams gone is not all */
	expect_eq(attach(&guest, 1, domain), SUCCESS);
	expect_eq(detach(&guest, 1, domain), SUCCESS);
	expect_eq(free_domain(&guest, domain), REFUSED);
	expect_nothing_changed();
}

static void test_detach_wrong_owner(void)
{
	uint64_t wrong;

	if (!setup())
		return;
	wrong = alloc_domain(&guest);
	expect_eq(detach(&guest, 0, wrong), REFUSED);
	/* A stream that is attached to nothing, to anything */
	expect_eq(detach(&guest, 1, wrong), REFUSED);
	expect_eq(detach(&guest, 1, domain), REFUSED);
	/* Attach replaces nothing */
	expect_eq(attach(&guest, 0, wrong), REFUSED);
	expect_eq(attach(&guest, 0, domain), REFUSED);
	expect_eq(free_domain(&guest, wrong), SUCCESS);
	expect_nothing_changed();
}

static void test_bad_prot(void)
{
	if (!setup())
		return;
	for (int bit = 6; bit < 64; bit++)
		expect_refused(op(&guest, MAP_PAGES, domain, IOVA + 2 * page_size,
				  page_ipa(2), page_size, RW | 1ULL << bit));
	expect_refused(op(&guest, MAP_PAGES, domain, IOVA + 2 * page_size, page_ipa(2),
			  page_size, 0));
	expect_refused(op(&guest, MAP_PAGES, domain, IOVA + 2 * page_size, page_ipa(2),
			  page_size, PROT_CACHE | PROT_NOEXEC | PROT_MMIO | PROT_PRIV));
	/* All that there are, together */
	expect_eq(map_once(&guest, domain, IOVA + 2 * page_size, page_ipa(2), page_size, 63),
		  page_size);
	expect_eq(unmap_once(&guest, domain, IOVA + 2 * page_size, page_size), page_size);
	expect_nothing_changed();
}

static void test_bad_ranges(void)
{
	uint64_t p = page_size, iova = IOVA + 2 * p, ipa = page_ipa(2);
	uint64_t top, ias;

	if (!setup())
		return;
	ias = op(&guest, FEATURES, 0, 0, 0, 0, 0).x3;
	top = 1ULL << ias;
	const uint64_t bad[][3] = {	/* IOVA, IPA, size */
		{ iova + 1, ipa, p }, { iova + p / 2, ipa, p }, { iova + 8, ipa, p },
		{ iova, ipa, 0 }, { iova, ipa, 1 }, { iova, ipa, p - 1 },
		{ iova, ipa, p + 1 }, { iova, ipa, p + p / 2 },
		{ top, ipa, p }, { top - p, ipa, 2 * p }, { iova, ipa, top },
		{ iova, ipa, -iova }, { iova, ipa, -p }, { 0 - p, ipa, p },
		{ 0 - p, ipa, 2 * p }, { 1ULL << 63, ipa, p }, { iova, ipa, 1ULL << 63 },
		{ 1ULL << 63, ipa, 1ULL << 63 },
	};
	const uint64_t bad_ipa[][2] = {
		{ ipa + 1, p }, { ipa + p / 2, p }, { 0 - p, p }, { 0 - p, 2 * p },
		{ 1ULL << 63, p }, { 1ULL << 52, p }, { 1ULL << 48, p },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_status(op(&guest, MAP_PAGES, domain, bad[i][0], bad[i][1],
				 bad[i][2], RW), REFUSED, "map, case %zu", i);
		expect_status(op(&guest, UNMAP_PAGES, domain, bad[i][0], bad[i][2], 0, 0),
			      REFUSED, "unmap, case %zu", i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_ipa); i++)
		expect_status(op(&guest, MAP_PAGES, domain, iova, bad_ipa[i][0],
				 bad_ipa[i][1], RW), REFUSED, "IPA, case %zu", i);
	/* The last page that there is */
	expect_eq(map_once(&guest, domain, top - p, ipa, p, RW), p);
	expect_eq(unmap_once(&guest, domain, top - p, p), p);
	expect_nothing_changed();
}

static const struct test tests[] = {
	{ "guest_features", test_features },
	{ "guest_unknown_op", test_unknown_op },
	{ "guest_no_pviommu", test_no_pviommu },
	{ "guest_must_be_zero", test_zeroes },
	{ "guest_req_dma", test_req_dma },
	{ "guest_bad_route", test_routes },
	{ "guest_bad_pasid", test_bad_pasid },
	{ "guest_domain_never_allocated", test_domain_never_allocated },
	{ "guest_domain_freed", test_domain_freed },
	{ "guest_domain_of_another_vm", test_domain_of_another_vm },
	{ "guest_domain_still_attached", test_domain_still_attached },
	{ "guest_detach_wrong_owner", test_detach_wrong_owner },
	{ "guest_bad_prot", test_bad_prot },
	{ "guest_bad_ranges", test_bad_ranges },
};

int main(int argc, char **argv)
{
	(void)argc;
	open_pair(&pair);
	find_vfio_pci(&single);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
