// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: fault records and global errors.
 *
 * EL2 owns the event queue and hands out its records one by one. They are
 * messages about what devices did, nothing depends on them. Of the device of a VM
 * EL2 tells only that it did something, in the VM's terms.
 */
#include <linux/bitfield.h>
#include <linux/pkvm-iommu.h>
#include <linux/pkvm-pviommu.h>
#include <linux/string_choices.h>

#include "../arm-smmu-v3.h"
#include "pkvm-smmu.h"

/* Records that one run of the work handles before others get their turn */
#define RECORDS_PER_RUN		64

/*
 * Without interrupts: soon enough for who reads the log. With them only to see that an
 * SMMU is dead: EL2 switches one off that does not answer, and that raises none. The
 * work is deferrable, neither is a reason to wake a CPU.
 */
#define POLL_INTERVAL		(2 * HZ)
#define WATCH_INTERVAL		(10 * HZ)

/* What a record of some type carries besides the stream ID */
#define HAS_ADDR		BIT(0)	/* input address, direction, class */
#define HAS_FETCH		BIT(1)	/* address of a failed table access */

static const struct {
	const char *name;
	const char *text;
	unsigned int has;
} event_types[] = {
	[0x01] = { "F_UUT", "unsupported transaction" },
	[0x02] = { "C_BAD_STREAMID", "unknown stream ID" },
	[0x03] = { "F_STE_FETCH", "stream table not readable", HAS_FETCH },
	[0x04] = { "C_BAD_STE", "stream is blocked" },
	[0x05] = { "F_BAD_ATS_TREQ", "bad ATS request", HAS_ADDR },
	[0x06] = { "F_STREAM_DISABLED", "stream is disabled" },
	[0x07] = { "F_TRANSL_FORBIDDEN", "translated access", HAS_ADDR },
	[0x08] = { "C_BAD_SUBSTREAMID", "unknown substream" },
	[0x09] = { "F_CD_FETCH", "context not readable", HAS_FETCH },
	[0x0a] = { "C_BAD_CD", "bad context" },
	[0x0b] = { "F_WALK_EABT", "page table not readable",
		   HAS_ADDR | HAS_FETCH },
	[0x10] = { "F_TRANSLATION", "not mapped", HAS_ADDR },
	[0x11] = { "F_ADDR_SIZE", "address too large", HAS_ADDR },
	[0x12] = { "F_ACCESS", "access flag", HAS_ADDR },
	[0x13] = { "F_PERMISSION", "not permitted", HAS_ADDR },
	[0x20] = { "F_TLB_CONFLICT", "TLB conflict", HAS_ADDR },
	[0x21] = { "F_CFG_CONFLICT", "configuration conflict" },
	[0x24] = { "E_PAGE_REQUEST", "page request" },
	[0x25] = { "F_VMS_FETCH", "VM structure not readable", HAS_FETCH },
};

/* Flags are passed on as they are */
static_assert(!((PKVM_IOMMU_EVENT_PRIV ^ PVIOMMU_EVENT_PRIV >> 8) |
		(PKVM_IOMMU_EVENT_INSTR ^ PVIOMMU_EVENT_INSTR >> 8) |
		(PKVM_IOMMU_EVENT_READ ^ PVIOMMU_EVENT_READ >> 8) |
		(PKVM_IOMMU_EVENT_ACCESS ^ PVIOMMU_EVENT_IOVA >> 8)));
#define VM_EVENT_FLAGS		GENMASK_ULL(11, 8)

static const char * const event_class[] = {
	"context fetch", "table walk", "input", "reserved class"
};

static const char * const gerror_str[] = {
	[0] = "bad command",
	[2] = "event queue write aborted",
	[3] = "PRI queue write aborted",
	[4] = "command queue MSI aborted",
	[5] = "event queue MSI aborted",
	[6] = "PRI queue MSI aborted",
	[7] = "global error MSI aborted",
	[8] = "service failure mode",
};

