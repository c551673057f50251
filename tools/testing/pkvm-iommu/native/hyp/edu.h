/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that may be assigned: QEMU's "edu" functions, one for each range of
 * registers, with what their last owner left in them.
 */
#ifndef NATIVE_EDU_H
#define NATIVE_EDU_H

#include "machine.h"

#define EDU_MAX			(MACHINE_MAX_DEVICES * MACHINE_MAX_RANGES)

/**
 * struct edu - a function
 * @base: physical address
 * @size: bytes
 * @dev: the device that it is part of
 * @va: where EL2 has it
 * @host: a bit for each page that the host's stage 2 has
 * @hung: never comes to rest
 * @gone: does not decode accesses
 * @busy: looks until the DMA engine comes to rest
 * @buffer: holds something
 * @liveness: as written
 */
struct edu {
	u64				base, size;
	const struct machine_device	*dev;
	void				*va;
	u32				host;
	bool				hung, gone;
	u32				busy;
	bool				buffer;
	u32				liveness, factorial, irq;
	u64				src, dst, count;
};

extern struct edu edus[EDU_MAX];
extern unsigned int nr_edus;

void edu_create(const struct machine *m);
struct edu *edu_at(u64 phys);
/* Whoever has it uses it: leaves something everywhere */
void edu_use(struct edu *edu);
bool edu_is_clean(const struct edu *edu);

/* The host's stage 2, as far as devices go */
void edu_map(u64 start, u64 end);
void edu_unmap(u64 base, u64 size);

/* EL2's accesses */
void edu_set_va(u64 phys, void *va);
u64 edu_read(const volatile void *addr);
void edu_write(const volatile void *addr, u64 val);

#endif /* NATIVE_EDU_H */
