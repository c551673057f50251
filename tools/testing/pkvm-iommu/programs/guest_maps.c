// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_maps [TEST]...: what a guest can and cannot map, how far one call goes,
 * and that EL2 gets what it needs from the host meanwhile.
 */
#include "guest_dma.h"

#include <pthread.h>

#define MANY_MAPS	70000
#define NO_MEMORY	0x20000000ULL	/* an IPA that no slot has */
#define NR_DOMAINS	700		/* more than a page of handles */
#define RACED_PAGES	64		/* less than 32 MiB, where the second IOVA is */

static struct vfio_dev pair, single;

/* The handle of a domain that engine 0 is attached to */
static uint64_t open_attached(struct guest *g, size_t nr_pages)
{
	uint64_t domain;

	if (!guest_open(g, &pair, nr_pages, 2))
		return 0;
	domain = alloc_domain(g);
	expect_eq(attach(g, 0, domain), SUCCESS);
	return domain;
}

static void close_attached(struct guest *g, uint64_t domain)
{
	expect_eq(detach(g, 0, domain), SUCCESS);
	expect_eq(free_domain(g, domain), SUCCESS);
	guest_close(g);
	expect_all_returned();
}

/* Unmap and free give up what a map of so many pages holds, or the VM hangs here */
static void test_page_mapped_70000_times(void)
{
	struct guest g;
	uint64_t domain = open_attached(&g, 4), p = page_size;
	const uint64_t x[] = { PVIOMMU_OP, MAP_PAGES, domain, IOVA, page_ipa(0), p, RW };
	struct answer a;

	if (!domain)
		return;
	a = hvc_many(&g, x, p, MANY_MAPS);
	expect_eq(a.x0, SUCCESS);
	expect_eq(a.count, MANY_MAPS);
	/* It has not become another's page, nor forgotten */
	expect_eq(map_once(&g, domain, IOVA + MANY_MAPS * p, page_ipa(1), p, RW), p);
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + MANY_MAPS * p, 1), "first");
	expect(dma_copies(&g, 0, IOVA + (MANY_MAPS - 1) * p, 0, IOVA + MANY_MAPS * p, 1),
	       "last");
	/* And once more where it is not any more */
	expect_eq(unmap_once(&g, domain, IOVA + 7 * p, p), p);
	expect_eq(map_once(&g, domain, IOVA + 7 * p, page_ipa(0), p, RW), p);
	expect_eq(unmap_all(&g, domain, IOVA, 7 * p), 7 * p);
	close_attached(&g, domain);
}

static void test_map_across_end_of_block(void)
{
	struct guest g;
	uint64_t domain, block, iova;

	if (!guest_open(&g, &pair, 4 * SZ_2M / page_size, 2))
		return;
	block = block_size(&g);
	if (block > SZ_2M) {	/* the host has none of that size for sure */
		test_skipped = "blocks are larger than 2M with these pages";
		goto out;
	}
	domain = alloc_domain(&g);
	iova = IOVA + 8 * block;
	touch(&g, 0, block / page_size);
	touch(&g, 1000, 2);
	expect_eq(attach(&g, 0, domain), SUCCESS);
	expect_eq(map_all(&g, domain, iova, page_ipa(0), block), block);
	/* It is one: a part cannot be unmapped */
	expect_eq(unmap_once(&g, domain, iova, page_size), 0);
	expect_eq(unmap_once(&g, domain, iova + page_size, block - page_size), 0);
	/* Over its beginning, within, over its end: nothing of it changes */
	expect_eq(map_once(&g, domain, iova - page_size, page_ipa(1000), 2 * page_size, RW),
		  page_size);
	expect_eq(map_once(&g, domain, iova, page_ipa(1000), block, RW), 0);
	expect_eq(map_once(&g, domain, iova + page_size, page_ipa(1000), page_size, RW), 0);
	expect_eq(map_once(&g, domain, iova + block - page_size, page_ipa(1000),
			   2 * page_size, RW), 0);
	expect_eq(map_once(&g, domain, iova + block, page_ipa(1001), page_size, RW), page_size);
	for (size_t i = 0; i < block / page_size; i += block / page_size / 4)
		expect(dma_copies(&g, 0, iova + i * page_size, i, iova + block, 1001),
		       "page %zu", i);
	expect(dma_copies(&g, 0, iova - page_size, 1000, iova + block, 1001), "before");
	/* Nothing was mapped behind, and all of it goes as it came */
	dma_faults(&g, 0, iova + block + page_size);
	expect_eq(unmap_all(&g, domain, iova - page_size, block + 2 * page_size),
		  block + 2 * page_size);
	dma_faults(&g, 0, iova);
	expect_eq(detach(&g, 0, domain), SUCCESS);
	expect_eq(free_domain(&g, domain), SUCCESS);
out:
	guest_close(&g);
	expect_all_returned();
}

