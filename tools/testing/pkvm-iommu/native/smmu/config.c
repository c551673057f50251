// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration: stream table, STEs, CDs, and what is cached of them (sections 3.3,
 * 3.21 and 5).
 *
 * An STE is read 64 bits at a time. While it changes, a fetch may pair any first
 * word with any of the other words it had since the last CMD_SYNC after a
 * CFGI_STE: CFG_TORN keeps those.
 */
#include "arm-smmu-v3.h"

#include "sim.h"

static struct sim_cfg_entry *add(struct sim_smmu *smmu, enum sim_cfg_kind kind, u32 sid,
				 const u64 *data, unsigned int nr)
{
	struct sim_cfg_entry *entry, *free = NULL;

	for (entry = smmu->cfgs; entry < smmu->cfgs + SIM_CFG_SIZE; entry++) {
		if (!entry->valid) {
			free = free ?: entry;
			continue;
		}
		if (entry->kind == kind && entry->sid == sid &&
		    !memcmp(entry->data, data, nr * sizeof(u64)))
			return entry;
	}
	/* Full: the oldest torn read is over by now */
	if (!free) {
		free = smmu->cfgs;
		for (entry = smmu->cfgs; entry < smmu->cfgs + SIM_CFG_SIZE; entry++) {
			if (entry->seq < free->seq)
				free = entry;
		}
	}
	memset(free, 0, sizeof(*free));
	free->valid = true;
	free->kind = kind;
	free->sid = sid;
	free->seq = ++smmu->seq;
	memcpy(free->data, data, nr * sizeof(u64));

	return free;
}

static u8 split_of(const struct sim_smmu *smmu)
{
	bool two_level = FIELD_GET(STRTAB_BASE_CFG_FMT, smmu->strtab_base_cfg) ==
			 STRTAB_BASE_CFG_FMT_2LVL;

	return two_level ? FIELD_GET(STRTAB_BASE_CFG_SPLIT, smmu->strtab_base_cfg) : 0;
}

/* Where the STE is by this level 1 descriptor; 0: nowhere */
static u64 ste_in_l1(const struct sim_smmu *smmu, u64 l1, u32 sid)
{
	u8 split = split_of(smmu), span = FIELD_GET(STRTAB_L1_DESC_SPAN, l1);
	u32 idx = sid & ((1u << split) - 1);

	if (!span || idx >= 1u << (span - 1))
		return 0;
	if (span > split + 1)
		native_fail("level 1 descriptor 0x%lx spans more than the split", l1);

	return (l1 & STRTAB_L1_DESC_L2PTR_MASK) + idx * 64;
}

static u64 l1_phys(const struct sim_smmu *smmu, u32 sid)
{
	return (smmu->strtab_base & STRTAB_BASE_ADDR_MASK) + (sid >> split_of(smmu)) * 8;
}

static void fetch(struct sim_smmu *smmu, u64 phys, u64 ste[8])
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		ste[i] = sim_read64(smmu, phys + 8 * i, "stream table entry");
}

/* Where STEs of a stream may be found: by memory, and by cached descriptors */
static unsigned int find_stes(struct sim_smmu *smmu, u32 sid, u64 phys[4])
{
	struct sim_cfg_entry *entry;
	unsigned int nr = 0;
	u32 chunk;
	u64 l1;

	if (!split_of(smmu)) {
		phys[0] = (smmu->strtab_base & STRTAB_BASE_ADDR_MASK) + sid * 64;
		return 1;
	}

	l1 = sim_read64(smmu, l1_phys(smmu, sid), "level 1 descriptor");
	chunk = sid >> split_of(smmu);
	add(smmu, CFG_L1, chunk, &l1, 1);
	for (entry = smmu->cfgs; entry < smmu->cfgs + SIM_CFG_SIZE && nr < 4; entry++) {
		if (entry->valid && entry->kind == CFG_L1 && entry->sid == chunk)
			phys[nr++] = ste_in_l1(smmu, entry->data[0], sid);
	}

	return nr;
}

static bool known(u64 list[][8], unsigned int nr, const u64 *data)
{
	while (nr--) {
		if (!memcmp(list[nr], data, 64))
			return true;
	}

	return false;
}

