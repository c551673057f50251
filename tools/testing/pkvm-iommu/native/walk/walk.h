/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walk: calls of host, guests and devices in any order, each checked against
 * the specification. A walk is a list of steps with all their arguments, so that
 * it can be repeated, and shortened until every step matters.
 */
#ifndef NATIVE_WALK_H
#define NATIVE_WALK_H

#include "../ghost/ghost.h"

enum step_kind { STEP_HOST, STEP_GUEST, STEP_MEMORY, STEP_DMA, STEP_EVENT, NR_STEP_KINDS };

/**
 * struct step - one step of a walk
 * @kind: who acts
 * @vm: STEP_GUEST: which
 * @op: call
 * @arg: arguments as in struct ghost_call; of a list of pages: first page, how
 *	many, and how far apart
 * @func: STEP_GUEST: x0
 * @seed: of what happens meanwhile: DMA, and what the SMMUs do when
 * @fault: NATIVE_NR_FAULTS, or what fails
 * @nth: which one
 * @hostile: the host changes memory that it lends during the call
 * @joins: at the same time as the step before
 */
struct step {
	u8	kind, vm, fault;
	bool	hostile, joins;
	u16	nth;
	u64	op, arg[6], func, seed;
};

/* STEP_EVENT, second argument: below that it is about an SMMU, see step.c */
enum { EVENT_HANGS = 1000, EVENT_GONE, EVENT_RECOVERS, EVENT_SLEEP };

#define WALK_MAX_STEPS	20000
#define RACE_MAX_CPUS	3
/* Steps before the first race: what there is to race for */
#define RACE_WARM_UP	300

struct walk {
	struct machine	machine;
	u64		seed;
	u32		dma_rate;
	bool		faults;
	bool		deaf;	/* SMMUs cannot be switched off */
	bool		races;	/* several CPUs make calls at the same time */
	/* For the whole walk: what may fail (test_fail_nth.c), or NATIVE_NR_FAULTS */
	u8		fault;
	unsigned int	at;	/* the step in progress */
	unsigned int	nr_steps;
	struct step	step[WALK_MAX_STEPS];
	/* What went wrong, and how often SMMUs, devices were busy */
	char		failure[256];
	u64		nr_dma, nr_reached, nr_commands, nr_races;
	u64		nr_calls[NR_STEP_KINDS], nr_good[NR_STEP_KINDS];
};

/* generate.c: the next step, guided by the state */
void generate_step(struct rng *rng, const struct ghost *g, bool faults, struct step *step);

/* The model follows some streams, and lists have to exist in host memory */
void step_keep_in_model(struct step *step);

/* step.c: make the call and check it; the states are kept between calls */
void walk_start(struct walk *walk);
void walk_step(struct walk *walk, const struct step *step);
bool walk_call(struct walk *walk, const struct step *step, struct ghost_call *c);
/* In parts: for calls that are made at the same time */
void step_prepare(struct walk *walk, const struct step *step);
bool step_call(const struct step *step, struct ghost_call *c);
void walk_look(struct walk *walk);
const struct ghost *walk_state(void);
/* After calls that were not steps: look again */
void walk_resume(void);
void walk_finish(struct walk *walk);

/* race.c: calls of several CPUs at the same time, in some order of which they end */
bool race_takes(const struct step *first, unsigned int nr, const struct step *step);
bool race_is_close(const struct step *first, unsigned int nr, const struct step *step);
void walk_race(struct walk *walk, const struct step *step, unsigned int nr);

/* walk.c: a whole walk in this process, generated or repeated */
void walk_generate(struct walk *walk, unsigned int nr_steps);
void walk_repeat(struct walk *walk);

/* print.c */
void step_print(const struct step *step, char *buf, size_t size);

/* CPU time that a walk may take: not time, of which there is more on a busy machine */
#define WALK_SECONDS	60
void walk_limit(void);

/* shrink.c: in children; false if it succeeds */
bool walk_fails(struct walk *walk, unsigned int nr_steps);
void walk_shrink(struct walk *walk);
void walk_print(const struct walk *walk);
struct walk *walk_new(void);

/* explore.c */
bool walk_explore(u64 seed, unsigned int seconds);

#endif /* NATIVE_WALK_H */