static void test_unmap_partial(void)
{
	struct guest g;
	uint64_t domain = open_attached(&g, 16), p = page_size;

	if (!domain)
		return;
	touch(&g, 0, 16);
	/* Pages 0 to 3, and after a hole of 2, pages 6 and 7 */
	expect_eq(map_all(&g, domain, IOVA, page_ipa(0), 4 * p), 4 * p);
	expect_eq(map_all(&g, domain, IOVA + 6 * p, page_ipa(6), 2 * p), 2 * p);
	expect_eq(unmap_once(&g, domain, IOVA + 4 * p, p), 0);
	expect_eq(unmap_once(&g, domain, IOVA - p, 4 * p), 0);
	/* From the middle, up to the hole and not beyond */
	expect_eq(unmap_once(&g, domain, IOVA + 2 * p, 6 * p), 2 * p);
	expect_eq(unmap_once(&g, domain, IOVA + 2 * p, 2 * p), 0);
	expect_eq(map_once(&g, domain, IOVA + p, page_ipa(1), p, RW), 0);
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + 6 * p, 6), "no DMA");
	expect(dma_copies(&g, 0, IOVA + 7 * p, 7, IOVA + p, 1), "no DMA");
	dma_faults(&g, 0, IOVA + 2 * p);
	/* A map stops at what is mapped */
	expect_eq(map_once(&g, domain, IOVA + 3 * p, page_ipa(8), 5 * p, RW), 3 * p);
	expect(dma_copies(&g, 0, IOVA + 5 * p, 10, IOVA + 6 * p, 6), "no DMA");
	expect_eq(unmap_all(&g, domain, IOVA + 3 * p, 100 * p), 5 * p);
	close_attached(&g, domain);
}

/* No page of it is memory, whatever the guest says of its attributes */
static void test_map_device_mmio(void)
{
	struct guest g;
	uint64_t domain = open_attached(&g, 2);

	if (!domain)
		return;
	for (int mmio = 0; mmio <= PROT_MMIO && !test_failed; mmio += PROT_MMIO) {
		expect_eq(map_once(&g, domain, IOVA, PVM_DOORBELL, page_size, RW | mmio), 0);
		expect_eq(map_once(&g, domain, IOVA, 0x10000000, page_size, RW | mmio), 0);
	}
	/* The device is the VM's as far as its DMA goes, but not its registers */
	expect_refused(hvc(&g, DEV_REQ_MMIO, NO_MEMORY, 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, NO_MEMORY + 1, 0, 0, 0, 0, 0));
	dma_faults(&g, 0, IOVA);
	close_attached(&g, domain);
}

static void test_no_memory_slot(void)
{
	struct guest g;
	uint64_t domain = open_attached(&g, 4), p = page_size;
	/* The page after the last one is the code, and then there is nothing */
	uint64_t end = page_ipa(5);

	if (!domain)
		return;
	for (int i = 0; i < 20 && !test_failed; i++) {
		expect_refused(op(&g, MAP_PAGES, domain, IOVA, NO_MEMORY + i * p, p, RW));
		expect_refused(op(&g, MAP_PAGES, domain, IOVA, NO_MEMORY, p, RW));
	}
	expect_refused(op(&g, MAP_PAGES, domain, IOVA, end, p, RW));
	expect_refused(op(&g, MAP_PAGES, domain, IOVA, 0, p, RW));
	/* What there is, is mapped; and the call that comes back for more is refused */
	expect_eq(map_all(&g, domain, IOVA, page_ipa(2), 100 * p), 3 * p);
	expect(dma_copies(&g, 0, IOVA, 2, IOVA + p, 3), "no DMA");
	dma_faults(&g, 0, IOVA + 3 * p);
	close_attached(&g, domain);
}

/* The guest maps what it has not touched; the device is the first to */
static void test_pages_not_given_yet(void)
{
	const size_t pages = 2048;
	struct guest g;
	uint64_t domain = open_attached(&g, pages), p = page_size;

	if (!domain)
		return;
	expect_eq(map_all(&g, domain, IOVA, page_ipa(0), pages * p), pages * p);
	for (size_t i = 1; i < pages; i += 511)
		expect(dma_copies(&g, 0, IOVA + (i - 1) * p, i - 1, IOVA + i * p, i),
		       "page %zu", i);
	expect_eq(unmap_all(&g, domain, IOVA, pages * p), pages * p);
	close_attached(&g, domain);
}

