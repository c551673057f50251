// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: fault records and global errors.
 *
 * EL2 owns the event queue and hands out its records one by one. They are
 * messages about what devices did, nothing depends on them. What a record means the
 * driver of the hardware knows. Of the device of a VM EL2 tells only that it did
 * something, in the VM's terms.
 */
#include <linux/bitfield.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-guest.h>
#include <linux/string_choices.h>

#include "host.h"

/* Records that one run of the work handles before others get their turn */
#define RECORDS_PER_RUN		64

/*
 * Without interrupts: soon enough for who reads the log. With them only to see that an
 * IOMMU is dead: EL2 switches one off that does not answer, and that raises none. The
 * work is deferrable, neither is a reason to wake a CPU.
 */
#define POLL_INTERVAL		(2 * HZ)
#define WATCH_INTERVAL		(10 * HZ)

/* Flags are passed on as they are */
static_assert(!((PKVM_IOMMU_EVENT_PRIV ^ PVIOMMU_EVENT_PRIV >> 8) |
		(PKVM_IOMMU_EVENT_INSTR ^ PVIOMMU_EVENT_INSTR >> 8) |
		(PKVM_IOMMU_EVENT_READ ^ PVIOMMU_EVENT_READ >> 8) |
		(PKVM_IOMMU_EVENT_ACCESS ^ PVIOMMU_EVENT_IOVA >> 8)));
#define VM_EVENT_FLAGS		GENMASK_ULL(11, 8)

static const char *name_of(const struct pkvm_iommu_master *master)
{
	return master ? dev_name(master->dev) : "no device";
}

static bool may_log(struct pkvm_iommu *iommu, struct pkvm_iommu_master *master)
{
	return __ratelimit(master ? &master->rs : &iommu->unknown_rs);
}

static void log_vm_record(struct pkvm_iommu *iommu,
			  struct pkvm_iommu_master *master, pkvm_handle_t vm,
			  u32 sid, const struct pkvm_iommu_event *event)
{
	const struct pkvm_iommu_event_ops *ops = iommu->event_ops;

	if (!may_log(iommu, master))
		return;

	if (!vm)
		dev_err(iommu->dev, "fault: %s stream %#x: of an owner that is gone\n",
			name_of(master), sid);
	else
		dev_err(iommu->dev, "fault: %s stream %#x of VM %#x, pvIOMMU %u vSID %#x: %s%s%s (%s)\n",
			name_of(master), sid, vm, event->pviommu, event->vsid,
			event->flags & PKVM_IOMMU_EVENT_ACCESS ?
			str_read_write(event->flags & PKVM_IOMMU_EVENT_READ) : "",
			event->flags & PKVM_IOMMU_EVENT_ACCESS ? ": " : "",
			ops->type_name(event->type), ops->type_text(event->type));
}

/* The record went to the VM; this is what EL2 tells of it */
static void handle_vm_record(struct pkvm_iommu *iommu, const u64 *rec)
{
	struct pkvm_iommu_event event = {
		.pviommu	= lower_32_bits(rec[1]),
		.vsid		= upper_32_bits(rec[1]),
		.type		= FIELD_GET(PVIOMMU_EVENT_TYPE, rec[2]),
		.flags		= FIELD_GET(VM_EVENT_FLAGS, rec[2]),
	};
	struct pkvm_iommu_master *master;

	scoped_guard(mutex, &iommu->streams_lock) {
		master = pkvm_iommu_stream_master(iommu, rec[3]);
		atomic_inc(&iommu->faults);
		if (master)
			atomic_inc(&master->faults);
		log_vm_record(iommu, master, rec[0], rec[3], &event);
	}
	if (rec[0])
		pkvm_iommu_tell(rec[0], &event);
}

/* All VMs that have a stream behind an IOMMU that is dead */
static void tell_death(struct pkvm_iommu *iommu)
{
	struct pkvm_iommu_stream *stream;
	unsigned long sid;

	guard(mutex)(&pkvm_iommu_listeners_lock);
	guard(mutex)(&iommu->streams_lock);
	xa_for_each(&iommu->streams, sid, stream) {
		struct pkvm_iommu_event event = {
			.pviommu	= stream->pviommu,
			.vsid		= stream->vsid,
			.flags		= PKVM_IOMMU_EVENT_DEAD,
		};

		if (stream->vm && stream->named)
			pkvm_iommu_tell(stream->vm, &event);
	}
}

