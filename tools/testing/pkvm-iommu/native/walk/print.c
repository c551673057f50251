// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps in words.
 */
#include <stdio.h>

#include "walk.h"

static const char * const host_ops[] = {
	"GET_INFO", "TOPUP", "RECLAIM", "ALLOC_DOMAIN", "FREE_DOMAIN", "ATTACH", "MAP", "UNMAP",
	"POLL", "VM_TOPUP", "VM_ROUTE", "VM_DRAIN",
	"MAP_LIST", "UNMAP_LIST",
};

static const char * const guest_ops[] = {
	"ATTACH_DEV", "DETACH_DEV", "ALLOC_DOMAIN", "FREE_DOMAIN", "MAP_PAGES", "UNMAP_PAGES",
};

static const char * const memory_ops[] = {
	"share_hyp", "unshare_hyp", "donate_guest", "guest_share", "guest_unshare",
	"force_reclaim", "vm_reserve", "vm_unreserve", "vm_init", "vm_dying", "vm_finalize",
	"vm_reclaim", "lend_guest", "take_back", "wrprotect", "map_registers", "host_touch",
	"vm_touch", "lend_mmio", "take_back_mmio",
};

static const char *name_of(const char * const *names, unsigned int nr, u64 op, char *buf)
{
	if (op < nr)
		return names[op];
	sprintf(buf, "op %lu", op);

	return buf;
}

void step_print(const struct step *s, char *buf, size_t size)
{
	const char *name = "DMA";
	char who[16] = "device", number[32], fault[32] = "";

	switch (s->kind) {
	case STEP_HOST:
		sprintf(who, "host");
		name = name_of(host_ops, ARRAY_SIZE(host_ops), s->op, number);
		break;
	case STEP_GUEST:
		sprintf(who, "vm%u", s->vm);
		name = name_of(guest_ops, ARRAY_SIZE(guest_ops), s->op, number);
		break;
	case STEP_MEMORY:
		sprintf(who, "memory");
		name = name_of(memory_ops, ARRAY_SIZE(memory_ops), s->op, number);
		break;
	case STEP_EVENT:
		name = "event";
		break;
	}
	if (s->fault < NATIVE_NR_FAULTS)
		snprintf(fault, sizeof(fault), ", %s %u fails", fault_name(s->fault), s->nth);
	snprintf(buf, size, "%s%s %s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx)%s%s",
		 s->joins ? "& " : "", who, name,
		 s->arg[0], s->arg[1], s->arg[2], s->arg[3], s->arg[4], s->arg[5], fault,
		 s->hostile ? ", hostile" : "");
}