/* The host is asked for all of it at once, be some of it there; not for what has no slot */
static void test_untouched_at_once(void)
{
	const size_t pages = 64;
	struct guest g;
	uint64_t domain = open_attached(&g, pages), p = page_size;

	if (!domain)
		return;
	touch(&g, 9, 2);
	expect_eq(map_once(&g, domain, IOVA, page_ipa(1), (pages - 1) * p, RW), (pages - 1) * p);
	expect(dma_copies(&g, 0, IOVA, 1, IOVA + (pages - 2) * p, pages - 1), "no DMA");
	/* The last is that of the code */
	expect_eq(map_once(&g, domain, IOVA + pages * p, page_ipa(0), 2 * pages * p, RW),
		  (pages + 1) * p);
	close_attached(&g, domain);
}

/* One of two vCPUs that map the same pages, one by one */
struct mapper {
	pthread_t		thread;
	pthread_barrier_t	*step;
	struct guest		guest;
	uint64_t		domain, iova, done;
};

static void *map_in_step(void *arg)
{
	struct mapper *m = arg;
	uint64_t p = page_size;

	for (size_t i = 0; i < RACED_PAGES; i++) {
		pthread_barrier_wait(m->step);
		m->done += map_once(&m->guest, m->domain, m->iova + i * p, page_ipa(i), p, RW);
	}
	return NULL;
}

