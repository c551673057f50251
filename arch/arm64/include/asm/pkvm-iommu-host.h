/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interface of the pKVM IOMMU: how the host kernel asks EL2 to program
 * an IOMMU that it may not touch itself.
 *
 * Documentation/virt/kvm/arm/pkvm-iommu-host-abi.rst describes each call with
 * every errno and what stays unchanged. This header is the only thing that
 * EL1 and EL2 share; it is not a stable ABI, both sides are one kernel image.
 */
#ifndef __ASM_PKVM_IOMMU_HOST_H
#define __ASM_PKVM_IOMMU_HOST_H

#include <linux/bits.h>
#include <linux/types.h>

#include <asm/kvm_pkvm.h>

/*
 * In the prot of __pkvm_host_share_guest(): the host has pinned the memory, and takes
 * it back no earlier than it has drained the VM. A software bit of the guest's leaf
 * keeps that. Devices of a plain VM can be given this memory, and no other; a host that
 * does not mean it gets -EBUSY when it takes back what they reach.
 */
#define PKVM_PGTABLE_PROT_PINNED	KVM_PGTABLE_PROT_SW2

/**
 * enum pkvm_iommu_init_op - calls that exist only until pKVM is finalised
 * @PKVM_IOMMU_INIT_REGISTER: hand one SMMUv3 to EL2.
 *	x2: base of the registers, aligned to PAGE_SIZE;
 *	x3: size of the registers in bytes, aligned to PAGE_SIZE, >= 128 KiB;
 *	x4: PKVM_IOMMU_F_*;
 *	x5: first pfn and x6: number of pages of memory donated for the queues
 *	and the stream table; the range must be aligned to its own size, a power
 *	of two. x6 == 0 asks how much is needed.
 *	From the first call on, and whatever it returns but -EINVAL and -ENOSPC,
 *	EL2 keeps the registers and every stream of this SMMU aborts.
 *	Returns x1 = SMMU number >= 0, or an errno:
 *	-ENOMEM (x2 = pages needed, repeat), -EOPNOTSUPP (x2 = enum
 *	pkvm_iommu_unsupported), -EINVAL (registers or memory misaligned, or not
 *	where registers can be), -EBUSY (already registered), -ENOSPC (too many
 *	SMMUs), -EIO (no answer from the hardware: the memory is EL2's
 *	nonetheless), or that of a refused donation.
 * @PKVM_IOMMU_INIT_FINALISE: all SMMUs and devices are registered: build the
 *	identity map and enable them. x2: PKVM_IOMMU_FINALISE_*.
 *	Returns x1 = 0 or an errno; on error every SMMU aborts all its streams.
 * @PKVM_IOMMU_INIT_DEVICE: there is a device that may be assigned to VMs.
 *	x2: number of the group with which it changes hands, < PKVM_DEVICE_MAX;
 *	x3: enum pkvm_device_reset.
 *	Returns x1 = its number, -EINVAL, -ENOSPC.
 * @PKVM_IOMMU_INIT_DEVICE_MMIO: x2: device, x3: base and x4: size of a range of
 *	its registers, whole pages. Nobody's device reaches them from now on.
 *	Returns x1 = 0, -EINVAL (misaligned, memory, or registers of another device
 *	or of an SMMU), -ENOSPC, -EPERM (no such device).
 * @PKVM_IOMMU_INIT_DEVICE_STREAM: x2: device, x3: SMMU, x4: stream ID.
 *	Returns x1 = 0, -ENOENT (SMMU), -ERANGE (stream ID), -EEXIST (that of
 *	another group), -ENOSPC, -EPERM (no such device).
 *	An error of one of these two leaves the device, and so its group,
 *	incomplete: it cannot be assigned to a protected VM.
 * @PKVM_IOMMU_INIT_WITHHOLD: x2: base and x3: size of registers by which something
 *	beside the streams of an SMMU writes to memory, whole pages. Nobody reaches
 *	them from now on, by CPU or device; EL2 does not use them.
 *	Returns x1 = 0 (also if they are withheld already), -EINVAL (misaligned, memory,
 *	or registers of a device or, in part, of an SMMU), -ENOSPC (too many ranges),
 *	-EPERM (FINALISE was called).
 * @PKVM_IOMMU_INIT_WINDOW: x2: base and x3: size of a window of MMIO, whole pages, that
 *	the host's devices are to reach although it is above PKVM_IOMMU_IDMAP_MMIO_LIMIT.
 *	What is above the output size of the SMMUs is left out. The host has reserved
 *	pkvm_iommu_window_pages() for it.
 *	Returns x1 = 0, -EINVAL (misaligned), -EEXIST (overlaps another), -ENOSPC (too
 *	many), -EPERM (FINALISE was called).
 */
