// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm_kill [TEST]...: a VMM is killed while both streams of its VM's device do
 * DMA, again and again. The device is the platform device with two engines.
 *
 * Memory of a plain VM is not wiped when it comes back, so nothing can be told from
 * what is in it.
 */
#include <sys/wait.h>

#include "edu.h"
#include "guest.h"

#define CYCLES	100
#define PAGES	64
#define REGS	0x10000000ULL	/* boot/machine.py: EDU_BARS */

/*
 * Nothing resets this device. What its VM did not live to see end may end when the
 * device is the host's again, in the identity domain, and must not find memory there.
 */
#define NOWHERE	0x20000000000ULL

/* In all words of the VM's memory, and so of what its device holds */
#define SEED	0x5ec2e7f100000000ULL

static struct vfio_dev dev;
static char host_states[64];
static volatile uint8_t *regs[2];	/* of the engines, whosever they are */
static unsigned int late_words;

/* Its own transfers, or those that the VMM before it did not live to see end */
static void edu_start_next(struct guest *g, unsigned int engine, bool to_bus,
			   uint64_t addr)
{
	while (*edu_reg(g->regs[engine], EDU_CMD) & EDU_START)
		usleep(1000);
	edu_start(g->regs[engine], to_bus, addr, EDU_BYTES);
}

/*
 * Says where its VM's memory is, then one byte for each transfer that it starts,
 * and has no end.
 */
static void vmm(int report)
{
	uint64_t domain;
	struct guest g;

	if (!guest_open(&g, &dev, PAGES, 2))
		_exit(1);
	expect_eq(pvm_call(&g.pvm, PVM_FILL, 0, PAGES, SEED), 0);
	domain = alloc_domain(&g);
	expect_eq(map_all(&g, domain, NOWHERE, page_ipa(0), PAGES * page_size),
		  PAGES * page_size);
	for (unsigned int i = 0; i < 2; i++)
		expect_eq(attach(&g, i, domain), 0);
	if (test_failed ||
	    write(report, g.pvm.phys, PAGES * sizeof(uint64_t)) < 0)
		_exit(2);
	for (unsigned int n = 0;; n++) {
		edu_start_next(&g, n % 2, n / 2 % 2, NOWHERE + n % PAGES * page_size);
		if (write(report, "x", 1) != 1)
			_exit(3);
	}
}

/* What a VM had is the host's again; it ends after its VMM */
static bool all_returned(void)
{
	char states[64];

	for (int i = 0; i < 500; i++) {
		stream_states(&dev, states, sizeof(states));
		if (!vm_pages() && !strcmp(states, host_states))
			return true;
		usleep(20000);
	}
	return expect(false, "%ld pages held, streams %s not %s", vm_pages(), states,
		      host_states);
}

/*
 * The transfers of a dead VM end some time, where nothing is any more: no word of
 * it may be in the pages that were its memory.
 */
static void look_for_late_words(const uint64_t phys[PAGES])
{
	for (unsigned int i = 0; i < 2; i++) {
		while (*edu_reg(regs[i], EDU_CMD) & EDU_START)
			usleep(1000);
	}
	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t *page = phys_map(phys[i], page_size);

		for (size_t word = 0; word < page_size / sizeof(*page); word++)
			late_words += (page[word] ^ SEED) >> 32 == 0;
		munmap(page, page_size);
	}
}

/* Killed when it has started some number of transfers and before they end */
static bool kill_in_dma(unsigned int transfers)
{
	uint64_t phys[PAGES];
	int fds[2], status;
	char started;
	pid_t pid;

	if (pipe(fds))
		fatal("pipe");
	pid = fork();
	if (!pid) {
		close(fds[0]);
		vmm(fds[1]);
	}
	close(fds[1]);
	expect_eq(read(fds[0], phys, sizeof(phys)), sizeof(phys));
	for (unsigned int n = 0; n < transfers && !test_failed; n++)
		expect_eq(read(fds[0], &started, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fds[0]);
	if (!expect(WIFSIGNALED(status) && !test_failed, "status %#x", status) ||
	    !all_returned())
		return false;
	if (!guest_is_plain())
		look_for_late_words(phys);
	return true;
}

static void test_killed_in_dma(void)
{
	for (unsigned int n = 0; n < CYCLES; n++) {
		if (!kill_in_dma(1 + n % 5)) {
			ktap_line("# cycle %u", n);
			return;
		}
	}
}

static void test_no_late_dma(void)
{
	expect_eq(late_words, 0);
}

/* What is allocated once and kept is allocated after this */
static void test_warm_up(void)
{
	for (unsigned int n = 0; n < 10; n++)
		kill_in_dma(1 + n % 5);
}

static const struct test tests[] = {
	{ "kill_warm_up", test_warm_up },
	{ "killed_in_dma", test_killed_in_dma },
	{ "killed_no_late_dma", test_no_late_dma },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	access_init();
	for (unsigned int i = 0; i < 2; i++)
		regs[i] = phys_map(REGS + i * ENGINE_SIZE, page_size);
	find_vfio_dev(&dev, "platform", "edu-pair");
	stream_states(&dev, host_states, sizeof(host_states));
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