/* Both lack each page; to the slower one it is there, not lost */
static void test_two_vcpus_lack_a_page(void)
{
	static struct mapper m[2];
	struct guest *g = &m[0].guest;
	pthread_barrier_t step;
	uint64_t domain;

	if (!guest_prepare(g, &pair, RACED_PAGES, 2))
		return;
	m[1].guest = *g;
	if (!expect(!pvm_open_vcpu(&m[1].guest.pvm, &g->pvm, 1), "vCPU: errno %d", errno))
		goto out;
	domain = alloc_domain(g);
	expect_eq(attach(g, 0, domain), SUCCESS);
	pthread_barrier_init(&step, NULL, 2);
	for (size_t i = 0; i < 2; i++) {
		m[i].step = &step;
		m[i].domain = domain;
		m[i].iova = IOVA + i * SZ_2M * 16;
		pthread_create(&m[i].thread, NULL, map_in_step, &m[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(m[i].thread, NULL);
		expect_eq(m[i].done, RACED_PAGES * page_size);
	}
	expect(dma_copies(g, 0, IOVA, 0, m[1].iova + page_size, 1), "no DMA");
out:
	pvm_close_vcpu(&m[1].guest.pvm);
	guest_close(g);
	expect_all_returned();
}

/* As many as memory allows, in more than one VM at once */
static void test_many_domains(void)
{
	static uint64_t handles[2][NR_DOMAINS];
	struct guest g[2];

	if (!guest_open(&g[0], &pair, 4, 2))
		return;
	if (!guest_open(&g[1], &single, 4, 1)) {
		guest_close(&g[0]);
		return;
	}
	for (size_t i = 0; i < NR_DOMAINS && !test_failed; i++) {
		for (int n = 0; n < 2; n++) {
			handles[n][i] = alloc_domain(&g[n]);
			for (size_t j = 0; j < i; j++)
				expect(handles[n][j] != handles[n][i], "%zu is %zu", j, i);
			expect_eq(map_once(&g[n], handles[n][i], IOVA, page_ipa(i % 4),
					   page_size, RW), page_size);
		}
	}
	/* The last is as good as the first */
	for (int n = 0; n < 2; n++) {
		uint64_t last = handles[n][NR_DOMAINS - 1];

		expect_eq(map_once(&g[n], last, IOVA + page_size, page_ipa(0), page_size, RW),
			  page_size);
		expect_eq(attach(&g[n], 0, last), SUCCESS);
		expect(dma_copies(&g[n], 0, IOVA, (NR_DOMAINS - 1) % 4, IOVA + page_size, 0),
		       "VM %d", n);
		expect_eq(detach(&g[n], 0, last), SUCCESS);
	}
	for (size_t i = 0; i < NR_DOMAINS && !test_failed; i++)
		expect_eq(free_domain(&g[0], handles[0][i]), SUCCESS);
	/* The second VM dies with all of its own */
	guest_close(&g[0]);
	guest_close(&g[1]);
	expect_all_returned();
}

/* One call does so much and no more, whatever it is asked for */
static void test_bounded_work(void)
{
	const uint64_t asked = 1ULL << 30, most = page_size * (page_size / 8);
	const size_t pages = 3 * SZ_2M / page_size;
	struct guest g;
	uint64_t domain = open_attached(&g, pages), done, max = 0, n;

	if (!domain)
		return;
	touch(&g, 0, pages);
	for (done = 0; (n = map_once(&g, domain, IOVA + page_size + done, page_ipa(0) + done,
				     asked - done, RW)); done += n)
		max = n > max ? n : max;
	/* The code's page is memory too */
	expect_eq(done, (pages + 1) * page_size);
	expect(max <= most, "%#" PRIx64 " mapped in one call", max);
	max = 0;
	for (done = 0; (n = unmap_once(&g, domain, IOVA + page_size + done, asked - done));
	     done += n)
		max = n > max ? n : max;
	expect_eq(done, (pages + 1) * page_size);
	expect(max <= most, "%#" PRIx64 " unmapped in one call", max);
	/* Freed with everything mapped, it takes several rounds that nobody sees */
	expect_eq(map_all(&g, domain, IOVA, page_ipa(0), pages * page_size), pages * page_size);
	close_attached(&g, domain);
}

/* The same call again and again needs memory again and again */
static void test_memory_refill(void)
{
	const uint64_t x[] = { PVIOMMU_OP, ALLOC_DOMAIN, 0, 0, 0, 0, 0 };
	struct guest g;
	uint64_t domain = open_attached(&g, 4), ias;
	struct answer a;
	long before;

	if (!domain)
		return;
	before = vm_pages();
	a = hvc_many(&g, x, 0, 600);
	expect_eq(a.x0, SUCCESS);
	expect_eq(a.count, 600);
	expect(vm_pages() >= before + 1200, "%ld", vm_pages());

	/* Each map needs all tables on its way */
	before = vm_pages();
	ias = op(&g, FEATURES, 0, 0, 0, 0, 0).x3;
	for (unsigned int bit = 30; bit < ias; bit++)
		expect_eq(map_once(&g, domain, 1ULL << bit, page_ipa(0), page_size, RW),
			  page_size);
	expect(vm_pages() >= before + (long)ias - 32, "%ld", vm_pages());
	/* No more is lent than is used, but for one refill of each vCPU */
	expect(vm_pages() <= before + 3 * ((long)ias - 30) + 32, "%ld", vm_pages());
	close_attached(&g, domain);
}

/* Shared with the host it is still the guest's, and cannot be taken back while mapped */
static void test_shared_page(void)
{
	struct guest g;
	uint64_t domain = open_attached(&g, 4), p = page_size;
	uint32_t value;

	if (!domain)
		return;
	expect_eq(hvc(&g, MEM_SHARE, page_ipa(0), 0, 0, 0, 0, 0).x0, SUCCESS);
	expect_eq(try_read32(g.pvm.mem, &value), 0);
	expect_eq(map_all(&g, domain, IOVA, page_ipa(0), 2 * p), 2 * p);
	expect(dma_copies(&g, 0, IOVA, 0, IOVA + p, 1), "no DMA");
	expect_eq(hvc(&g, MEM_UNSHARE, page_ipa(0), 0, 0, 0, 0, 0).x0, REFUSED);
	expect_eq(try_read32(g.pvm.mem, &value), 0);
	expect_eq(unmap_all(&g, domain, IOVA, 2 * p), 2 * p);
	expect_eq(hvc(&g, MEM_UNSHARE, page_ipa(0), 0, 0, 0, 0, 0).x0, SUCCESS);
	expect_eq(try_read32(g.pvm.mem, &value), SIGSEGV);
	close_attached(&g, domain);
}

static const struct test tests[] = {
	{ "guest_page_mapped_70000_times", test_page_mapped_70000_times },
	{ "guest_map_across_end_of_block", test_map_across_end_of_block },
	{ "guest_unmap_partial", test_unmap_partial },
	{ "guest_map_device_mmio", test_map_device_mmio },
	{ "guest_no_memory_slot", test_no_memory_slot },
	{ "guest_pages_not_given_yet", test_pages_not_given_yet },
	{ "guest_untouched_at_once", test_untouched_at_once },
	{ "guest_two_vcpus_lack_a_page", test_two_vcpus_lack_a_page },
	{ "guest_many_domains", test_many_domains },
	{ "guest_bounded_work", test_bounded_work },
	{ "guest_memory_refill", test_memory_refill },
	{ "guest_shared_page", test_shared_page },
};

int main(int argc, char **argv)
{
	(void)argc;
	open_pair(&pair);
	find_vfio_pci(&single);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
