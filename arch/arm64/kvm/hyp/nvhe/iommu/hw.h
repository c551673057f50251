/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the core and an IOMMU: all that either knows of the other.
 *
 * One driver is linked in, so the core calls it directly. A driver calls nothing of
 * the core. It may use what lies in memory/, and sets the fields of struct hyp_iommu
 * that are said to be its own.
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

/* The fewest bytes of registers that an IOMMU has, see PKVM_IOMMU_INIT_REGISTER */
#define HW_REGISTERS_MIN	SZ_128K

/* What the driver may keep in an iommu_binding, aligned to its size */
#define HW_CONTEXT_SIZE		64

/* What hyp_iommu::chunk_bits is at most: the core has room for a chunk in a page */
#define HW_CHUNK_BITS_MAX	(PAGE_SHIFT - 6)

/**
 * enum hyp_iommu_state - how far an IOMMU can be trusted to do what it is told
 * @IOMMU_ABORTING: translation is off, all transactions abort, and none that it let
 *	pass before is still on its way
 * @IOMMU_LIVE: translation is on, or about to be
 * @IOMMU_HUNG: did not acknowledge being switched off, or did not complete what was
 *	on its way; what it does is unknown
 */
enum hyp_iommu_state { IOMMU_ABORTING, IOMMU_LIVE, IOMMU_HUNG };

/**
 * struct hyp_iommu - one IOMMU: the start of a zeroed page, the rest of which is the driver's
 * @mmio: registers
 * @lock: guards @streams and @ids, and serialises hw_stream_*()
 * @streams: one array of streams by stream ID, or pointers to one array per chunk
 * @ids: which address space IDs are in use; 0 always is
 * @ready: it has its memory and works; not before, nor once it was given up at boot
 * @state: the driver's; leaves IOMMU_LIVE for good
 * @nr_ids: the driver's, from hw_enable() on: address space IDs below this exist
 * @max_ids: the driver's, from hw_probe() on, as all that follow: most that @nr_ids can be
 * @mem_size: bytes of contiguous memory that hw_reset() needs, aligned to its size
 * @sid_bits: stream IDs below BIT(sid_bits) can be attached
 * @chunk_bits: streams come in chunks of BIT(chunk_bits), each of which needs
 *	hw_stream_room(); 0: there is room for all
 * @oas: output address bits
 * @stage1: walks tables of stage 1
 * @stage2: walks tables of stage 2
 * @coherent: walks snoop the CPU caches
 * @bbml2: a block may be replaced by a table and back at any time
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
 * struct iommu_binding - a domain's presence on one IOMMU
 * @context: the driver's, see hw_bind(); the IOMMU may read it
 * @iommu: the IOMMU, or NULL
 * @refs: streams of @iommu attached to the domain
 * @id: address space ID on @iommu
 *
 * Guarded by hyp_iommu_domain::lock; @id comes from and returns to @iommu under
 * hyp_iommu::lock, after the TLB is clean of it.
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
 * @record: as the hardware wrote it
 * @nr: its number, from 0 on, without events that were lost
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
 * Boot, before the host is deprivileged. At the end of each call the IOMMU aborts all
 * transactions, unless the call says that it failed to switch it off.
 */

/**
 * hw_init() - there is an IOMMU
 * @iommu: IOMMU, of which the core has set @mmio and @lock
 * @base: its registers, mapped
 */
void hw_init(struct hyp_iommu *iommu, void __iomem *base);

/**
 * hw_probe() - switch an IOMMU off, and find out what it is
 * @iommu: IOMMU
 * @flags: PKVM_IOMMU_F_*
 * @why: out, enum pkvm_iommu_unsupported, or 0
 *
 * The host is kept from all registers that could undo it.
 *
 * Return: 0, -EIO (no answer), -EPERM (registers cannot be withheld).
 */
int hw_probe(struct hyp_iommu *iommu, u64 flags, u64 *why);

