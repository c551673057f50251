// SPDX-License-Identifier: GPL-2.0-only
#include "hostile.h"

/* The number that decides what the attackers do: pkvm_seed=, or a fresh one */
uint64_t attack_seed(void)
{
	char line[2048] = "", *at;
	uint64_t seed = 0;
	FILE *f = fopen("/proc/cmdline", "r");

	if (f) {
		if (!fgets(line, sizeof(line), f))
			*line = 0;
		fclose(f);
	}
	at = strstr(line, "pkvm_seed=");
	if (at)
		return strtoull(at + strlen("pkvm_seed="), NULL, 0);
	f = fopen("/dev/urandom", "r");
	if (f) {
		if (fread(&seed, 4, 1, f) != 1)
			seed = now_ms();
		fclose(f);
	}
	return seed;
}

/* A seed of its own for everyone who makes calls */
uint64_t seed_of(uint64_t seed, uint64_t a, uint64_t b)
{
	return seed * 0x9e3779b97f4a7c15ULL + (a << 40) + b;
}

/* Both engines, and all its pages at IOVA */
bool good_open(struct guest *g, const struct vfio_dev *dev, uint64_t *domain)
{
	if (!guest_open(g, dev, GOOD_PAGES, 2))
		return false;
	touch(g, 0, GOOD_PAGES);
	*domain = alloc_domain(g);
	expect_eq(map_all(g, *domain, IOVA, PVM_IPA, GOOD_PAGES * page_size),
		  GOOD_PAGES * page_size);
	for (unsigned int i = 0; i < 2; i++) {
		add_slot(g, 1 + i, regs_ipa(i, 0), g->regs[i], ENGINE_SIZE);
		expect_eq(attach(g, i, *domain), SUCCESS);
	}
	for (size_t page = 0; page < GOOD_PAGES; page++)
		expect_eq(guest_words(g, PVM_FILL, page, GOOD_WORD << 48), 0);
	return !test_failed;
}

/* Transfer number n; the pages that it does not use must be as they were */
bool good_works(struct guest *g, unsigned int n)
{
	size_t from = 2 * (n % (GOOD_PAGES / 2)), bystander = (from + 5) % GOOD_PAGES;
	bool ok;

	expect_eq(guest_words(g, PVM_FILL, bystander, GOOD_WORD << 48 | n), 0);
	ok = expect(guest_copies(g, n % 2, from, from + 1), "transfer %u", n);
	ok &= expect_eq(guest_words(g, PVM_COUNT_WRONG, bystander, GOOD_WORD << 48 | n), 0);
	return ok;
}
