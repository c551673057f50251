// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs tests, each in a process of its own, and says so in TAP.
 *
 *	native [--list] [--seed N] [--verbose] [--first] [--only NAME,...] [PATTERN]
 *	native --explore SECONDS [--seed N]
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../walk/walk.h"
#include "test.h"

/* Of CPU time: the machine may be busy */
#define TEST_SECONDS	100

static struct native_test *tests, **tail = &tests;

static struct {
	const char	*pattern, *only;
	u64		seed;
	bool		list, verbose, first;
	unsigned int	nr, failed, explore;
} run;

void native_test_register(struct native_test *test)
{
	*tail = test;
	tail = &test->next;
}

static bool in_list(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *p;

	for (p = list; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, name, len) && (!p[len] || p[len] == ','))
			return true;
	}

	return false;
}

static bool wanted(const char *name)
{
	if (run.only)
		return in_list(run.only, name);

	return !run.pattern || !fnmatch(run.pattern, name, 0) || strstr(name, run.pattern);
}

static void show(FILE *said)
{
	char line[512];

	rewind(said);
	while (fgets(line, sizeof(line), said))
		printf("# %s", line);
}

static bool run_child(const struct native_test *test, const struct machine *m, FILE *said)
{
	struct itimerval limit = { .it_value.tv_sec = TEST_SECONDS };
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fileno(said), STDOUT_FILENO);
		dup2(fileno(said), STDERR_FILENO);
		setitimer(ITIMER_PROF, &limit, NULL);
		test->run(m, run.seed);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		fprintf(said, "killed by signal %d\n", WTERMSIG(status));

	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void run_test(const struct native_test *test, const struct machine *m)
{
	char name[128];
	FILE *said;
	bool ok;

	snprintf(name, sizeof(name), test->each_machine ? "%s.%s/%s" : "%s.%s", test->group,
		 test->name, m->name);
	if (!wanted(name) || (run.first && run.failed))
		return;
	if (run.list) {
		printf("%s\n", name);
		return;
	}
	said = tmpfile();
	ok = run_child(test, m, said);
	run.nr++;
	run.failed += !ok;
	if (!ok || run.verbose)
		show(said);
	printf("%sok %u - %s\n", ok ? "" : "not ", run.nr, name);
	fclose(said);
}

int main(int argc, char **argv)
{
	const struct native_test *test;
	unsigned int i;

	run.seed = 1;
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list"))
			run.list = true;
		else if (!strcmp(argv[i], "--first"))
			run.first = true;
		else if (!strcmp(argv[i], "--verbose"))
			run.verbose = true;
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			run.only = argv[++i];
		else if (!strcmp(argv[i], "--explore") && i + 1 < argc)
			run.explore = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			run.seed = strtoull(argv[++i], NULL, 0);
		else
			run.pattern = argv[i];
	}
	if (run.explore)
		return !walk_explore(run.seed, run.explore);
	if (!run.list)
		printf("TAP version 13\n");
	for (test = tests; test; test = test->next) {
		for (i = 0; i < (test->each_machine ? machine_count() : 1); i++) {
			struct machine m = machine_get(i);

			run_test(test, &m);
		}
	}
	if (!run.list)
		printf("1..%u\n", run.nr);

	return run.failed || (!run.nr && !run.list);
}