enum pkvm_iommu_init_op {
	PKVM_IOMMU_INIT_REGISTER,
	PKVM_IOMMU_INIT_FINALISE,
	PKVM_IOMMU_INIT_DEVICE,
	PKVM_IOMMU_INIT_DEVICE_MMIO,
	PKVM_IOMMU_INIT_DEVICE_STREAM,
	PKVM_IOMMU_INIT_WITHHOLD,
	PKVM_IOMMU_INIT_WINDOW,
	/* private: */
	PKVM_IOMMU_NR_INIT_OPS,
};

/* PKVM_IOMMU_INIT_REGISTER x4: page-table walks and queues are coherent */
#define PKVM_IOMMU_F_COHERENT		BIT(0)
/* ... features of the hardware that are not to be used (errata, tests) */
#define PKVM_IOMMU_F_NO_2LVL		BIT(1)	/* 2-level stream table */
#define PKVM_IOMMU_F_NO_RIL		BIT(2)	/* range invalidation */
#define PKVM_IOMMU_F_NO_BBML2		BIT(3)	/* blocks in the identity map */
/* ... each invalidation is to be sent twice (erratum of Tegra264) */
#define PKVM_IOMMU_F_REPEAT		BIT(4)
#define PKVM_IOMMU_F_ALL		GENMASK(4, 0)

/* Ranges of PKVM_IOMMU_INIT_WITHHOLD, and of control pages of command queues */
#define PKVM_WITHHELD_MAX		256

/* PKVM_IOMMU_INIT_FINALISE x2: devices without a reset handler can be assigned */
#define PKVM_IOMMU_FINALISE_NO_RESET	BIT(0)

/* Devices and groups; ranges of registers and streams of one device */
#define PKVM_DEVICE_MAX			32
#define PKVM_DEVICE_MAX_RANGES		4
#define PKVM_DEVICE_MAX_STREAMS		16

/**
 * enum pkvm_device_reset - how EL2 resets a device when it changes hands
 * @PKVM_DEVICE_RESET_NONE: it cannot
 * @PKVM_DEVICE_RESET_EDU: each range is a QEMU "edu" function; with
 *	CONFIG_PKVM_IOMMU_RESET_EDU
 */
enum pkvm_device_reset {
	PKVM_DEVICE_RESET_NONE,
	PKVM_DEVICE_RESET_EDU,
};

/**
 * enum pkvm_iommu_unsupported - why EL2 cannot drive an SMMU
 * @PKVM_IOMMU_BAD_PRESET: table or queue addresses are fixed by hardware, or relative
 *	to its registers
 * @PKVM_IOMMU_BAD_TTF: no AArch64 page tables
 * @PKVM_IOMMU_BAD_ENDIAN: no little-endian page-table walks
 * @PKVM_IOMMU_BAD_STAGE: no translation stage, or none that all SMMUs share
 * @PKVM_IOMMU_BAD_GRANULE: the kernel's PAGE_SIZE is not a granule
 * @PKVM_IOMMU_BAD_OAS: output size reserved or smaller than memory needs
 * @PKVM_IOMMU_BAD_STALL: stall model cannot be switched off
 * @PKVM_IOMMU_BAD_QUEUE: command or event queue too small
 */
enum pkvm_iommu_unsupported {
	PKVM_IOMMU_BAD_PRESET = 1,
	PKVM_IOMMU_BAD_TTF,
	PKVM_IOMMU_BAD_ENDIAN,
	PKVM_IOMMU_BAD_STAGE,
	PKVM_IOMMU_BAD_GRANULE,
	PKVM_IOMMU_BAD_OAS,
	PKVM_IOMMU_BAD_STALL,
	PKVM_IOMMU_BAD_QUEUE,
};

