/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interface of the pKVM IOMMU: how the host kernel asks EL2 to program
 * an IOMMU that only EL2 may access.
 *
 * This header has the numbers. Documentation/virt/kvm/arm/pkvm-iommu-host-abi.rst
 * has the registers, results and errnos of each call, and what stays unchanged. The
 * ABI is not stable: the host and EL2 are parts of one kernel image.
 */
#ifndef __ASM_PKVM_IOMMU_HOST_H
#define __ASM_PKVM_IOMMU_HOST_H

#include <linux/bits.h>
#include <linux/types.h>

#include <asm/kvm_pkvm.h>

/*
 * In the prot of __pkvm_host_share_guest(): the host has pinned the memory, and takes
 * it back only after it has drained the VM. EL2 stores the flag in a software bit of
 * the guest's leaf. Devices of a plain VM reach only memory that has the flag.
 */
#define PKVM_PGTABLE_PROT_PINNED	KVM_PGTABLE_PROT_SW2

/**
 * enum pkvm_iommu_init_op - calls that exist only until pKVM is finalised
 * @PKVM_IOMMU_INIT_REGISTER: hand one SMMUv3 to EL2
 * @PKVM_IOMMU_INIT_FINALISE: build the identity map and enable the SMMUs
 * @PKVM_IOMMU_INIT_DEVICE: name a device that protected VMs can get
 * @PKVM_IOMMU_INIT_DEVICE_MMIO: name a range of registers of such a device
 * @PKVM_IOMMU_INIT_DEVICE_STREAM: name a stream of such a device
 * @PKVM_IOMMU_INIT_WITHHOLD: keep registers from all CPUs and devices
 * @PKVM_IOMMU_INIT_WINDOW: add MMIO above PKVM_IOMMU_IDMAP_MMIO_LIMIT to the
 *	identity map; the host has reserved pkvm_iommu_reserve_for_window() for it
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

/* PKVM_IOMMU_INIT_REGISTER x4: the SMMU walks tables and accesses queues coherently */
#define PKVM_IOMMU_F_COHERENT		BIT(0)
/* ... features of the hardware that EL2 must not use (errata, tests) */
#define PKVM_IOMMU_F_NO_2LVL		BIT(1)	/* 2-level stream table */
#define PKVM_IOMMU_F_NO_RIL		BIT(2)	/* range invalidation */
#define PKVM_IOMMU_F_NO_BBML2		BIT(3)	/* blocks in the identity map */
/* ... EL2 must send each invalidation twice (erratum of Tegra264) */
#define PKVM_IOMMU_F_REPEAT		BIT(4)
#define PKVM_IOMMU_F_ALL		GENMASK(4, 0)

/* Most ranges that EL2 withholds, including control pages of SMMU command queues */
#define PKVM_WITHHELD_MAX		256

/* PKVM_IOMMU_INIT_FINALISE x2: protected VMs may get devices that EL2 cannot reset */
#define PKVM_IOMMU_FINALISE_NO_RESET	BIT(0)

/* Most devices, and groups; most ranges of registers, and streams, of one device */
#define PKVM_DEVICE_MAX			32
#define PKVM_DEVICE_MAX_RANGES		4
#define PKVM_DEVICE_MAX_STREAMS		16

/**
 * enum pkvm_device_reset - how EL2 resets a device when it changes hands
 * @PKVM_DEVICE_RESET_NONE: EL2 cannot reset it
 * @PKVM_DEVICE_RESET_EDU: each range is a QEMU "edu" function; with
 *	CONFIG_PKVM_IOMMU_RESET_EDU
 */
enum pkvm_device_reset {
	PKVM_DEVICE_RESET_NONE,
	PKVM_DEVICE_RESET_EDU,
};

/**
 * enum pkvm_iommu_unsupported - why EL2 cannot drive an SMMU
 * @PKVM_IOMMU_BAD_PRESET: the hardware fixes the addresses of its tables or queues, or
 *	has them relative to its registers
 * @PKVM_IOMMU_BAD_TTF: it does not support AArch64 page tables
 * @PKVM_IOMMU_BAD_ENDIAN: it does not support little-endian page-table walks
 * @PKVM_IOMMU_BAD_STAGE: it supports no translation stage, or none that all SMMUs support
 * @PKVM_IOMMU_BAD_GRANULE: it does not support the kernel's PAGE_SIZE as a granule
 * @PKVM_IOMMU_BAD_OAS: its output size is reserved, or too small for the memory
 * @PKVM_IOMMU_BAD_STALL: software cannot switch its stall model off
 * @PKVM_IOMMU_BAD_QUEUE: its command or event queue is too small
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
 * @PKVM_IOMMU_OP_GET_INFO: say what an SMMU can do
 * @PKVM_IOMMU_OP_TOPUP: donate pages to the host's pool at EL2
 * @PKVM_IOMMU_OP_RECLAIM: get unused pages of the host's pool back
 * @PKVM_IOMMU_OP_ALLOC_DOMAIN: make a paging domain
 * @PKVM_IOMMU_OP_FREE_DOMAIN: free a paging domain
 * @PKVM_IOMMU_OP_ATTACH: attach a stream to a domain, or block it
 * @PKVM_IOMMU_OP_MAP: map a physical range in a domain
 * @PKVM_IOMMU_OP_UNMAP: unmap a range of IOVAs
 * @PKVM_IOMMU_OP_POLL: take one record off the event queue of an SMMU
 * @PKVM_IOMMU_OP_VM_TOPUP: donate pages to the pool of a VM
 * @PKVM_IOMMU_OP_VM_ROUTE: make (pvIOMMU, vSID) of a VM name a stream (I2)
 * @PKVM_IOMMU_OP_VM_DRAIN: return to the host what EL2 holds for a VM
 * @PKVM_IOMMU_OP_MAP_LIST: map a list of physical ranges
 * @PKVM_IOMMU_OP_UNMAP_LIST: unmap a list of ranges of IOVAs
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

/* MAP_LIST x4: IOMMU_READ | ..., and the number of ranges. UNMAP_LIST has the same limit */
#define PKVM_IOMMU_LIST_PROT		GENMASK_ULL(31, 0)
#define PKVM_IOMMU_LIST_NR		GENMASK_ULL(63, 32)
#define PKVM_IOMMU_LIST_MAX		13