/* All STEs that the SMMU may use for a stream right now; an all-zero one: none */
unsigned int sim_config_get(struct sim_smmu *smmu, u32 sid, u64 stes[][8], unsigned int max)
{
	unsigned int nr = 0, nr_phys, i, j;
	u64 phys[4], now[8], torn[8];

	nr_phys = find_stes(smmu, sid, phys);
	for (i = 0; i < nr_phys; i++) {
		memset(now, 0, sizeof(now));
		if (phys[i]) {
			fetch(smmu, phys[i], now);
			add(smmu, CFG_TORN, sid, now, 8);
			add(smmu, CFG_STE, sid, now, 8);
		}
		if (nr < max && !known(stes, nr, now))
			memcpy(stes[nr++], now, sizeof(now));
		for (j = 0; phys[i] && j < SIM_CFG_SIZE && nr < max; j++) {
			struct sim_cfg_entry *entry = &smmu->cfgs[j];

			if (!entry->valid || entry->kind != CFG_TORN || entry->sid != sid)
				continue;
			memcpy(torn, entry->data, sizeof(torn));
			torn[0] = now[0];
			if (!known(stes, nr, torn))
				memcpy(stes[nr++], torn, sizeof(torn));
		}
	}
	for (j = 0; j < SIM_CFG_SIZE && nr < max; j++) {
		struct sim_cfg_entry *entry = &smmu->cfgs[j];

		if (entry->valid && entry->kind == CFG_STE && entry->sid == sid &&
		    !known(stes, nr, entry->data))
			memcpy(stes[nr++], entry->data, 64);
	}

	return nr;
}

unsigned int sim_cd_get(struct sim_smmu *smmu, u32 sid, u64 phys, u64 cds[][8], unsigned int max)
{
	struct sim_cfg_entry *entry;
	unsigned int nr = 0, i;
	u64 now[8];

	for (i = 0; i < 8; i++)
		now[i] = sim_read64(smmu, phys + 8 * i, "context descriptor");
	add(smmu, CFG_CD, sid, now, 8);
	for (entry = smmu->cfgs; entry < smmu->cfgs + SIM_CFG_SIZE && nr < max; entry++) {
		if (entry->valid && entry->kind == CFG_CD && entry->sid == sid)
			memcpy(cds[nr++], entry->data, 64);
	}

	return nr;
}

void sim_config_invalidate(struct sim_smmu *smmu, const struct sim_inval *inval)
{
	u8 op = FIELD_GET(CMDQ_0_OP, inval->cmd[0]);
	u32 sid = FIELD_GET(CMDQ_CFGI_0_SID, inval->cmd[0]);
	bool leaf = inval->cmd[1] & CMDQ_CFGI_1_LEAF, all = op == CMDQ_OP_CFGI_ALL;
	struct sim_cfg_entry *entry;

	if (op != CMDQ_OP_CFGI_STE && !all)
		return;
	for (entry = smmu->cfgs; entry < smmu->cfgs + SIM_CFG_SIZE; entry++) {
		bool hit = entry->kind == CFG_L1 ? !leaf && entry->sid == sid >> split_of(smmu) :
						   entry->sid == sid;

		if (entry->seq < inval->seq && (hit || all))
			entry->valid = false;
	}
}

/* EL2 has stored a word: if it is of a device's STE, a fetch may have seen it */
void sim_config_stored(const volatile void *addr)
{
	u64 phys = hyp_virt_to_phys((void *)addr), ste, words[8];
	unsigned int i;

	for (i = 0; i < sim_nr_devices; i++) {
		struct sim_smmu *smmu = sim_smmus[sim_devices[i].smmu];
		u32 sid = sim_devices[i].sid;

		if (sim_off(smmu) || !smmu->cfg.coherent)
			continue;
		if (split_of(smmu)) {
			ste = ste_in_l1(smmu, sim_read64(smmu, l1_phys(smmu, sid), "descriptor"),
					sid);
		} else {
			ste = (smmu->strtab_base & STRTAB_BASE_ADDR_MASK) + sid * 64;
		}
		if (!ste || phys < ste || phys >= ste + 64)
			continue;
		fetch(smmu, ste, words);
		add(smmu, CFG_TORN, sid, words, 8);
	}
}
