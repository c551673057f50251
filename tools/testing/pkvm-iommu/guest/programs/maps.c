// SPDX-License-Identifier: GPL-2.0-only
/*
 * maps [TEST]...: large mappings, and many at a time, of memory that this kernel
 * leaves alone (mem=256M): the VM has not touched it, so that the host has still
 * to give each page.
 */
#include "domain_api.h"

#include <pthread.h>

#define UNTOUCHED	0x90000000ULL	/* pkvm-vmm: RAM_BASE + 256 MiB */
#define SIZE		(256ULL << 20)
#define IOVA		SZ_1G
#define RW		3		/* IOMMU_READ | IOMMU_WRITE */
#define THREADS		4
#define ROUNDS		40

/*
 * The engine writes a page through the domain, the CPU finds it there. Its buffer
 * is filled through another domain, so it is in this one for that long only.
 */
static void check_dma(int fd, uint64_t iova, uint64_t phys)
{
	uint8_t data[PKVM_TEST_BUFFER];
	uint8_t *page = phys_map(phys, page_size);

	fill_random(data, sizeof(data));
	expect_eq(buffer_set(engine.index, data), 0);
	expect_eq(domain_attach(fd), 0);
	expect_eq(dma_write(engine.index, iova, sizeof(data)), 0);
	expect_eq(domain_detach(fd), 0);
	expect(!memcmp(page, data, sizeof(data)), "at %#" PRIx64, iova);
	munmap(page, page_size);
}

static void test_map_256m(void)
{
	int fd = domain_open();

	if (!expect_eq(domain_map(fd, IOVA, UNTOUCHED, SIZE, RW), 0))
		return;
	for (uint64_t at = 0; at < SIZE; at += SIZE / 4 - page_size)
		expect_eq(domain_phys(fd, IOVA + at), UNTOUCHED + at);
	expect_eq(domain_phys(fd, IOVA + SIZE), 0);
	check_dma(fd, IOVA, UNTOUCHED);
	check_dma(fd, IOVA + SIZE / 2, UNTOUCHED + SIZE / 2);
	check_dma(fd, IOVA + SIZE - page_size, UNTOUCHED + SIZE - page_size);
	expect_eq(domain_unmap(fd, IOVA, SIZE), SIZE);
	expect_eq(domain_phys(fd, IOVA + SIZE / 2), 0);
	/* Nothing is left, or this would be refused */
	expect_eq(domain_map(fd, IOVA, UNTOUCHED, SIZE, RW), 0);
	close(fd);
}

/* A thread has a part of the addresses for itself, not of the memory */
struct worker {
	pthread_t thread;
	int fd;
	uint32_t random;
	uint64_t iova;
	unsigned int rounds;
};

static uint32_t worker_random(struct worker *w, uint32_t below)
{
	w->random = w->random * 1664525 + 1013904223;
	return (w->random >> 8) % below;
}

static bool worker_round(struct worker *w)
{
	uint32_t pages = worker_random(w, 8) ? 40 : 600;
	uint64_t size = (1 + worker_random(w, pages)) * page_size;
	uint64_t phys = UNTOUCHED + worker_random(w, 1000) * page_size;
	uint64_t cut = worker_random(w, size / page_size) * page_size;

	if (domain_map(w->fd, w->iova, phys, size, RW) ||
	    domain_phys(w->fd, w->iova) != phys ||
	    domain_phys(w->fd, w->iova + size - page_size) != phys + size - page_size)
		return false;
	/* In two parts, which need not be where a block begins */
	if (cut && domain_unmap(w->fd, w->iova, cut) != cut)
		return false;
	return domain_phys(w->fd, w->iova + cut) == phys + cut &&
	       domain_unmap(w->fd, w->iova + cut, size - cut) == size - cut &&
	       !domain_phys(w->fd, w->iova + cut);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (w->rounds < ROUNDS && worker_round(w))
		w->rounds++;
	return NULL;
}

static void work_in_parallel(bool one_domain)
{
	struct worker workers[THREADS];

	for (unsigned int i = 0; i < THREADS; i++) {
		/* More than a round maps: they share tables, and meet at their ends */
		workers[i] = (struct worker) {
			.fd = one_domain && i ? workers[0].fd : domain_open(),
			.random = i, .iova = IOVA + i * 1024 * page_size,
		};
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		expect(workers[i].rounds == ROUNDS, "thread %u failed after %u", i,
		       workers[i].rounds);
	}
	expect_eq(domain_map(workers[0].fd, IOVA, UNTOUCHED, THREADS * 2 * SZ_2M, RW), 0);
	check_dma(workers[0].fd, IOVA + SZ_2M, UNTOUCHED + SZ_2M);
	for (unsigned int i = 0; i < (one_domain ? 1 : THREADS); i++)
		close(workers[i].fd);
}

static void test_four_cpus(void)
{
	expect_eq(sysconf(_SC_NPROCESSORS_ONLN), THREADS);
}

static void test_concurrent_one_domain(void)
{
	work_in_parallel(true);
}

static void test_concurrent_domains(void)
{
	work_in_parallel(false);
}

static const struct test tests[] = {
	{ "four_cpus", test_four_cpus },
	{ "map_256m", test_map_256m },
	{ "concurrent_one_domain", test_concurrent_one_domain },
	{ "concurrent_domains", test_concurrent_domains },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_domain_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
