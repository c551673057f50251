/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's basic vocabulary, for a program of the build machine. Every
 * header of include/linux and include/asm that needs no more is one line that
 * includes this one.
 */
#ifndef NATIVE_KERNEL_H
#define NATIVE_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Types */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int32_t s32;
typedef int64_t s64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;
typedef u64 kvm_pfn_t;
typedef struct { int counter; } atomic_t;

#define U16_MAX			((u16)~0U)
#define U32_MAX			((u32)~0U)
#define U64_MAX			(~0ULL)

/* The compiler */
#define __iomem
#define __aligned(x)		__attribute__((aligned(x)))
#define __pure			__attribute__((pure))
#define __uninitialized		__attribute__((uninitialized))
#define __always_unused		__attribute__((unused))
#define __maybe_unused		__attribute__((unused))
#define __ro_after_init
#define __init
#define likely(x)		(x)
#define unlikely(x)		(x)
#define static_assert(x)		_Static_assert(x, #x)
#define BUILD_BUG_ON(x)		_Static_assert(!(x), #x)
#define BUILD_BUG_ON_MSG(x, m)	BUILD_BUG_ON(x)
#define IS_ENABLED(x)		0
#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define struct_size_t(type, member, n)					\
	(sizeof(type) + (n) * sizeof(((type *)0)->member[0]))

/* Bits */
#define BITS_PER_BYTE		8
#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	(((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define GENMASK(h, l)		GENMASK_ULL(h, l)
#define BIT_MASK(n)		(1UL << ((n) % BITS_PER_LONG))
#define BIT_WORD(n)		((n) / BITS_PER_LONG)
#define FIELD_PREP(mask, val)						\
	(((typeof(mask))(val) << __builtin_ctzll(mask)) & (mask))
#define FIELD_GET(mask, reg)						\
	((typeof(mask))(((reg) & (mask)) >> __builtin_ctzll(mask)))
#define FIELD_MAX(mask)		((mask) >> __builtin_ctzll(mask))
#define __ffs(x)		((unsigned int)__builtin_ctzll(x))
#define ffz(x)			((unsigned int)__builtin_ctzll(~(x)))
#define ilog2(x)		(63 - __builtin_clzll(x))
#define is_power_of_2(x)	((x) && !((x) & ((x) - 1)))
#define roundup_pow_of_two(x)						\
	(is_power_of_2(x) ? (x) : 1UL << (ilog2(x) + 1))
#define DECLARE_BITMAP(name, bits)	unsigned long name[BITS_TO_LONGS(bits)]
#define test_bit(n, map)	(!!((map)[BIT_WORD(n)] & BIT_MASK(n)))
#define __set_bit(n, map)	((void)((map)[BIT_WORD(n)] |= BIT_MASK(n)))
#define __clear_bit(n, map)	((void)((map)[BIT_WORD(n)] &= ~BIT_MASK(n)))
#define upper_32_bits(x)	((u32)((u64)(x) >> 32))
#define lower_32_bits(x)	((u32)(x))
#define cpu_to_le64(x)		((__le64)(x))
#define le64_to_cpu(x)		((u64)(x))

/* Arithmetic */
#define SZ_4K			0x1000UL
#define SZ_8K			0x2000UL
#define SZ_16K			0x4000UL
#define SZ_64K			0x10000UL
#define SZ_128K			0x20000UL
#define SZ_2M			0x200000UL
#define SZ_1G			0x40000000UL
#define SZ_1T			0x10000000000UL
#define min(a, b)		({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b)		({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define min3(a, b, c)		min(min(a, b), c)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define ALIGN(x, a)		(((x) + (typeof(x))(a) - 1) & ~((typeof(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((typeof(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((typeof(x))(a) - 1)) == 0)
#define PTR_ALIGN_DOWN(p, a)	((typeof(p))ALIGN_DOWN((unsigned long)(p), a))

/* Pages */
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)		ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGNED(x)		IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define PTRS_PER_PTE		(PAGE_SIZE / sizeof(u64))
#if PAGE_SHIFT == 12
#define CONFIG_ARM64_4K_PAGES	1
#endif
#define get_order(size)							\
	((size) <= PAGE_SIZE ? 0 : (unsigned int)ilog2(((size) - 1) >> PAGE_SHIFT) + 1)

/* arm64: levels of VMSAv8-64 tables */
#define ARM64_HW_PGTABLE_LEVELS(bits)	(((bits) - 4) / (PAGE_SHIFT - 3))
#define ARM64_HW_PGTABLE_LEVEL_SHIFT(n)	((PAGE_SHIFT - 3) * (4 - (n)) + 3)

#include <native/access.h>

#endif /* NATIVE_KERNEL_H */
