/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Find what a guest has at its physical addresses: memory to pin for DMA, or registers.
 */
#ifndef __PKVM_IOMMU_GUEST_PAGE_H__
#define __PKVM_IOMMU_GUEST_PAGE_H__

#include <nvhe/pkvm.h>

#include <core/domain.h>

/**
 * struct guest_pages - the rest of a list of guest memory that is being mapped
 * @piece: first list entry that is not done, see LIST_ADDR() and LIST_SIZE()
 * @nr: number of entries from @piece on
 * @at: bytes of @piece that are done
 */
struct guest_pages {
	const u64	*piece;
	unsigned int	nr;
	u64		at;
};

/* Most runs that guest_pages_get() returns */
#define GUEST_RUNS_MAX		16

/**
 * guest_pages_get() - pin pages of a VM for DMA
 * @vm: VM
 * @pages: memory to pin, page aligned; advanced past what was pinned
 * @iova: IOVA where the caller will map the pages, page aligned
 * @max: most bytes to pin, a multiple of PAGE_SIZE
 * @prot: IOMMU_READ | ...
 * @runs: out, what was pinned; room for GUEST_RUNS_MAX
 * @nr_runs: out, number of @runs, also on error
 *
 * Can pin less than was asked, since other vCPUs wait for the lock. Pins only pages that
 * a protected VM owns, shared with the host or not, or that the host lent to a plain VM
 * with PKVM_PGTABLE_PROT_PINNED, writable if @prot has IOMMU_WRITE. A pinned page cannot
 * change owner, nor can the host take it back (I5).
 *
 * Context: takes pkvm_hyp_vm::lock.
 * Return: 0; or why it stopped at @pages: -ENOENT (the VM's stage 2 does not map the page
 * yet), -EPERM (not the VM's page, or not writable), -EBUSY (pinned too often), -EINVAL
 * or -ERANGE (@iova).
 */
int guest_pages_get(struct pkvm_hyp_vm *vm, struct guest_pages *pages, u64 iova, u64 max,
		    int prot, struct map_run *runs, unsigned int *nr_runs);

/**
 * guest_registers() - find the registers that a protected VM has mapped at an address
 * @vm: VM
 * @ipa: guest physical address, page aligned
 * @phys: out, physical address of the page
 *
 * Context: takes pkvm_hyp_vm::lock.
 * Return: 0; -ENOENT (nothing is mapped there yet), -EPERM (something else is mapped
 * there, or @ipa is beyond the guest's address space).
 */
int guest_registers(struct pkvm_hyp_vm *vm, u64 ipa, u64 *phys);

#endif /* __PKVM_IOMMU_GUEST_PAGE_H__ */