/**
 * hw_reset() - take an IOMMU over; it goes on aborting
 * @iommu: IOMMU after hw_probe()
 * @mem: hyp_iommu::mem_size bytes, zeroed
 *
 * Return: 0, or -EIO if the hardware does not answer.
 */
int hw_reset(struct hyp_iommu *iommu, void *mem);

/**
 * hw_enable() - turn translation on, with clean caches; all streams abort
 * @iommu: IOMMU after hw_reset()
 * @stage: 1 or 2: of all tables to come; the IOMMU walks such
 *
 * Return: 0, or -EIO: it aborts all transactions then, or hangs.
 */
int hw_enable(struct hyp_iommu *iommu, u8 stage);

/* At any time */

/**
 * hw_resume() - look whether an IOMMU lost its state
 * @iommu: IOMMU
 *
 * If so it is given up and made to abort. One that is given up is made to abort again.
 */
void hw_resume(struct hyp_iommu *iommu);

/* PKVM_IOMMU_INFO_*, of those that say what the hardware can do */
u64 hw_info(const struct hyp_iommu *iommu);

/**
 * hw_stream_room() - make room for the streams of a chunk, all of which abort
 * @iommu: IOMMU
 * @sid: one of them
 * @page: for this, zeroed; the driver's for good
 *
 * Context: hyp_iommu::lock held.
 * Return: 0, or -EIO: unknown whether the hardware knows; the room is there.
 */
int hw_stream_room(struct hyp_iommu *iommu, u32 sid, void *page);

/**
 * hw_stream_abort() - let all transactions of a stream abort
 * @iommu: IOMMU
 * @sid: stream ID, there is room for it
 *
 * One that aborts makes no events.
 *
 * Context: hyp_iommu::lock held.
 * Return: 0: the stream aborts, synchronised. -EIO: unknown.
 */
int hw_stream_abort(struct hyp_iommu *iommu, u32 sid);

/**
 * hw_stream_install() - let a stream that aborts use a page table
 * @iommu: IOMMU
 * @sid: stream ID, there is room for it
 * @pgt: page table
 * @binding: after hw_bind() with @pgt, stays until the stream aborts
 *
 * The IOMMU sees all of the change or nothing.
 *
 * Context: hyp_iommu::lock held.
 * Return: 0, or -EIO: unknown.
 */
int hw_stream_install(struct hyp_iommu *iommu, u32 sid, const struct iommu_pgtable *pgt,
		      const struct iommu_binding *binding);

/**
 * hw_bind() - prepare a page table for use with an IOMMU
 * @binding: iommu_binding::iommu and ::id are set
 * @pgt: page table
 *
 * Context: lock of the domain held.
 */
void hw_bind(struct iommu_binding *binding, const struct iommu_pgtable *pgt);

/**
 * hw_tlb_range() - invalidate a range of one address space
 * @iommu: IOMMU
 * @id: address space ID
 * @iova: start
 * @size: bytes
 * @level: level of all leaves in the range; 0: unknown, and walks cached for
 *	the range are invalidated too
 *
 * Return: 0: no TLB has any of it, be it because the IOMMU is off. -EIO: unknown.
 */
int hw_tlb_range(struct hyp_iommu *iommu, u16 id, u64 iova, u64 size, s8 level);
int hw_tlb_all(struct hyp_iommu *iommu, u16 id);

/**
 * hw_poll() - take one event off the queue, handle global errors
 * @iommu: IOMMU
 * @event: out, if there is PKVM_IOMMU_POLL_EVENT
 *
 * Return: PKVM_IOMMU_POLL_*, but for PKVM_IOMMU_POLL_VM_EVENT
 */
u32 hw_poll(struct hyp_iommu *iommu, struct hw_event *event);

/**
 * hw_next_event() - the number of the next event
 * @iommu: IOMMU
 *
 * Of a stream that aborts, synchronised, all events have a smaller one.
 *
 * Return: the number, see hw_event::nr.
 */
u64 hw_next_event(struct hyp_iommu *iommu);

#endif /* __PKVM_IOMMU_HW_H__ */