/* The addresses in a record: "write of 0x... (stage 2, input, ipa 0x...)" */
static void describe_access(const u64 *rec, unsigned int has, char *buf,
			    size_t size)
{
	int n = 0;

	buf[0] = '\0';
	if (has & HAS_ADDR)
		n = scnprintf(buf, size, ": %s%s%s of %#llx (%s",
			      rec[1] & EVTQ_1_PnU ? "privileged " : "",
			      rec[1] & EVTQ_1_InD ? "instruction " : "",
			      str_read_write(rec[1] & EVTQ_1_RnW),
			      FIELD_GET(EVTQ_2_ADDR, rec[2]),
			      event_class[FIELD_GET(EVTQ_1_CLASS, rec[1])]);
	if (has & HAS_FETCH)
		scnprintf(buf + n, size - n, "%sfetch of %#llx%s",
			  n ? ", " : " (", rec[3] & EVTQ_3_FETCH_ADDR, ")");
	else if (n && rec[1] & EVTQ_1_S2)
		scnprintf(buf + n, size - n, ", stage 2, ipa %#llx)",
			  rec[3] & EVTQ_3_IPA);
	else if (n)
		scnprintf(buf + n, size - n, ", stage 1)");
}

static void log_record(struct pkvm_iommu *smmu, struct pkvm_iommu_master *master,
		       const u64 *rec)
{
	unsigned int id = FIELD_GET(EVTQ_0_ID, rec[0]);
	u32 sid = FIELD_GET(EVTQ_0_SID, rec[0]);
	char access[128];

	if (!__ratelimit(master ? &master->rs : &smmu->unknown_rs))
		return;

	if (id >= ARRAY_SIZE(event_types) || !event_types[id].name) {
		dev_err(smmu->dev, "event %#x: %s stream %#x: %016llx %016llx %016llx %016llx\n",
			id, master ? dev_name(master->dev) : "no device", sid,
			rec[0], rec[1], rec[2], rec[3]);
		return;
	}

	describe_access(rec, event_types[id].has, access, sizeof(access));
	dev_err(smmu->dev, "fault: %s stream %#x%s: %s (%s)\n",
		master ? dev_name(master->dev) : "no device", sid, access,
		event_types[id].name, event_types[id].text);
}

static const char *event_name(unsigned int id)
{
	return id < ARRAY_SIZE(event_types) && event_types[id].name ?
	       event_types[id].name : "event";
}

static const char *event_text(unsigned int id)
{
	return id < ARRAY_SIZE(event_types) && event_types[id].name ?
	       event_types[id].text : "unknown";
}

static void log_vm_record(struct pkvm_iommu *smmu,
			  struct pkvm_iommu_master *master, pkvm_handle_t vm,
			  u32 sid, const struct pkvm_iommu_event *event)
{
	const char *name = master ? dev_name(master->dev) : "no device";

	if (!__ratelimit(master ? &master->rs : &smmu->unknown_rs))
		return;

	if (!vm)
		dev_err(smmu->dev, "fault: %s stream %#x: of an owner that is gone\n",
			name, sid);
	else
		dev_err(smmu->dev, "fault: %s stream %#x of VM %#x, pvIOMMU %u vSID %#x: %s%s%s (%s)\n",
			name, sid, vm, event->pviommu, event->vsid,
			event->flags & PKVM_IOMMU_EVENT_ACCESS ?
			str_read_write(event->flags & PKVM_IOMMU_EVENT_READ) : "",
			event->flags & PKVM_IOMMU_EVENT_ACCESS ? ": " : "",
			event_name(event->type), event_text(event->type));
}

/* The record went to the VM; this is what EL2 tells of it */
static void handle_vm_record(struct pkvm_iommu *smmu, const u64 *rec)
{
	struct pkvm_iommu_event event = {
		.pviommu	= lower_32_bits(rec[1]),
		.vsid		= upper_32_bits(rec[1]),
		.type		= FIELD_GET(PVIOMMU_EVENT_TYPE, rec[2]),
		.flags		= FIELD_GET(VM_EVENT_FLAGS, rec[2]),
	};
	struct pkvm_iommu_master *master;

	scoped_guard(mutex, &smmu->streams_lock) {
		master = pkvm_iommu_stream_master(smmu, rec[3]);
		atomic_inc(&smmu->faults);
		if (master)
			atomic_inc(&master->faults);
		log_vm_record(smmu, master, rec[0], rec[3], &event);
	}
	if (rec[0])
		pkvm_iommu_tell(rec[0], &event);
}

/* All VMs that have a stream behind an SMMU that is dead */
static void tell_death(struct pkvm_iommu *smmu)
{
	struct pkvm_iommu_stream *stream;
	unsigned long sid;

	guard(mutex)(&pkvm_iommu_listeners_lock);
	guard(mutex)(&smmu->streams_lock);
	xa_for_each(&smmu->streams, sid, stream) {
		struct pkvm_iommu_event event = {
			.pviommu	= stream->pviommu,
			.vsid		= stream->vsid,
			.flags		= PKVM_IOMMU_EVENT_DEAD,
		};

		if (stream->vm && stream->named)
			pkvm_iommu_tell(stream->vm, &event);
	}
}