/**
 * enum pkvm_iommu_op - calls available once pKVM is finalised
 *
 * x1 holds the op. Every call returns an errno or a value >= 0 in x1; an errno
 * means that nothing changed, unless the op says otherwise. -EOPNOTSUPP: no such
 * op; -ENODEV: FINALISE did not succeed.
 *
 * -ENOMEM asks for memory: donate at least x2 (x3 for MAP) pages with
 * PKVM_IOMMU_OP_TOPUP and repeat the call.
 *
 * @PKVM_IOMMU_OP_GET_INFO: x2 = SMMU. Returns x2 = stream ID bits,
 *	x3 = input address bits of paging domains (bits 7:0), stage used
 *	(bits 15:8, 1 or 2), PKVM_IOMMU_INFO_* (from bit 16);
 *	x4.. are unchanged. -ENOENT: no such SMMU.
 * @PKVM_IOMMU_OP_TOPUP: x2 = physical address of the first page of a
 *	kvm_hyp_memcache, x3 = number of pages in it (at most
 *	PKVM_IOMMU_TOPUP_MAX). Donates them to the host's pool at EL2.
 *	Returns x2 = head and x3 = count of what was not taken. -EPERM: a page is
 *	not the host's to give; -EBUSY: it is mapped for DMA; -E2BIG.
 * @PKVM_IOMMU_OP_RECLAIM: x2 = most pages wanted (capped at
 *	PKVM_IOMMU_TOPUP_MAX). Returns x2 = head and x3 = count of a
 *	kvm_hyp_memcache with unused pages of the pool, the host's again and
 *	zeroed but for the link.
 * @PKVM_IOMMU_OP_ALLOC_DOMAIN: returns x1 = handle of a new paging domain.
 *	-ENOMEM, -ENOSPC.
 * @PKVM_IOMMU_OP_FREE_DOMAIN: x2 = handle. -ENOENT, -EBUSY (a stream is
 *	attached, or another CPU uses it), -EIO (an SMMU did not answer an
 *	invalidation: the domain and its pages are lost), -EAGAIN (partly torn down: bounded
 *	work is done, repeat; only this call is accepted for the handle from
 *	now on). Its memory goes to the pool.
 * @PKVM_IOMMU_OP_ATTACH: x2 = SMMU, x3 = stream ID, x4 = handle, or
 *	PKVM_IOMMU_DOMAIN_BLOCKED or PKVM_IOMMU_DOMAIN_IDENTITY. Replaces
 *	what the stream had; in between it aborts. -ENOENT (SMMU or handle),
 *	-ERANGE (stream ID), -EPERM (the stream is not the host's), -ENOMEM,
 *	-ENOSPC (no VMID/ASID free on this SMMU), -EIO (the SMMU does not
 *	confirm that the stream aborts; it may go on, and each further call
 *	for it returns -EIO as well). 0 on an SMMU that is off: it aborts.
 * @PKVM_IOMMU_OP_MAP: x2 = handle, x3 = IOVA, x4 = physical address,
 *	x5 = size in bytes, all aligned to PAGE_SIZE, x6 = IOMMU_READ | ...
 *	as in <linux/iommu.h>. Returns x1 = 0 or an errno and x2 = bytes mapped,
 *	which may be less than asked in both cases: bounded work is done, call
 *	again with the rest. -EINVAL, -ENOENT, -ERANGE (outside the input
 *	size), -EEXIST (something is mapped there), -EPERM (a page is not the
 *	host's), -EBUSY (a page is mapped too often), -ENOMEM (x3 = pages).
 * @PKVM_IOMMU_OP_UNMAP: x2 = handle, x3 = IOVA, x4 = size in bytes. Returns
 *	x1 = 0 or an errno and x2 = bytes handled; 0 with less than asked: call
 *	again. -EINVAL, -ENOENT, -ERANGE, -EIO (no answer to the TLB
 *	invalidation: the pages stay pinned for ever), and with nothing done:
 *	-ENXIO (nothing is mapped there), -EINVAL (would split a block).
 * @PKVM_IOMMU_OP_POLL: x2 = SMMU. Handles global errors and takes one record off
 *	the event queue. Returns x1 = PKVM_IOMMU_POLL_*, x2..x5 = the record, or
 *	of one about a stream of a VM: x2 = the VM, x3 = pvIOMMU (bits 31:0) and
 *	vSID (63:32), x4 = type and PVIOMMU_EVENT_* as the guest gets them, without
 *	the IOVA, x5 = stream ID. If the owner of the stream has changed since,
 *	x2 to x4 are 0. -ENOENT.
 *
 * Calls about a VM name it by its pKVM handle. Its memory is charged to it: a
 * pool of its own pays for routes, domains and tables. Calls about one VM that
 * race with each other may return -EAGAIN: repeat.
 *
 * @PKVM_IOMMU_OP_VM_TOPUP: x2 = VM, x3 and x4 as x2 and x3 of TOPUP. Donates
 *	pages to the pool of the VM; the first page makes the VM known here.
 *	Allowed at any time of the VM's life until it dies. Returns as TOPUP, and
 *	-ENOENT: no such VM, or it is dying.
 * @PKVM_IOMMU_OP_VM_ROUTE: x2 = VM, x3 = pvIOMMU, x4 = vSID, x5 = SMMU,
 *	x6 = stream ID, x7 = PKVM_IOMMU_ROUTE_*: makes (pvIOMMU, vSID) of the VM
 *	name the stream, and the VM its owner (I2). The stream must be blocked.
 *	With PKVM_IOMMU_ROUTE_REGS, if the stream is that of an assignable device,
 *	then the device's group becomes the VM's first, all its registers and
 *	streams, and is reset: -EAGAIN until that is done, -EACCES (no reset
 *	handler, or an incomplete description), -EIO (the reset failed; the group
 *	is out of use until the machine is reset). -ENOENT (VM, SMMU, or a
 *	stream the host never attached; the VM needs a TOPUP first), -EPERM (the
 *	VM's EL2 object exists: routes are frozen, I3), -EEXIST (the VM has a
 *	route for this pvIOMMU and vSID), -EBUSY (the stream has another owner or
 *	is attached), -ERANGE (stream ID), -EINVAL (more than 32 bits, flags), -ENOMEM
 *	(x2 = pages for VM_TOPUP), -EIO.
 * @PKVM_IOMMU_OP_VM_DRAIN: x2 = VM, dying or never started. First aborts its
 *	streams, then resets its devices and returns their registers, then unmaps
 *	its memory, then returns what the VM's pool holds, in bounded steps.
 *	-EAGAIN: repeat; 0: nothing of the VM is left. In both cases x2 = head and
 *	x3 = count of a kvm_hyp_memcache of the host's again. -EBUSY: the VM runs;
 *	-EIO: an SMMU does not answer, nothing more comes back; the streams of
 *	other SMMUs abort. Until it is done, no page of the VM can be reclaimed,
 *	nor can its handle be released: both get -EBUSY.
 * @PKVM_IOMMU_OP_MAP_LIST: x2 = handle, x3 = IOVA, x4 = PKVM_IOMMU_LIST_*,
 *	x5 to x17 = pieces of memory, each the physical address of a page and, in the
 *	bits below, one less than the number of pages from there on. Maps them one after
 *	the other as MAP would, and returns as MAP; an errno is that of the piece in
 *	which byte x2 lies. -EINVAL: no piece, or more than PKVM_IOMMU_LIST_MAX.
 * @PKVM_IOMMU_OP_UNMAP_LIST: x2 = handle, x3 = number of ranges, at most
 *	PKVM_IOMMU_LIST_MAX, x5 to x17 = ranges, each an IOVA and number of pages as in
 *	MAP_LIST. Unmaps them one after the other, with one TLB invalidation for all.
 *	Returns x1 = 0 or an errno of UNMAP and x2 = bytes unmapped before it was met;
 *	0 with less than asked: call again with the rest. -EIO: see UNMAP, x2 = 0; or a
 *	range that an earlier one of the list overlaps.
 */
