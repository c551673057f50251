// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs walks in children, and shortens one that fails: remove a piece, and if what
 * is left fails in the same way, it did not matter.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "walk.h"

#define MAX_TRIES	1500

/* Shared with children, which fill it in */
struct walk *walk_new(void)
{
	struct walk *walk = mmap(NULL, sizeof(*walk), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (walk == MAP_FAILED)
		return NULL;
	walk->fault = NATIVE_NR_FAULTS;

	return walk;
}

static void too_long(int sig)
{
	native_fail("I7: a call does not end");
}

void walk_limit(void)
{
	struct itimerval limit = { .it_value.tv_sec = WALK_SECONDS };

	signal(SIGPROF, too_long);
	setitimer(ITIMER_PROF, &limit, NULL);
}

static bool child_fails(struct walk *walk, unsigned int nr_steps, bool quiet)
{
	int status, null;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (!pid) {
		if (quiet) {
			null = open("/dev/null", O_WRONLY);
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
		}
		walk_limit();
		if (nr_steps)
			walk_generate(walk, nr_steps);
		else
			walk_repeat(walk);
		exit(0);
	}

	return waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status);
}

/* @nr_steps new ones, or 0: the steps that are there */
bool walk_fails(struct walk *walk, unsigned int nr_steps)
{
	walk->failure[0] = 0;

	return child_fails(walk, nr_steps, false);
}

/* The first words say what kind of failure it is; none: a crash */
static bool same_failure(const char *a, const char *b)
{
	return !strncmp(a, b, 8);
}

void walk_shrink(struct walk *walk)
{
	struct walk *less = walk_new();
	unsigned int piece = walk->nr_steps / 2 ?: 1, at, tries = 0;

	/* Whoever seeded a fault knows it */
	if (getenv("NATIVE_NO_SHRINK"))
		piece = 0;
	while (piece && tries < MAX_TRIES) {
		bool removed = false;

		for (at = 0; at < walk->nr_steps && tries < MAX_TRIES; tries++) {
			unsigned int end = min(at + piece, walk->nr_steps);

			memcpy(less, walk, offsetof(struct walk, step));
			memcpy(less->step, walk->step, at * sizeof(*walk->step));
			memcpy(less->step + at, walk->step + end,
			       (walk->nr_steps - end) * sizeof(*walk->step));
			less->nr_steps = walk->nr_steps - (end - at);
			less->failure[0] = 0;
			if (child_fails(less, 0, true) &&
			    same_failure(less->failure, walk->failure)) {
				memcpy(walk->step, less->step,
				       less->nr_steps * sizeof(*walk->step));
				walk->nr_steps = less->nr_steps;
				removed = true;
			} else {
				at += piece;
			}
		}
		piece = removed ? piece : piece / 2;
		piece = min(piece, walk->nr_steps);
	}
	munmap(less, sizeof(*less));
}

void walk_print(const struct walk *walk)
{
	char line[256];
	unsigned int i;

	printf("machine %s, seed %lu, DMA once in %u points, %u steps:\n", walk->machine.name,
	       walk->seed, walk->dma_rate, walk->nr_steps);
	for (i = 0; i < walk->nr_steps; i++) {
		step_print(&walk->step[i], line, sizeof(line));
		printf("  %3u %s\n", i, line);
	}
}
