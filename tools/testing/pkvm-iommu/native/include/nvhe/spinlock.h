/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks that know their name: hyp/lock.c checks the documented order.
 */
#ifndef NATIVE_NVHE_SPINLOCK_H
#define NATIVE_NVHE_SPINLOCK_H

#include <native/kernel.h>

typedef struct {
	u32	held;
} hyp_spinlock_t;

#define __HYP_SPIN_LOCK_UNLOCKED	{ 0 }
#define DEFINE_HYP_SPINLOCK(x)		hyp_spinlock_t x

/* hyp/lock.c */
void native_lock(hyp_spinlock_t *lock, const char *name);
void native_unlock(hyp_spinlock_t *lock, const char *name);
void native_assert_held(hyp_spinlock_t *lock, const char *name);

#define hyp_spin_lock_init(l)		((l)->held = 0)
#define hyp_spin_lock(l)		native_lock(l, #l)
#define hyp_spin_unlock(l)		native_unlock(l, #l)
#define hyp_assert_lock_held(l)		native_assert_held(l, #l)

#endif /* NATIVE_NVHE_SPINLOCK_H */