static bool record_has_addr(const u64 *rec)
{
	unsigned int id = FIELD_GET(EVTQ_0_ID, rec[0]);

	return id < ARRAY_SIZE(event_types) && event_types[id].has & HAS_ADDR;
}

static void handle_record(struct pkvm_iommu *smmu, const u64 *rec)
{
	struct pkvm_iommu_master *master;
	int ret = -EINVAL;

	guard(mutex)(&smmu->streams_lock);

	master = pkvm_iommu_stream_master(smmu, FIELD_GET(EVTQ_0_SID, rec[0]));
	atomic_inc(&smmu->faults);
	if (master)
		atomic_inc(&master->faults);

	if (master && master->domain && record_has_addr(rec))
		ret = report_iommu_fault(master->domain, master->dev,
					 FIELD_GET(EVTQ_2_ADDR, rec[2]),
					 rec[1] & EVTQ_1_RnW ?
					 IOMMU_FAULT_READ : IOMMU_FAULT_WRITE);
	if (ret)
		log_record(smmu, master, rec);
}

static void log_gerror(struct pkvm_iommu *smmu, unsigned long bits)
{
	unsigned int bit;

	for_each_set_bit(bit, &bits, 16) {
		if (bit < ARRAY_SIZE(gerror_str) && gerror_str[bit])
			dev_err_ratelimited(smmu->dev, "global error: %s\n",
					    gerror_str[bit]);
		else
			dev_err_ratelimited(smmu->dev,
					    "global error: bit %u\n", bit);
	}
}

/* Returns whether there may be more */
static bool poll_once(struct pkvm_iommu *smmu)
{
	u64 rec[4];
	long ret;

	scoped_guard(mutex, &pkvm_iommu_listeners_lock) {
		ret = pkvm_iommu_hyp_poll(smmu->id, rec);
		if (ret >= 0 && ret & PKVM_IOMMU_POLL_VM_EVENT)
			handle_vm_record(smmu, rec);
	}
	if (ret < 0) {
		dev_err_ratelimited(smmu->dev, "cannot poll events (%pe)\n",
				    ERR_PTR(ret));
		return false;
	}

	if (ret & PKVM_IOMMU_POLL_EVENT)
		handle_record(smmu, rec);
	if (ret & PKVM_IOMMU_POLL_OVERFLOW)
		dev_err_ratelimited(smmu->dev, "event queue overflow, faults were lost\n");
	if (ret & PKVM_IOMMU_POLL_GERROR)
		log_gerror(smmu, FIELD_GET(PKVM_IOMMU_POLL_GERROR_BITS, ret));
	if (ret & PKVM_IOMMU_POLL_DEAD && !smmu->dead) {
		WRITE_ONCE(smmu->dead, true);
		dev_crit(smmu->dev, "SMMU dead, all its streams abort until reset\n");
		tell_death(smmu);
	}

	/* A dead SMMU says so each time, and may have errors for ever */
	if (smmu->dead)
		ret &= ~PKVM_IOMMU_POLL_GERROR;

	return ret & (PKVM_IOMMU_POLL_EVENT | PKVM_IOMMU_POLL_VM_EVENT |
		      PKVM_IOMMU_POLL_OVERFLOW | PKVM_IOMMU_POLL_GERROR);
}

/**
 * pkvm_smmu_event_work() - drain the event queue, for a while
 * @work: work of pkvm_iommu.event_work
 */
void pkvm_smmu_event_work(struct work_struct *work)
{
	struct pkvm_iommu *smmu = container_of(work, struct pkvm_iommu,
					       event_work.work);
	unsigned int i;

	for (i = 0; i < RECORDS_PER_RUN; i++) {
		if (!poll_once(smmu))
			break;
	}

	if (i == RECORDS_PER_RUN)
		pkvm_smmu_poll_now(smmu);
	else if (!smmu->dead)
		queue_delayed_work(system_dfl_wq, &smmu->event_work,
				   smmu->wired ? WATCH_INTERVAL : POLL_INTERVAL);
}

/**
 * pkvm_smmu_poll_now() - see what an SMMU has to tell
 * @smmu: the SMMU, bound
 *
 * Context: any.
 */
void pkvm_smmu_poll_now(struct pkvm_iommu *smmu)
{
	mod_delayed_work(system_dfl_wq, &smmu->event_work, 0);
}
