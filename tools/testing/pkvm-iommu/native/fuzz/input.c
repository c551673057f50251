// SPDX-License-Identifier: GPL-2.0-only
/*
 * From bytes to calls, and back to a clean machine.
 */
#include <stdlib.h>

#include <linux/pkvm-iommu-guest.h>

#include "fuzz.h"

#define MAX_DOMAINS	16
#define HANDLE		NATIVE_HANDLE_OFFSET

static struct walk *walk;

static u8 next(struct fuzz_input *in)
{
	if (!in->left)
		return 0;
	in->left--;

	return *in->data++;
}

/* A byte names something that exists, or says that 8 bytes of anything follow */
static u64 argument(struct fuzz_input *in)
{
	u8 what = next(in), i;
	u64 val = 0;

	if (what < 48)
		return what;
	if (what < 96)
		return (what - 48) * PAGE_SIZE;
	if (what < 104)
		return (what - 96) * GHOST_BLOCK;
	if (what < 168)
		return NATIVE_MEM_START + GHOST_BLOCK * 2 + (what - 104) * PAGE_SIZE;
	if (what < 176)
		return NATIVE_MEM_START + GHOST_BLOCK + (what - 168) * PAGE_SIZE;
	if (what < 184)
		return HANDLE + what - 176;
	if (what < 192)
		return sim_smmus[0]->cfg.base + (what - 184) * PAGE_SIZE;
	if (what < 200)
		return BIT(ghost_ias()) - (what - 192) * PAGE_SIZE;
	if (what < 208)
		return machine_sids[what - 200];
	for (i = 0; i < 8; i++)
		val |= (u64)next(in) << (8 * i);

	return val;
}

static unsigned int count_domains(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < GHOST_MAX_DOMAINS; i++)
		nr += walk_state()->domain[i].used;

	return nr;
}

bool fuzz_step(struct fuzz_input *in, enum step_kind kind, struct step *step)
{
	static const u64 funcs[] = {
		PVIOMMU_OP_FUNC_ID, PVIOMMU_DEV_REQ_DMA_FUNC_ID, PVIOMMU_DEV_REQ_MMIO_FUNC_ID,
		ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID,
	};
	u64 alloc = kind == STEP_HOST ? PKVM_IOMMU_OP_ALLOC_DOMAIN : PVIOMMU_OP_ALLOC_DOMAIN;
	unsigned int i;
	u8 op;

	if (in->left < 2)
		return false;
	op = next(in);
	*step = (struct step) {
		.kind	= kind,
		.fault	= NATIVE_NR_FAULTS,
		.op	= op & 31,
		.func	= funcs[(op >> 5) % ARRAY_SIZE(funcs)],
		.seed	= in->left,
		.hostile = op >> 7,
	};
	for (i = 0; i < 5; i++)
		step->arg[i] = argument(in);
	if (kind == STEP_HOST && step->op == PKVM_IOMMU_OP_VM_ROUTE)
		step->arg[5] = argument(in);
	step_keep_in_model(step);
	if (step->op == alloc && count_domains() > MAX_DOMAINS)
		step->op = 31;

	return true;
}

void fuzz_do(const struct step *step)
{
	walk_step(walk, step);
}

void fuzz_start(void)
{
	setenv("NATIVE_ABORT", "1", 1);
	walk = walk_new();
	walk->machine = machine_get(0);
	walk->seed = 1;
	walk->dma_rate = 64;
	walk_start(walk);
}

static void end_vm(unsigned int nr)
{
	u64 handle = HANDLE + nr, gfn;
	struct pkvm_hyp_vm *vm;

	vm_start_teardown(handle);
	while (host_call(PKVM_IOMMU_OP_VM_DRAIN, handle, 0, 0, 0, 0).ret == -EAGAIN)
		;
	vm = vm_of(handle);
	for (gfn = 0; vm && gfn < NATIVE_GUEST_PAGES; gfn++)
		vm_reclaim_page(handle, gfn);
	vm_finalize_teardown(handle);
	vm_unreserve(handle);
}

static void end_domains(void)
{
	unsigned int i;

	for (i = 0; i < NR_SIDS; i++)
		host_call(PKVM_IOMMU_OP_ATTACH, 0, machine_sids[i], 0, 0, 0);
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		const struct ghost_domain *d = &walk_state()->domain[i];

		while (d->used && d->owner == GHOST_HOST &&
		       host_call(PKVM_IOMMU_OP_FREE_DOMAIN, d->handle, 0, 0, 0, 0).ret == -EAGAIN)
			;
	}
}

/* Everything ends, and the host has all its memory back but for some tables */
void fuzz_finish(void)
{
	unsigned int i, chunks = 2;
	u64 left;

	for (i = 0; i < GHOST_MAX_VMS; i++)
		end_vm(i);
	end_domains();
	while (host_call(PKVM_IOMMU_OP_RECLAIM, PKVM_IOMMU_TOPUP_MAX, 0, 0, 0, 0).out[1])
		;
	for (i = 0; i < walk_state()->nr_pages; i++)
		host_unshare_hyp(page_phys(i) >> PAGE_SHIFT);

	walk_resume();
	left = walk_state()->pool[0].free + walk_state()->pool[0].used;
	/* Handles: two pages; each chunk of the stream table: two */
	if (left > 2 + 2 * chunks)
		native_fail("%lu pages do not come back", left);
}