static void handle_record(struct pkvm_iommu *iommu, const u64 *rec)
{
	struct pkvm_iommu_fault fault = { };
	struct pkvm_iommu_master *master;
	int ret = -EINVAL;

	iommu->event_ops->decode(rec, &fault);

	guard(mutex)(&iommu->streams_lock);

	master = pkvm_iommu_stream_master(iommu, fault.sid);
	atomic_inc(&iommu->faults);
	if (master)
		atomic_inc(&master->faults);

	if (master && master->domain && fault.has_addr)
		ret = report_iommu_fault(master->domain, master->dev, fault.addr,
					 fault.read ? IOMMU_FAULT_READ : IOMMU_FAULT_WRITE);
	if (ret && may_log(iommu, master))
		iommu->event_ops->log(iommu, name_of(master), rec);
}

static void log_errors(struct pkvm_iommu *iommu, unsigned long bits)
{
	const char *text;
	unsigned int bit;

	for_each_set_bit(bit, &bits, 16) {
		text = iommu->event_ops->error_text(bit);
		if (text)
			dev_err_ratelimited(iommu->dev, "global error: %s\n", text);
		else
			dev_err_ratelimited(iommu->dev, "global error: bit %u\n", bit);
	}
}

/* Returns whether there may be more */
static bool poll_once(struct pkvm_iommu *iommu)
{
	u64 rec[4];
	long ret;

	scoped_guard(mutex, &pkvm_iommu_listeners_lock) {
		ret = pkvm_iommu_hyp_poll(iommu->id, rec);
		if (ret >= 0 && ret & PKVM_IOMMU_POLL_VM_EVENT)
			handle_vm_record(iommu, rec);
	}
	if (ret < 0) {
		dev_err_ratelimited(iommu->dev, "cannot poll events (%pe)\n",
				    ERR_PTR(ret));
		return false;
	}

	if (ret & PKVM_IOMMU_POLL_EVENT)
		handle_record(iommu, rec);
	if (ret & PKVM_IOMMU_POLL_OVERFLOW)
		dev_err_ratelimited(iommu->dev, "event queue overflow, faults were lost\n");
	if (ret & PKVM_IOMMU_POLL_GERROR)
		log_errors(iommu, FIELD_GET(PKVM_IOMMU_POLL_GERROR_BITS, ret));
	if (ret & PKVM_IOMMU_POLL_DEAD && !iommu->dead) {
		WRITE_ONCE(iommu->dead, true);
		dev_crit(iommu->dev, "SMMU dead, all its streams abort until reset\n");
		tell_death(iommu);
	}

	/* A dead IOMMU says so each time, and may have errors for ever */
	if (iommu->dead)
		ret &= ~PKVM_IOMMU_POLL_GERROR;

	return ret & (PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_VM_EVENT |
		      PKVM_IOMMU_POLL_OVERFLOW | PKVM_IOMMU_POLL_GERROR);
}

/**
 * pkvm_iommu_event_work() - drain the event queue, for a while
 * @work: work of pkvm_iommu.event_work
 */
void pkvm_iommu_event_work(struct work_struct *work)
{
	struct pkvm_iommu *iommu = container_of(work, struct pkvm_iommu,
						event_work.work);
	unsigned int i;

	for (i = 0; i < RECORDS_PER_RUN; i++) {
		if (!poll_once(iommu))
			break;
	}

	if (i == RECORDS_PER_RUN)
		pkvm_iommu_poll_now(iommu);
	else if (!iommu->dead)
		queue_delayed_work(system_dfl_wq, &iommu->event_work,
				   iommu->wired ? WATCH_INTERVAL : POLL_INTERVAL);
}

/**
 * pkvm_iommu_poll_now() - see what an IOMMU has to tell
 * @iommu: the IOMMU, bound
 *
 * Context: any.
 */
void pkvm_iommu_poll_now(struct pkvm_iommu *iommu)
{
	mod_delayed_work(system_dfl_wq, &iommu->event_work, 0);
}
