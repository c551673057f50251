/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sanitizers have to be told */
#ifndef NATIVE_SANITIZER_H
#define NATIVE_SANITIZER_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x)	0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define SAN_HAS_SHADOW		1
#define san_poison(p, n)	ASAN_POISON_MEMORY_REGION(p, n)
#define san_unpoison(p, n)	ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define SAN_HAS_SHADOW		0
#define san_poison(p, n)	((void)(p), (void)(n))
#define san_unpoison(p, n)	((void)(p), (void)(n))
#endif

/* As san_poison(), for regions of which little is ever used (hyp/shadow.c) */
void san_poison_lazily(void *start, size_t size);

/*
 * Accesses that are not the CPU's at EL2: by the host, a device, or an SMMU,
 * to which neither ownership by EL2 nor the C memory model applies.
 */
#define SAN_OUTSIDE	__attribute__((no_sanitize("address"), no_sanitize("thread"), noinline))

#endif /* NATIVE_SANITIZER_H */