enum pkvm_iommu_op {
	PKVM_IOMMU_OP_GET_INFO,
	PKVM_IOMMU_OP_TOPUP,
	PKVM_IOMMU_OP_RECLAIM,
	PKVM_IOMMU_OP_ALLOC_DOMAIN,
	PKVM_IOMMU_OP_FREE_DOMAIN,
	PKVM_IOMMU_OP_ATTACH,
	PKVM_IOMMU_OP_MAP,
	PKVM_IOMMU_OP_UNMAP,
	PKVM_IOMMU_OP_POLL,
	PKVM_IOMMU_OP_VM_TOPUP,
	PKVM_IOMMU_OP_VM_ROUTE,
	PKVM_IOMMU_OP_VM_DRAIN,
	PKVM_IOMMU_OP_MAP_LIST,
	PKVM_IOMMU_OP_UNMAP_LIST,
	/* private: */
	PKVM_IOMMU_NR_OPS,
};

/* MAP_LIST x4: IOMMU_READ | ..., number of pieces; UNMAP_LIST: as many fit as well */
#define PKVM_IOMMU_LIST_PROT		GENMASK_ULL(31, 0)
#define PKVM_IOMMU_LIST_NR		GENMASK_ULL(63, 32)
#define PKVM_IOMMU_LIST_MAX		13

