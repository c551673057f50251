// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM SMMUv3 host driver: decodes and logs fault records and global errors.
 */
#include <linux/bitfield.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/string_choices.h>

#include "../arm-smmu-v3.h"
#include "pkvm-smmu.h"

/* Fields that a record of some type has besides the stream ID */
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

/* Format the access of a record: ": write of 0x... (input, stage 2, ipa 0x...)" */
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

static bool is_known(unsigned int type)
{
	return type < ARRAY_SIZE(event_types) && event_types[type].name;
}

static void decode(const u64 *rec, struct pkvm_iommu_fault *fault)
{
	unsigned int type = FIELD_GET(EVTQ_0_ID, rec[0]);

	fault->sid = FIELD_GET(EVTQ_0_SID, rec[0]);
	fault->has_addr = is_known(type) && event_types[type].has & HAS_ADDR;
	fault->addr = FIELD_GET(EVTQ_2_ADDR, rec[2]);
	fault->read = rec[1] & EVTQ_1_RnW;
}

static void log_record(const struct pkvm_iommu *smmu, const char *device, const u64 *rec)
{
	unsigned int id = FIELD_GET(EVTQ_0_ID, rec[0]);
	u32 sid = FIELD_GET(EVTQ_0_SID, rec[0]);
	char access[128];

	if (!is_known(id)) {
		dev_err(smmu->dev, "event %#x: %s stream %#x: %016llx %016llx %016llx %016llx\n",
			id, device, sid, rec[0], rec[1], rec[2], rec[3]);
		return;
	}

	describe_access(rec, event_types[id].has, access, sizeof(access));
	dev_err(smmu->dev, "fault: %s stream %#x%s: %s (%s)\n", device, sid, access,
		event_types[id].name, event_types[id].text);
}

static const char *type_name(unsigned int type)
{
	return is_known(type) ? event_types[type].name : "event";
}

static const char *type_text(unsigned int type)
{
	return is_known(type) ? event_types[type].text : "unknown";
}

static const char *error_text(unsigned int bit)
{
	return bit < ARRAY_SIZE(gerror_str) ? gerror_str[bit] : NULL;
}

const struct pkvm_iommu_event_ops pkvm_smmu_event_ops = {
	.decode		= decode,
	.log		= log_record,
	.type_name	= type_name,
	.type_text	= type_text,
	.error_text	= error_text,
};