/* Most pages that one TOPUP or RECLAIM moves: this bounds the time at EL2 (I7) */
#define PKVM_IOMMU_TOPUP_MAX		64

/* Most pages that EL2 asks the host for when a guest's call needs memory */
#define PKVM_IOMMU_GUEST_CALL_PAGES	4

/* Handles of the domains that are no paging domains, whose handles are larger */
#define PKVM_IOMMU_DOMAIN_BLOCKED	0
#define PKVM_IOMMU_DOMAIN_IDENTITY	1

/* VM_ROUTE x7: the VM gets the registers of the stream's device as well */
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
#define PKVM_IOMMU_POLL_OVERFLOW	BIT(1)	/* the SMMU dropped records */
#define PKVM_IOMMU_POLL_GERROR		BIT(2)	/* global error, in bits 31:16 */
#define PKVM_IOMMU_POLL_DEAD		BIT(3)	/* SMMU off, all streams abort */
#define PKVM_IOMMU_POLL_VM_EVENT	BIT(4)	/* x2..x5 are about a VM's record */
#define PKVM_IOMMU_POLL_GERROR_BITS	GENMASK(31, 16)

/*
 * The identity map contains MMIO below this address, so that devices of the host
 * reach doorbells and each other's BARs. The limit bounds the tables that the host must
 * reserve at boot. Above it the identity map contains the windows that
 * PKVM_IOMMU_INIT_WINDOW names. Devices reach other MMIO through paging domains only.
 */
#define PKVM_IOMMU_IDMAP_MMIO_LIMIT	SZ_1T
#define PKVM_IOMMU_WINDOWS_MAX		64

/* Number of pages reserved for the identity map. The host sets it before __pkvm_init. */
extern unsigned long kvm_nvhe_sym(pkvm_iommu_reserve_nr);

/* Bytes of the pin counter that EL2 has for each block of memory, see memory/pin.c */
#define PKVM_IOMMU_BLOCK_PINS_SIZE	16

/**
 * pkvm_iommu_nr_blocks() - count the blocks of the physical address space with memory
 * @with_memory: out: number of blocks that contain memory
 *
 * Return: number of blocks from the first byte of memory to the last, with holes.
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

/* Pages for the pin counters of all blocks, and of the pages in blocks with memory */
static inline unsigned long pkvm_iommu_pin_table_pages(void)
{
	unsigned long with_memory, nr = pkvm_iommu_nr_blocks(&with_memory);

	return DIV_ROUND_UP(nr * PKVM_IOMMU_BLOCK_PINS_SIZE +
			    with_memory * PTRS_PER_PTE * sizeof(u32), PAGE_SIZE);
}

/**
 * pkvm_iommu_reserve_for_idmap() - count the pages to reserve for the identity map
 * @nr_smmus: number of SMMUs
 * @nr_ranges: number of register ranges of assignable devices, and of register ranges
 *	that EL2 withholds
 *
 * Counts tables to map all of memory by pages, because the host may donate any page at
 * any time and splitting a block must never fail. MMIO is mapped by blocks, and by smaller
 * entries only where a range begins or ends within a block. Also counts the pin counters
 * and the objects of SMMUs. Windows come on top, see pkvm_iommu_reserve_for_window().
 *
 * Return: number of pages.
 */
static inline unsigned long pkvm_iommu_reserve_for_idmap(unsigned int nr_smmus,
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
	 * Both ends of each range of memory and of each hole in MMIO split a block. The
	 * registers of an SMMU are a hole; the control pages of its command queues may be
	 * another one.
	 */
	edges = 2 * (kvm_nvhe_sym(hyp_memblock_nr) + 2 * nr_smmus + nr_ranges);
	pages += edges * (KVM_PGTABLE_LAST_LEVEL - block);

	/* An object per SMMU; the concatenated root, the domain and the table of SMMUs */
	return pages + nr_smmus + 16 + 4;
}

/**
 * pkvm_iommu_reserve_for_window() - pages that EL2 needs for a window of MMIO
 * @base: start of the window
 * @size: size in bytes
 *
 * Return: number of pages besides pkvm_iommu_reserve_for_idmap(), or 0 if the window is below
 * PKVM_IOMMU_IDMAP_MMIO_LIMIT.
 */
static inline unsigned long pkvm_iommu_reserve_for_window(u64 base, u64 size)
{
	const int block = KVM_PGTABLE_MIN_BLOCK_LEVEL;
	u64 table = kvm_granule_size(block - 1);

	if (!size || base + size <= PKVM_IOMMU_IDMAP_MMIO_LIMIT)
		return 0;
	base = max(base, PKVM_IOMMU_IDMAP_MMIO_LIMIT);

	/* Tables that hold blocks, a table above them, and tables for both ends */
	return (base + size - 1) / table - base / table + 2 +
	       2 * (KVM_PGTABLE_LAST_LEVEL - block);
}

#endif /* __ASM_PKVM_IOMMU_HOST_H */