/* Most pages that one TOPUP or RECLAIM moves: bounds the time at EL2 (I7) */
#define PKVM_IOMMU_TOPUP_MAX		64

/*
 * A protected VM's vCPU that leaves EL2 with a hypercall about DMA waits for the
 * host, and makes the call again when it runs: for the page of the guest at the
 * IPA in the fault registers, or if there is none, kvm_vcpu_get_fault_ipa(), for
 * memory in the VM's pool. EL2 asks for memory only if there are fewer pages than
 * the call takes, at most this many since it keeps what it did of a larger one. If the
 * same is asked for several times, and nothing comes, EL2 refuses the call.
 */
#define PKVM_IOMMU_GUEST_CALL_PAGES	4

/* Handles that are not paging domains; paging domains are > IDENTITY */
#define PKVM_IOMMU_DOMAIN_BLOCKED	0
#define PKVM_IOMMU_DOMAIN_IDENTITY	1

/* VM_ROUTE x7: what a protected VM needs, see above */
#define PKVM_IOMMU_ROUTE_REGS		BIT(0)

/* GET_INFO x3 */
#define PKVM_IOMMU_INFO_IAS		GENMASK_ULL(7, 0)
#define PKVM_IOMMU_INFO_STAGE		GENMASK_ULL(15, 8)
#define PKVM_IOMMU_INFO_COHERENT	BIT_ULL(16)
#define PKVM_IOMMU_INFO_2LVL_STRTAB	BIT_ULL(17)
#define PKVM_IOMMU_INFO_RIL		BIT_ULL(18)
#define PKVM_IOMMU_INFO_BBML2		BIT_ULL(19)
#define PKVM_IOMMU_INFO_DEAD		BIT_ULL(20)
#define PKVM_IOMMU_INFO_REPEAT		BIT_ULL(21)

/* POLL x1 */
#define PKVM_IOMMU_POLL_EVENT		BIT(0)	/* x2..x5 hold a record */
#define PKVM_IOMMU_POLL_OVERFLOW	BIT(1)	/* records were lost */
#define PKVM_IOMMU_POLL_GERROR		BIT(2)	/* global error, in bits 31:16 */
#define PKVM_IOMMU_POLL_DEAD		BIT(3)	/* SMMU off, all streams abort */
#define PKVM_IOMMU_POLL_VM_EVENT	BIT(4)	/* x2..x5 tell of a VM's record */
#define PKVM_IOMMU_POLL_GERROR_BITS	GENMASK(31, 16)

/*
 * The identity map covers MMIO below this address, so that devices of the host
 * reach doorbells and each other's BARs. It bounds the tables that must be reserved at
 * boot. Above, it has the windows that PKVM_IOMMU_INIT_WINDOW names; the rest is
 * reachable through paging domains only.
 */
#define PKVM_IOMMU_IDMAP_MMIO_LIMIT	SZ_1T
#define PKVM_IOMMU_WINDOWS_MAX		64

/* Pages reserved for the identity map; written by the host before __pkvm_init */
extern unsigned long kvm_nvhe_sym(pkvm_iommu_reserve_nr);

