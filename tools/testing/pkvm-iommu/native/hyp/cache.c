// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory behind the caches, for an SMMU that does not snoop: it sees what EL2
 * cleaned to the point of coherency, and nothing newer.
 */
#include <sys/mman.h>

#include "hyp.h"
#include "sanitizer.h"

#define LINE		64

static u64 *poc;
/* Lines that a device wrote last: cleaning fetches them */
static u8 *theirs;

static u64 *poc_of(u64 phys)
{
	if (!poc) {
		int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

		poc = mmap(NULL, NATIVE_PHYS_END, PROT_READ | PROT_WRITE, flags, -1, 0);
		theirs = mmap(NULL, NATIVE_PHYS_END / LINE, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (poc == MAP_FAILED || theirs == MAP_FAILED)
			native_fail("no address space");
	}

	return &poc[phys / sizeof(u64)];
}

SAN_OUTSIDE u64 poc_read64(u64 phys)
{
	return *(volatile u64 *)poc_of(phys);
}

SAN_OUTSIDE void poc_write64(u64 phys, u64 val)
{
	*(volatile u64 *)poc_of(phys) = val;
	theirs[phys / LINE] = 1;
}

/* What lies behind the caches when a page comes to EL2: entries that look valid */
SAN_OUTSIDE void poc_forget(u64 phys)
{
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		poc_of(phys)[i] = NATIVE_MEM_START | 0x7c3;
}

static SAN_OUTSIDE void clean_line(u64 phys)
{
	volatile u64 *mem = hyp_phys_to_virt(phys), *behind = poc_of(phys);
	bool fetch = theirs[phys / LINE];
	unsigned int i;

	for (i = 0; i < LINE / sizeof(u64); i++) {
		if (fetch)
			mem[i] = behind[i];
		else
			behind[i] = mem[i];
	}
	theirs[phys / LINE] = 0;
}

void kvm_flush_dcache_to_poc(void *start, size_t size)
{
	u64 phys = hyp_virt_to_phys(start), end = phys + size;

	native_point();
	/* Only EL2's own memory is cleaned; a page on its way out is still EL2's */
	if (native_page(phys)->owner != OWNER_HYP)
		native_fail("cleans 0x%lx, which is not EL2's", phys);
	if (!native_coherent) {
		for (phys = ALIGN_DOWN(phys, LINE); phys < end; phys += LINE)
			clean_line(phys);
	}
	/* Ends with a barrier */
	native_barrier();
}
