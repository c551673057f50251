/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marked accesses, barriers, atomics, assertions: where the product meets other
 * CPUs and the SMMU. Each is a point at which the harness may let a device do
 * DMA or another CPU go on.
 */
#ifndef NATIVE_ACCESS_H
#define NATIVE_ACCESS_H

/* hyp/point.c */
void native_point(void);
void native_stored(const volatile void *addr);
void native_barrier(void);
void native_relax(void);
/* Report why a test fails, and end it */
void native_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn, cold));

/* The two system registers that tell the time */
u64 native_counter(void);
#define NATIVE_COUNTER_FREQUENCY	500
#define read_sysreg_cntpct_el0		native_counter()
#define read_sysreg_cntfrq_el0		NATIVE_COUNTER_FREQUENCY
#define read_sysreg(reg)		read_sysreg_##reg

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)						\
do {									\
	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED);			\
	native_stored(&(x));						\
} while (0)

#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)						\
do {									\
	__atomic_store_n(p, v, __ATOMIC_RELEASE);			\
	native_point();							\
} while (0)

#define cmpxchg(p, o, n)						\
({									\
	typeof(*(p)) _old = (o);					\
									\
	native_point();							\
	__atomic_compare_exchange_n(p, &_old, (typeof(*(p)))(n), false,	\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
	_old;								\
})
#define cmpxchg_acquire(p, o, n)	cmpxchg(p, o, n)
#define cmpxchg_release(p, o, n)	cmpxchg(p, o, n)

#define atomic_read(v)			READ_ONCE((v)->counter)
#define native_atomic(op, i, v)						\
({									\
	native_point();							\
	__atomic_fetch_##op(&(v)->counter, (int)(i), __ATOMIC_SEQ_CST);	\
})
#define atomic_fetch_add(i, v)		native_atomic(add, i, v)
#define atomic_sub(i, v)		((void)native_atomic(sub, i, v))
#define atomic_fetch_sub_release(i, v)	native_atomic(sub, i, v)
#define atomic_fetch_andnot(i, v)	native_atomic(and, ~(i), v)
#define atomic_cmpxchg(v, o, n)		cmpxchg(&(v)->counter, o, n)

#define dsb(scope)		native_barrier()
#define dma_rmb()		native_barrier()
#define mb()			native_barrier()
#define cpu_relax()		native_relax()

/* No input may reach one of these */
#define WARN_ON(x)							\
({									\
	bool _warn = !!(x);						\
									\
	if (_warn)							\
		native_fail("WARN_ON(%s) at %s:%d", #x, __FILE__, __LINE__);	\
	_warn;								\
})
#define BUG_ON(x)		((void)WARN_ON(x))
#define BUG()			native_fail("BUG at %s:%d", __FILE__, __LINE__)

#define array_index_nospec(i, n)	({ BUG_ON((i) >= (n)); (i); })

#endif /* NATIVE_ACCESS_H */
