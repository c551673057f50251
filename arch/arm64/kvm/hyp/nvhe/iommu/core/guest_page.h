/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a guest's addresses to pages that it may map.
 */
#ifndef __PKVM_IOMMU_GUEST_PAGE_H__
#define __PKVM_IOMMU_GUEST_PAGE_H__

#include <nvhe/pkvm.h>

#include <core/domain.h>

/**
 * struct guest_pages - pages of a guest, to be mapped one after the other
 * @piece: the first piece that is not done, as LIST_ADDR() and LIST_SIZE()
 * @nr: how many there are from there
 * @at: bytes of @piece that are done
 */
struct guest_pages {
	const u64	*piece;
	unsigned int	nr;
	u64		at;
};

/* Runs that guest_pages_get() returns at most */
#define GUEST_RUNS_MAX		16

/**
 * guest_pages_get() - pin pages of a VM for DMA
 * @vm: VM
 * @pages: which; what was pinned is done
 * @iova: where they will be mapped
 * @max: most bytes
 * @prot: IOMMU_READ | ...
 * @runs: out, GUEST_RUNS_MAX of them
 * @nr_runs: out, how many were needed, also on error
 *
 * Pins some or all: as much as can be done before other vCPUs have waited long enough.
 * Only pages that a protected VM owns, be they shared with the host or not, or that
 * a plain VM was lent for good (PKVM_PGTABLE_PROT_PINNED), to write if @prot says so.
 * They can neither change hands nor be taken back until they are unpinned (I5).
 *
 * Context: takes pkvm_hyp_vm::lock.
 * Return: 0; or why it stopped at @pages: -ENOENT (the host has not given this page
 * yet), -EPERM (not the VM's, or not to write), -EBUSY (mapped too often).
 */
int guest_pages_get(struct pkvm_hyp_vm *vm, struct guest_pages *pages, u64 iova, u64 max,
		    int prot, struct map_run *runs, unsigned int *nr_runs);

/**
 * guest_registers() - which registers a protected VM sees at an address
 * @vm: VM
 * @ipa: guest physical address, page aligned
 * @phys: out, physical address of the page
 *
 * Context: takes pkvm_hyp_vm::lock.
 * Return: 0; -ENOENT (nothing is mapped there yet), -EPERM (something else is, or
 * can be).
 */
int guest_registers(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys);

#endif /* __PKVM_IOMMU_GUEST_PAGE_H__ */
