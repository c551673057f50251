/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What the boot tests may ask of the pkvm_iommu_test module. The module is the
 * hostile host: it programs DMA engines with any bus address, touches any
 * physical address and issues any pKVM IOMMU hypercall. It decides nothing.
 */
#ifndef PKVM_IOMMU_TEST_H
#define PKVM_IOMMU_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PKVM_TEST_PATH		"/dev/pkvm_iommu_test"

/*
 * mmap() of this file: the offset is a physical address, nothing is checked.
 * Memory is mapped cacheable, everything else as device memory.
 */

/*
 * Faults of a domain made by PKVM_TEST_DOMAIN_ALLOC at this page are handled, with a
 * line in the log that says so, and not reported by the driver.
 */
#define PKVM_TEST_HANDLED_IOVA	0xdead0000

/**
 * struct pkvm_test_engine - what is known of a DMA engine
 * @index: in: 0, 1, ... until -ENODEV
 * @sid: stream ID, or PCI requester ID where no IOMMU driver is bound
 * @platform: 1 when it is one of the streams of the platform device
 * @mapped: 1 when an IOMMU driver handles the device
 * @bytes: moved so far
 * @name: of the device, as in the kernel log
 */
struct pkvm_test_engine {
	__u32 index;
	__u32 sid;
	__u32 platform;
	__u32 mapped;
	__u64 bytes;
	char name[48];
};

/**
 * struct pkvm_test_dma - one transfer between an engine's buffer and the bus
 * @engine: index of the engine
 * @write: 0: bus to buffer; 1: buffer to bus
 * @addr: bus address, given to the engine as it is
 * @len: bytes, at most PKVM_TEST_BUFFER
 * @offset: first byte in the buffer
 */
struct pkvm_test_dma {
	__u32 engine;
	__u32 write;
	__u64 addr;
	__u32 len;
	__u32 offset;
};

#define PKVM_TEST_BUFFER	4096

/**
 * struct pkvm_test_buffer - copy an engine's whole buffer to or from user space
 *
 * The transfer goes through the DMA API like that of any honest driver.
 */
struct pkvm_test_buffer {
	__u32 engine;
	__u32 write;	/* 1: user to buffer, 0: buffer to user */
	__u64 user;
};

/**
 * struct pkvm_test_pages - physically contiguous memory of the host
 * @size: bytes; a power of two, which is also the alignment
 * @phys: out: address; in: what to free
 *
 * What the file still holds when it is closed is freed, but for pages that the
 * host can no longer read: those stay lost, with a message. FORGET takes a chunk
 * off the file's list, for pages that belong to EL2 from now on; FREE also takes
 * single pages that came from there.
 */
struct pkvm_test_pages {
	__u64 size;
	__u64 phys;
};

/**
 * struct pkvm_test_kva - look behind a kernel virtual address
 * @addr: in: address, e.g. from /proc/kallsyms
 * @phys: out: its physical address
 * @value: out: the 64 bits there, 0 when they cannot be read
 */
struct pkvm_test_kva {
	__u64 addr;
	__u64 phys;
	__u64 value;
};

enum pkvm_test_hvc_func {
	PKVM_TEST_HVC_IOMMU_OP,
	PKVM_TEST_HVC_IOMMU_INIT,
	PKVM_TEST_HVC_SHARE_HYP,
	PKVM_TEST_HVC_UNSHARE_HYP,
	PKVM_TEST_HVC_FORCE_RECLAIM,
	PKVM_TEST_HVC_UNSHARE_GUEST,
	PKVM_TEST_HVC_WRPROTECT_GUEST,
	PKVM_TEST_HVC_RESERVE_VM,
	PKVM_TEST_HVC_UNRESERVE_VM,
	PKVM_TEST_HVC_CLEAR_YOUNG_GUEST,
	PKVM_TEST_HVC_SHARE_MMIO_GUEST,
	PKVM_TEST_HVC_UNSHARE_MMIO_GUEST,
	PKVM_TEST_SMC_CPU_SUSPEND,	/* by SMC, which EL2 relays */
	PKVM_TEST_NR_HVC,
};

/* enum pkvm_iommu_init_op and enum pkvm_iommu_op of the kernel; main.c compares them */
enum pkvm_test_iommu_init {
	INIT_REGISTER, INIT_FINALISE, INIT_DEVICE, INIT_DEVICE_MMIO, INIT_DEVICE_STREAM,
};

enum pkvm_test_iommu_op {
	OP_GET_INFO, OP_TOPUP, OP_RECLAIM, OP_ALLOC_DOMAIN, OP_FREE_DOMAIN, OP_ATTACH, OP_MAP,
	OP_UNMAP, OP_POLL, OP_VM_TOPUP, OP_VM_ROUTE, OP_VM_DRAIN, OP_MAP_LIST, OP_UNMAP_LIST,
};

/* regs[0..6] are x1..x7 before the call, regs[0..7] are x0..x7 after it */
struct pkvm_test_hvc {
	__u32 func;
	__u32 reserved;
	__u64 regs[8];
};

/*
 * One paging domain per open file, by way of the kernel's IOMMU API.
 * prot is IOMMU_READ (1), IOMMU_WRITE (2), IOMMU_CACHE (4) ...
 */
struct pkvm_test_map {
	__u32 engine;	/* DOMAIN_ALLOC, DOMAIN_ATTACH, DOMAIN_DETACH */
	__u32 prot;
	__u64 iova;
	__u64 phys;	/* out for IOVA_TO_PHYS */
	__u64 size;	/* out for UNMAP and UNMAP_LAZY: bytes unmapped */
};

struct pkvm_test_piece {
	__u64 addr;
	__u64 len;
};

#define PKVM_TEST_SG_PIECES	4U

