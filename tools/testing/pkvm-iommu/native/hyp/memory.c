// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical memory. EL2 may touch the pages that it owns and no other: AddressSanitizer
 * finds any access outside.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "hyp.h"
#include "sanitizer.h"

struct memblock_region hyp_memory[NATIVE_MAX_PIECES];
unsigned int hyp_memblock_nr;
s64 hyp_physvirt_offset;
u64 __hyp_vmemmap;
bool native_coherent;

static struct native_page *pages;

static void *reserve(size_t size, int prot)
{
	void *va = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		native_fail("no address space");

	return va;
}

static void add_piece(u64 base, u64 size)
{
	u64 start = ALIGN_DOWN(base, PAGE_SIZE), end = PAGE_ALIGN(base + size);

	if (end > NATIVE_PHYS_END ||
	    mprotect(hyp_phys_to_virt(start), end - start, PROT_READ | PROT_WRITE))
		native_fail("memory at 0x%lx does not fit", base);
	san_poison_lazily(hyp_phys_to_virt(start), end - start);
}

void memory_init(const struct memblock_region *pieces, unsigned int nr, bool coherent)
{
	u64 nr_pfns = NATIVE_PHYS_END >> PAGE_SHIFT;
	unsigned int i;

	native_coherent = coherent;
	hyp_physvirt_offset = -(s64)reserve(NATIVE_PHYS_END, PROT_NONE);
	__hyp_vmemmap = (u64)reserve(nr_pfns * sizeof(struct hyp_page), PROT_READ | PROT_WRITE);
	pages = reserve(nr_pfns * sizeof(*pages), PROT_READ | PROT_WRITE);
	hyp_memblock_nr = nr;
	for (i = 0; i < nr; i++) {
		hyp_memory[i] = pieces[i];
		add_piece(pieces[i].base, pieces[i].size);
	}
}

bool addr_is_memory(phys_addr_t phys)
{
	unsigned int i;

	for (i = 0; i < hyp_memblock_nr; i++) {
		/* The page that holds it, as mem_protect.c has it */
		if (phys >= hyp_memory[i].base && phys < hyp_memory[i].base + hyp_memory[i].size)
			return true;
	}

	return false;
}

struct native_page *native_page(u64 phys)
{
	if (phys >= NATIVE_PHYS_END)
		native_fail("0x%lx is not in memory", phys);

	return &pages[phys >> PAGE_SHIFT];
}

void page_set_owner(u64 phys, enum page_owner owner, pkvm_handle_t handle, u64 gfn)
{
	struct native_page *page = native_page(phys);

	if (native_hooks.owner)
		native_hooks.owner(phys, owner, handle);
	if (owner == OWNER_HYP && !native_coherent)
		poc_forget(phys);
	if (owner == OWNER_HYP)
		san_unpoison(hyp_phys_to_virt(phys), PAGE_SIZE);
	else
		san_poison(hyp_phys_to_virt(phys), PAGE_SIZE);
	*page = (struct native_page) {
		.owner	= owner,
		.handle	= handle,
		.gfn	= gfn,
	};
}

SAN_OUTSIDE u64 outside_read64(u64 phys)
{
	return *(volatile u64 *)hyp_phys_to_virt(phys);
}

SAN_OUTSIDE void outside_write64(u64 phys, u64 val)
{
	*(volatile u64 *)hyp_phys_to_virt(phys) = val;
}

SAN_OUTSIDE void outside_fill(u64 phys, u64 val)
{
	volatile u64 *p = hyp_phys_to_virt(phys);
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		p[i] = val;
}

/* Nothing of EL2 is left, but for the link in the first word */
SAN_OUTSIDE bool page_is_clean(u64 phys)
{
	volatile u64 *p = hyp_phys_to_virt(phys);
	unsigned int i;

	for (i = 1; i < PTRS_PER_PTE; i++) {
		if (p[i])
			return false;
	}

	return true;
}
