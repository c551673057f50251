/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inputs of a fuzzer as calls: each is checked against the specification, and at
 * the end of an input everything is taken down, so that the next one finds the
 * machine as the first did.
 */
#ifndef NATIVE_FUZZ_H
#define NATIVE_FUZZ_H

#include "../walk/walk.h"

struct fuzz_input {
	const u8	*data;
	size_t		left;
};

/* The next call of this kind; false: the input is over */
bool fuzz_step(struct fuzz_input *in, enum step_kind kind, struct step *step);
void fuzz_start(void);
void fuzz_do(const struct step *step);
void fuzz_finish(void);

#endif /* NATIVE_FUZZ_H */