/* What EL2 counts the mappings of a block of memory with, see its memory/pin.c */
#define PKVM_IOMMU_BLOCK_PINS_SIZE	16

/**
 * pkvm_iommu_nr_blocks() - how much memory there is, in blocks
 * @with_memory: out, blocks that hold any
 *
 * Return: blocks from the first byte of memory to the last.
 */
static inline unsigned long pkvm_iommu_nr_blocks(unsigned long *with_memory)
{
	const u64 block = kvm_granule_size(KVM_PGTABLE_LAST_LEVEL - 1);
	const struct memblock_region *mem = kvm_nvhe_sym(hyp_memory);
	unsigned int i, nr = kvm_nvhe_sym(hyp_memblock_nr);
	u64 start, end = 0, bytes = 0;

	for (i = 0; i < nr; i++) {
		start = max(ALIGN_DOWN(mem[i].base, block), end);
		end = ALIGN(mem[i].base + mem[i].size, block);
		bytes += end - start;
	}
	*with_memory = bytes / block;

	return nr ? (end - ALIGN_DOWN(mem[0].base, block)) / block : 0;
}

/* Pages for the counts of all blocks, and of all pages of those with memory */
static inline unsigned long pkvm_iommu_pin_table_pages(void)
{
	unsigned long with_memory, nr = pkvm_iommu_nr_blocks(&with_memory);

	return DIV_ROUND_UP(nr * PKVM_IOMMU_BLOCK_PINS_SIZE +
			    with_memory * PTRS_PER_PTE * sizeof(u32), PAGE_SIZE);
}

/**
 * pkvm_iommu_pool_pages() - pages EL2 needs for the identity map
 * @nr_smmus: number of SMMUs
 * @nr_ranges: number of ranges of registers of assignable devices, and of those
 *	that nobody is to have
 *
 * All of memory at page granularity, since any page may be donated at any time
 * and splitting a block must never fail, plus MMIO in blocks, and counts of mappings.
 *
 * Return: number of pages.
 */
static inline unsigned long pkvm_iommu_pool_pages(unsigned int nr_smmus,
						  unsigned int nr_ranges)
{
	const int block = KVM_PGTABLE_MIN_BLOCK_LEVEL;
	unsigned long edges, pages = pkvm_iommu_pin_table_pages();
	unsigned int i;

	for (i = 0; i < kvm_nvhe_sym(hyp_memblock_nr); i++)
		pages += __hyp_pgtable_max_pages(kvm_nvhe_sym(hyp_memory)[i].size >> PAGE_SHIFT);

	/* Tables that hold MMIO blocks */
	pages += DIV_ROUND_UP(PKVM_IOMMU_IDMAP_MMIO_LIMIT, kvm_granule_size(block - 1));

	/*
	 * Both edges of each piece of memory and of each hole split a block. An SMMU is
	 * one, and may have command queues with control pages elsewhere.
	 */
	edges = 2 * (kvm_nvhe_sym(hyp_memblock_nr) + 2 * nr_smmus + nr_ranges);
	pages += edges * (KVM_PGTABLE_LAST_LEVEL - block);

	/* One object per SMMU, the concatenated root, the domain, the table of SMMUs */
	return pages + nr_smmus + 16 + 4;
}

/**
 * pkvm_iommu_window_pages() - pages EL2 needs besides, for a window of MMIO
 * @base: start
 * @size: bytes
 *
 * Return: number of pages, 0 for a window that needs none.
 */
static inline unsigned long pkvm_iommu_window_pages(u64 base, u64 size)
{
	const int block = KVM_PGTABLE_MIN_BLOCK_LEVEL;
	u64 table = kvm_granule_size(block - 1);

	if (!size || base + size <= PKVM_IOMMU_IDMAP_MMIO_LIMIT)
		return 0;
	base = max(base, PKVM_IOMMU_IDMAP_MMIO_LIMIT);

	/* Tables that hold blocks, one above them, and both edges */
	return (base + size - 1) / table - base / table + 2 +
	       2 * (KVM_PGTABLE_LAST_LEVEL - block);
}

#endif /* __ASM_PKVM_IOMMU_HOST_H */