/**
 * struct pkvm_test_sg - a scatterlist for an engine to read; a file has one at a time
 * @engine: in: index of the engine
 * @nr: in: entries of the list; out: segments
 * @nr_pieces: in: how many of @piece the entries are, over and over again
 * @reserved: 0
 * @boundary: in: mask of the addresses that no segment may cross, or 0
 * @iova: in: where, if the file has a domain: that is what maps it then
 * @piece: in: physical memory; out, but of a domain: the first segments as the engine
 *	has to address them, and the last one
 */
struct pkvm_test_sg {
	__u32 engine;
	__u32 nr;
	__u32 nr_pieces;
	__u32 reserved;
	__u64 boundary;
	__u64 iova;
	struct pkvm_test_piece piece[PKVM_TEST_SG_PIECES];
};

/**
 * struct pkvm_test_hostile - many hypercalls, one after the other, on one CPU
 * @seed: in: decides all calls and their arguments
 * @count: in: number of calls
 * @nr_foreign: in: entries of @foreign
 * @nr_sids: in: entries of @sids
 * @nr_vm_sids: in: how many of @sids are a VM's, from the first on
 * @good: in: file of a protected VM that must not notice
 * @victim: in: file of a protected VM with one vCPU, which does not run
 * @plain: in: file of such a VM that is not protected
 * @smmu: in: number of the SMMU that the streams are behind
 * @arena: in: host memory which may be given away and mapped for DMA
 * @size: in: bytes of it, a multiple of 2 MiB
 * @sids: in: streams to attach and to route
 * @foreign: in: pages that EL2 must neither take nor map nor give: its own, the good
 *	VM's, registers
 * @calls: out: hypercalls made
 * @accepted: out: how many of them EL2 did not refuse
 * @wrong: out: how many of them did what they must not do
 * @regs: out: x0 to x7 of the first of those, before the call
 * @result: out: x0 and x1 after it
 *
 * The same seed gives the same calls; what comes of them also depends on those of
 * other CPUs. Whatever a call may legitimately take from the host is in the arena.
 */
struct pkvm_test_hostile {
	__u64 seed;
	__u32 count;
	__u32 nr_foreign;
	__u32 nr_sids;
	__u32 nr_vm_sids;
	__s32 good;
	__s32 victim;
	__s32 plain;
	__u32 smmu;
	__u64 arena;
	__u64 size;
	__u32 sids[8];
	__u64 foreign[16];
	__u64 calls;
	__u64 accepted;
	__u64 wrong;
	__u64 regs[8];
	__u64 result[2];
};

/* Where hostile calls map: no memory of a small machine, in the identity map */
#define PKVM_TEST_HOSTILE_IOVA	0x200000000ULL
#define PKVM_TEST_HOSTILE_PAGES	1024

#define PKVM_TEST_IO		0xb7
#define PKVM_TEST_ENGINE	_IOWR(PKVM_TEST_IO, 1, struct pkvm_test_engine)
#define PKVM_TEST_DMA		_IOW(PKVM_TEST_IO, 2, struct pkvm_test_dma)
#define PKVM_TEST_COPY		_IOW(PKVM_TEST_IO, 3, struct pkvm_test_buffer)
#define PKVM_TEST_ALLOC		_IOWR(PKVM_TEST_IO, 4, struct pkvm_test_pages)
#define PKVM_TEST_FREE		_IOW(PKVM_TEST_IO, 5, struct pkvm_test_pages)
#define PKVM_TEST_FORGET	_IOW(PKVM_TEST_IO, 15, struct pkvm_test_pages)
#define PKVM_TEST_KVA		_IOWR(PKVM_TEST_IO, 6, struct pkvm_test_kva)
#define PKVM_TEST_HVC		_IOWR(PKVM_TEST_IO, 7, struct pkvm_test_hvc)
#define PKVM_TEST_DOMAIN_ALLOC	_IOW(PKVM_TEST_IO, 8, struct pkvm_test_map)
#define PKVM_TEST_DOMAIN_FREE	_IO(PKVM_TEST_IO, 9)
#define PKVM_TEST_DOMAIN_ATTACH	_IOW(PKVM_TEST_IO, 10, struct pkvm_test_map)
#define PKVM_TEST_DOMAIN_DETACH	_IOW(PKVM_TEST_IO, 11, struct pkvm_test_map)
#define PKVM_TEST_MAP		_IOW(PKVM_TEST_IO, 12, struct pkvm_test_map)
#define PKVM_TEST_UNMAP		_IOWR(PKVM_TEST_IO, 13, struct pkvm_test_map)
#define PKVM_TEST_IOVA_TO_PHYS	_IOWR(PKVM_TEST_IO, 14, struct pkvm_test_map)
/* As a flush queue does: unmap, and synchronise later */
#define PKVM_TEST_UNMAP_LAZY	_IOWR(PKVM_TEST_IO, 18, struct pkvm_test_map)
#define PKVM_TEST_FLUSH		_IOW(PKVM_TEST_IO, 19, struct pkvm_test_map)
#define PKVM_TEST_SG_MAP	_IOWR(PKVM_TEST_IO, 20, struct pkvm_test_sg)
#define PKVM_TEST_SG_UNMAP	_IO(PKVM_TEST_IO, 21)
/*
 * HOSTILE_END takes back what hostile calls have left at EL2: its @calls is the
 * number of pages of the arena that are not the host's any more.
 */
#define PKVM_TEST_HOSTILE	_IOWR(PKVM_TEST_IO, 16, struct pkvm_test_hostile)
#define PKVM_TEST_HOSTILE_END	_IOWR(PKVM_TEST_IO, 17, struct pkvm_test_hostile)

#endif
