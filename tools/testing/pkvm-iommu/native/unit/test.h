/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests: each runs in a process of its own, on a machine that is out of reset.
 */
#ifndef NATIVE_TEST_H
#define NATIVE_TEST_H

#include "../hyp/machine.h"

struct native_test {
	const char		*group, *name;
	void			(*run)(const struct machine *m, u64 seed);
	bool			each_machine;
	struct native_test	*next;
};

void native_test_register(struct native_test *test);

#define REGISTER_TEST(g, n, each)					\
	static void g##_##n(const struct machine *m, u64 seed);	\
	__attribute__((constructor)) static void register_##g##_##n(void)	\
	{								\
		static struct native_test test = { #g, #n, g##_##n, each };	\
									\
		native_test_register(&test);				\
	}								\
	static void g##_##n(const struct machine *m, u64 seed)

/* A test of the default machine, or of pure functions */
#define TEST(group, name)		REGISTER_TEST(group, name, false)
/* One that is run on every machine */
#define TEST_EACH(group, name)		REGISTER_TEST(group, name, true)

#define ASSERT(x)							\
do {									\
	if (!(x))							\
		native_fail("%s:%d: %s", __FILE__, __LINE__, #x);	\
} while (0)

#define ASSERT_EQ(a, b)							\
do {									\
	u64 _a = (u64)(a), _b = (u64)(b);				\
									\
	if (_a != _b)							\
		native_fail("%s:%d: %s is 0x%lx (%ld), not %s = 0x%lx (%ld)",	\
			    __FILE__, __LINE__, #a, _a, (long)_a, #b, _b, (long)_b); \
} while (0)

/* What tests of whole machines say often (unit/helpers.c) */
long new_domain(void);
void attach(unsigned int smmu, u32 sid, u64 domain);
/* A machine on which the first stream uses a domain, whose handle it returns */
long boot_and_attach(const struct machine *m, u64 seed);
long map(u64 domain, u64 iova, u64 phys, u64 size, u64 prot, u64 *done);
long unmap(u64 domain, u64 iova, u64 size, u64 *done);
/* A device reaches exactly @pa in all outcomes; or nothing in any */
void expect_dma(unsigned int smmu, u32 sid, u64 iova, bool write, u64 pa);
void expect_blocked(unsigned int smmu, u32 sid, u64 iova, bool write);
/* A started VM with @pages pages at gfn 0 on, and one route (1, 2) to @sid */
struct pkvm_hyp_vm *new_vm(u32 sid, unsigned int pages);
/* The same, but not a protected one: the pages are lent */
struct pkvm_hyp_vm *new_plain_vm(u32 sid, unsigned int pages);
/* A plain one that was lent a block at gfn 0, and where that is */
struct pkvm_hyp_vm *new_block_vm(u32 sid, u64 *phys);
struct guest_result guest_op(struct pkvm_hyp_vm *vm, u64 op, u64 x2, u64 x3, u64 x4, u64 x5,
			     u64 x6);
struct guest_result guest_do(struct pkvm_hyp_vm *vm, u64 op, u64 x2, u64 x3, u64 x4, u64 x5,
			     u64 x6);
long guest_domain(struct pkvm_hyp_vm *vm);
void end_vm(struct pkvm_hyp_vm *vm);

#define PVIOMMU		1
#define VSID		2
#define RW		3

#endif /* NATIVE_TEST_H */
