/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For checks of a whole state: return what does not hold, in words.
 */
#ifndef NATIVE_GHOST_MUST_H
#define NATIVE_GHOST_MUST_H

#include <stdio.h>

static char said[256];

#define MUST(x, ...)							\
do {									\
	if (!(x)) {							\
		snprintf(said, sizeof(said), __VA_ARGS__);		\
		return said;						\
	}								\
} while (0)

#endif /* NATIVE_GHOST_MUST_H */
