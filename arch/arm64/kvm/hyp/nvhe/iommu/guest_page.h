/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a guest's addresses to pages that it may map.
 */
#ifndef __PKVM_IOMMU_GUEST_PAGE_H__
#define __PKVM_IOMMU_GUEST_PAGE_H__

#include <nvhe/pkvm.h>

/**
 * guest_pages_get() - pin pages of a VM for DMA
 * @vm: VM
 * @ipa: guest physical start, page aligned
 * @max: most bytes, multiple of PAGE_SIZE
 * @write: devices are to write to them
 * @phys: out, where it starts
 * @len: out, bytes pinned, physically contiguous; also on error
 *
 * Only pages that a protected VM owns, be they shared with the host or not, or that
 * a plain VM was lent, to write if @write. They can neither change hands nor be taken
 * back until page_use_put() (I5).
 *
 * Context: takes pkvm_hyp_vm::lock.
 * Return: 0 if @len is not 0; -ENOENT (the host has not given a page yet), -EPERM
 * (not the VM's, or not to write), -EBUSY (mapped too often).
 */
int guest_pages_get(struct pkvm_hyp_vm *vm, u64 ipa, u64 max, bool write, u64 *phys, u64 *len);

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
