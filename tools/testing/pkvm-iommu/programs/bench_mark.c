// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_mark begin|end: one of the marks of the benchmark, for a script.
 */
#include "test.h"

#include "../modules/bench_marks.h"

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "begin"))
		bench_mark(MARK_BEGIN);
	else
		bench_mark(MARK_END);
	return 0;
}
