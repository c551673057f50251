// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: fault records and global errors.
 *
 * EL2 owns the event queue, and returns one record per call. The driver of the hardware
 * decodes a record. If the record is about a device of a VM, EL2 returns only the VM, the
 * pvIOMMU, the vSID and the type of the fault. The records serve to report faults; the
 * driver takes no other action on them.
 */
#include <linux/bitfield.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-guest.h>
#include <linux/string_choices.h>

#include "host.h"

/* Records that one run of the work handles before the workqueue runs other work */
#define RECORDS_PER_RUN		64

/*
 * The driver polls an IOMMU without interrupts every POLL_INTERVAL. It polls one with
 * interrupts every WATCH_INTERVAL, because EL2 disables an IOMMU that does not respond,
 * which raises no interrupt. The work is deferrable, so polling does not wake a CPU.
 */
#define POLL_INTERVAL		(2 * HZ)
#define WATCH_INTERVAL		(10 * HZ)

/* handle_vm_record() gets PKVM_IOMMU_EVENT_* by shifting PVIOMMU_EVENT_* */
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
		dev_err(iommu->dev, "fault: %s stream %#x: stale, the stream has changed its owner\n",
			name_of(master), sid);
	else
		dev_err(iommu->dev, "fault: %s stream %#x of VM %#x, pvIOMMU %u vSID %#x: %s%s%s (%s)\n",
			name_of(master), sid, vm, event->pviommu, event->vsid,
			event->flags & PKVM_IOMMU_EVENT_ACCESS ?
			str_read_write(event->flags & PKVM_IOMMU_EVENT_READ) : "",
			event->flags & PKVM_IOMMU_EVENT_ACCESS ? ": " : "",
			ops->type_name(event->type), ops->type_text(event->type));
}

/* EL2 has queued the record for the VM, and returns these parts of it to the host */
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
		pkvm_iommu_notify(rec[0], &event);
}

/* Notify all VMs that own a stream of the dead IOMMU */
static void notify_death(struct pkvm_iommu *iommu)
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
			pkvm_iommu_notify(stream->vm, &event);
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
			dev_err_ratelimited(iommu->dev, "global error: unknown, bit %u\n", bit);
	}
}

/* Get one record from EL2. Returns true if there may be more. */
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
		dev_err_ratelimited(iommu->dev, "EL2 failed to read the event queue (%pe)\n",
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
		dev_crit(iommu->dev, "SMMU dead, its streams are unusable until the machine is reset\n");
		notify_death(iommu);
	}

	/* EL2 returns the errors of a dead IOMMU again at each call */
	if (iommu->dead)
		ret &= ~PKVM_IOMMU_POLL_GERROR;

	return ret & (PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_VM_EVENT |
		      PKVM_IOMMU_POLL_OVERFLOW | PKVM_IOMMU_POLL_GERROR);
}

/**
 * pkvm_iommu_event_work() - handle up to RECORDS_PER_RUN records of an IOMMU
 * @work: pkvm_iommu.event_work
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
 * pkvm_iommu_poll_now() - schedule the event work of an IOMMU at once
 * @iommu: the IOMMU, bound to its driver
 *
 * Context: any.
 */
void pkvm_iommu_poll_now(struct pkvm_iommu *iommu)
{
	mod_delayed_work(system_dfl_wq, &iommu->event_work, 0);
}
