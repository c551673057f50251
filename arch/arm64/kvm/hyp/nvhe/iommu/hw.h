/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the core and the driver of an IOMMU: neither uses anything else
 * of the other.
 *
 * One driver is linked in, and the core calls it directly. The driver does not call the
 * core. It can use what is in memory/. It sets the fields of struct hyp_iommu that are
 * marked as the driver's.
 *
 * The driver's locks nest inside hyp_iommu::lock and hyp_iommu_domain::lock.
 */
#ifndef __PKVM_IOMMU_HW_H__
#define __PKVM_IOMMU_HW_H__

#include <asm/page.h>

#include <linux/sizes.h>
#include <linux/types.h>

#include <nvhe/spinlock.h>

#include <memory/ranges.h>

struct iommu_pgtable;

/* Least size of an IOMMU's registers, see PKVM_IOMMU_INIT_REGISTER */
#define HW_REGISTERS_MIN	SZ_128K

/* Size and alignment of iommu_binding::context */
#define HW_CONTEXT_SIZE		64

/* Largest hyp_iommu::chunk_bits: the core has one page for the streams of a chunk */
#define HW_CHUNK_BITS_MAX	(PAGE_SHIFT - 6)

/**
 * enum hyp_iommu_state - what EL2 knows about the translation of an IOMMU
 * @IOMMU_ABORTING: translation is off and all transactions abort. Once hw_enable() has
 *	been called, no transaction that the IOMMU translated before is in flight.
 * @IOMMU_LIVE: translation is on, or hw_enable() is turning it on
 * @IOMMU_HUNG: the IOMMU did not acknowledge that translation is off, or did not complete
 *	the transactions in flight; EL2 does not know what it does
 */
enum hyp_iommu_state { IOMMU_ABORTING, IOMMU_LIVE, IOMMU_HUNG };

/**
 * struct hyp_iommu - one IOMMU, in a zeroed page of which the driver has the rest
 * @mmio: registers
 * @lock: guards @streams and @ids, and serialises hw_stream_*()
 * @streams: array of streams by stream ID, or with chunks, of pointers to an array for
 *	each
 * @ids: bitmap of the address space IDs in use; ID 0 is never allocated
 * @ready: the IOMMU has its memory and works; false if EL2 gave it up at boot
 * @state: the driver's; never IOMMU_LIVE again after it was another state
 * @nr_ids: the driver's, set by hw_enable(): address space IDs are below this
 * @max_ids: the driver's, set by hw_probe(), as are all fields below: largest @nr_ids
 * @mem_size: bytes of contiguous memory that hw_reset() needs
 * @sid_bits: the IOMMU can translate for stream IDs below BIT(sid_bits)
 * @chunk_bits: the driver has room for a chunk of BIT(chunk_bits) streams only after
 *	hw_stream_room(); 0 if it has room for all streams
 * @oas: output address bits
 * @stage1: the IOMMU supports stage 1
 * @stage2: the IOMMU supports stage 2
 * @coherent: page-table walks snoop the CPU caches
 * @bbml2: a block can be replaced by a table and back without break-before-make
 */
struct hyp_iommu {
	struct mmio_range	mmio;
	hyp_spinlock_t		lock;
	void			*streams;
	unsigned long		*ids;
	bool			ready;

	enum hyp_iommu_state	state;
	u32			nr_ids, max_ids;
	size_t			mem_size;
	u8			sid_bits, chunk_bits, oas;
	bool			stage1, stage2, coherent, bbml2;
};

/**
 * struct iommu_binding - use of a domain on one IOMMU
 * @context: the driver's, see hw_bind(); the IOMMU can read it
 * @iommu: the IOMMU, or NULL if the binding was never used
 * @refs: number of streams of @iommu that are attached to the domain
 * @id: address space ID on @iommu
 *
 * hyp_iommu_domain::lock guards the binding. @id is allocated and freed under
 * hyp_iommu::lock, and freed only after the TLB entries with it are invalidated.
 */
struct iommu_binding {
	u8			context[HW_CONTEXT_SIZE] __aligned(HW_CONTEXT_SIZE);
	struct hyp_iommu	*iommu;
	u32			refs;
	u16			id;
};

#define HW_EVENT_WORDS		4

/**
 * struct hw_event - an event of a stream
 * @record: the event as the hardware wrote it
 * @nr: number of the event, counted from 0; lost events do not count
 * @iova: input address; 0 if the type has none
 * @sid: stream ID
 * @reason: type and PVIOMMU_EVENT_*
 */
struct hw_event {
	u64	record[HW_EVENT_WORDS];
	u64	nr;
	u64	iova;
	u32	sid;
	u32	reason;
};

/*
 * Functions for boot, before the host is deprivileged. When they return, the IOMMU aborts
 * all transactions, unless they report that it does not answer.
 */

/**
 * hw_init() - initialise the driver's part of an IOMMU
 * @iommu: IOMMU, of which the core has set @mmio and @lock
 * @base: its registers, mapped at EL2
 */
void hw_init(struct hyp_iommu *iommu, void __iomem *base);

/**
 * hw_probe() - turn an IOMMU off and find out what it supports
 * @iommu: IOMMU
 * @flags: PKVM_IOMMU_F_*
 * @why: out, enum pkvm_iommu_unsupported, or 0 if EL2 can drive the IOMMU
 *
 * Keeps the host from other registers by which it could make the IOMMU access memory.
 *
 * Return: 0; -EIO (the IOMMU does not answer), -EPERM (registers cannot be withheld).
 */
int hw_probe(struct hyp_iommu *iommu, u64 flags, u64 *why);

/**
 * hw_reset() - set an IOMMU up; it still aborts
 * @iommu: IOMMU after hw_probe()
 * @mem: hyp_iommu::mem_size bytes, zeroed, aligned to that size rounded up to a power of
 *	two
 *
 * Return: 0, or -EIO if the IOMMU does not answer.
 */
int hw_reset(struct hyp_iommu *iommu, void *mem);

/**
 * hw_enable() - turn translation on, with clean caches; all streams still abort
 * @iommu: IOMMU after hw_reset()
 * @stage: stage of all page tables, 1 or 2, which the IOMMU supports
 *
 * Return: 0; -EIO if the IOMMU aborts all transactions instead, or hangs.
 */
int hw_enable(struct hyp_iommu *iommu, u8 stage);

/* Functions for any time */

/**
 * hw_resume() - check whether an IOMMU lost its state
 * @iommu: IOMMU
 *
 * Gives up an IOMMU that lost its state. If an IOMMU that was given up before does not
 * abort any more, makes it abort again.
 */
void hw_resume(struct hyp_iommu *iommu);

/* Get the bits of PKVM_IOMMU_INFO_* that only the driver knows */
u64 hw_info(const struct hyp_iommu *iommu);

/**
 * hw_stream_room() - make room for a chunk of streams, all of which abort
 * @iommu: IOMMU
 * @sid: a stream ID of the chunk
 * @page: zeroed page for the chunk, which the driver keeps for good
 *
 * Context: hyp_iommu::lock held.
 * Return: 0; -EIO if the room exists, but it is unknown whether the IOMMU sees it.
 */
int hw_stream_room(struct hyp_iommu *iommu, u32 sid, void *page);

/**
 * hw_stream_abort() - make all transactions of a stream abort
 * @iommu: IOMMU
 * @sid: stream ID for which there is room
 *
 * A stream that aborts causes no events.
 *
 * Context: hyp_iommu::lock held.
 * Return: 0 if the stream aborts, synchronised; -EIO if that is unknown.
 */
int hw_stream_abort(struct hyp_iommu *iommu, u32 sid);

/**
 * hw_stream_install() - make a stream that aborts use a page table
 * @iommu: IOMMU
 * @sid: stream ID for which there is room
 * @pgt: page table
 * @binding: binding after hw_bind() with @pgt; it must stay until the stream aborts
 *
 * The IOMMU sees all of the change or nothing.
 *
 * Context: hyp_iommu::lock held.
 * Return: 0; -EIO if it is unknown whether the stream uses @pgt.
 */
int hw_stream_install(struct hyp_iommu *iommu, u32 sid, const struct iommu_pgtable *pgt,
		      const struct iommu_binding *binding);

/**
 * hw_bind() - prepare a page table for use with an IOMMU
 * @binding: binding, of which the core has set iommu_binding::iommu and ::id
 * @pgt: page table
 *
 * Context: hyp_iommu_domain::lock held.
 */
void hw_bind(struct iommu_binding *binding, const struct iommu_pgtable *pgt);

/**
 * hw_tlb_range() - invalidate a range of one address space
 * @iommu: IOMMU
 * @id: address space ID
 * @iova: start, page aligned
 * @size: bytes, a multiple of PAGE_SIZE
 * @level: level of all leaves in the range; 0 if it is unknown, which invalidates cached
 *	walks of the range, too
 *
 * Return: 0 if no TLB holds any of the range, which is also so if the IOMMU is off; -EIO
 * if that is unknown.
 */
int hw_tlb_range(struct hyp_iommu *iommu, u16 id, u64 iova, u64 size, s8 level);
int hw_tlb_all(struct hyp_iommu *iommu, u16 id);

/**
 * hw_poll() - take one event off the queue, and handle global errors
 * @iommu: IOMMU
 * @event: out, valid if the result has PKVM_IOMMU_POLL_EVENT
 *
 * Return: PKVM_IOMMU_POLL_*, except PKVM_IOMMU_POLL_VM_EVENT
 */
u32 hw_poll(struct hyp_iommu *iommu, struct hw_event *event);

/**
 * hw_next_event() - get the number that the next event will have
 * @iommu: IOMMU
 *
 * If a stream aborts, synchronised, all of its events have smaller numbers.
 *
 * Return: the number, see hw_event::nr.
 */
u64 hw_next_event(struct hyp_iommu *iommu);

#endif /* __PKVM_IOMMU_HW_H__ */
