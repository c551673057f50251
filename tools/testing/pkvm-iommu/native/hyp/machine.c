// SPDX-License-Identifier: GPL-2.0-only
/*
 * Booting, and a host that keeps the rules of the interface.
 */
#include <nvhe/iommu.h>

#include "edu.h"
#include "machine.h"

/* Boot reserves what the host reserves, rounded up to the alignment of the root */
#define BOOT_ALIGN	(16 * PAGE_SIZE)

struct machine machine_now;

static struct rng garbage;
/* Pages that the host's own allocator has given out */
static u8 *in_use;
static u64 first_host_page;

static u64 end_of_piece(unsigned int i)
{
	return PAGE_ALIGN(hyp_memory[i].base + hyp_memory[i].size);
}

void machine_prepare(const struct machine *m, u64 seed)
{
	static u8 used[NATIVE_PHYS_END >> 12];
	bool coherent = true;
	unsigned int i, j, nr_ranges = 0;

	machine_now = *m;
	rng_seed(&garbage, seed);
	in_use = used;
	for (i = 0; i < m->nr_smmus; i++) {
		coherent &= m->smmus[i].coherent && (m->flags[i] & PKVM_IOMMU_F_COHERENT);
		sim_create(&m->smmus[i], seed + i);
		for (j = 0; j < NR_SIDS; j++)
			sim_add_device(i, machine_sids[j]);
	}
	for (i = 0; i < m->nr_devices; i++)
		nr_ranges += m->devices[i].nr_ranges;
	edu_create(m);
	memory_init(m->mem, m->nr_mem, coherent);
	pkvm_iommu_reserve_nr = pkvm_iommu_reserve_for_idmap(m->nr_smmus, nr_ranges) +
				pkvm_iommu_reserve_for_window(m->window.base, m->window.size);
	pkvm_iommu_reserve_nr = ALIGN(pkvm_iommu_reserve_nr, 16);
	boot_pool_init(NATIVE_MEM_START, pkvm_iommu_reserve_nr);
	first_host_page = NATIVE_MEM_START + pkvm_iommu_reserve_nr * PAGE_SIZE;
	if (first_host_page > end_of_piece(0))
		native_fail("the memory of machine %s is too small for %lu pages", m->name,
			    pkvm_iommu_reserve_nr);
	if (pkvm_iommu_take_reserve())
		native_fail("cannot reserve the memory for the identity map");
}

long machine_register(const struct machine *m, unsigned int smmu)
{
	struct call_result r;
	u64 phys, nr;

	r = host_init_call(PKVM_IOMMU_INIT_REGISTER, m->smmus[smmu].base, SIM_MMIO_SIZE,
			   m->flags[smmu], 0, 0);
	if (r.ret != -ENOMEM)
		return r.ret;
	nr = roundup_pow_of_two(r.out[0]);
	phys = host_pages_get(nr);
	r = host_init_call(PKVM_IOMMU_INIT_REGISTER, m->smmus[smmu].base, SIM_MMIO_SIZE,
			   m->flags[smmu], hyp_phys_to_pfn(phys), nr);

	return r.ret;
}

void machine_register_devices(const struct machine *m)
{
	unsigned int i, j;

	for (i = 0; i < m->nr_devices; i++) {
		const struct machine_device *d = &m->devices[i];
		long id = host_init_call(PKVM_IOMMU_INIT_DEVICE, d->group, d->reset, 0, 0, 0).ret;
		bool broken = id != i;

		for (j = 0; j < d->nr_ranges; j++)
			broken |= host_init_call(PKVM_IOMMU_INIT_DEVICE_MMIO, id, d->range[j].base,
						 d->range[j].size, 0, 0).ret;
		for (j = 0; j < d->nr_streams; j++)
			broken |= host_init_call(PKVM_IOMMU_INIT_DEVICE_STREAM, id,
						 d->stream[j].smmu, d->stream[j].sid, 0, 0).ret;
		if (broken != d->broken)
			native_fail("the description of device %u is %s", i,
				    broken ? "refused" : "accepted");
	}
}

void machine_boot(const struct machine *m, u64 seed)
{
	unsigned int i;
	long ret;

	machine_prepare(m, seed);
	for (i = 0; i < m->nr_smmus; i++) {
		ret = machine_register(m, i);
		if (ret != i)
			native_fail("registration of SMMU %u returns %ld", i, ret);
	}
	machine_register_devices(m);
	if (m->window.size &&
	    host_init_call(PKVM_IOMMU_INIT_WINDOW, m->window.base, m->window.size, 0, 0, 0).ret)
		native_fail("the window of MMIO is refused");
	if (host_init_call(PKVM_IOMMU_INIT_WITHHOLD, m->withheld.base, m->withheld.size, 0, 0,
			   0).ret)
		native_fail("registers are not withheld");
	ret = host_init_call(PKVM_IOMMU_INIT_FINALISE, m->policy, 0, 0, 0, 0).ret;
	if (ret)
		native_fail("take-over returns %ld", ret);
}

/* What a page of the host holds when it comes to EL2 is the host's choice */
static void fill(u64 phys)
{
	static const u64 looks[] = { 0, ~0ULL, NATIVE_MEM_START | 0x4c3, NATIVE_MEM_START | 3 };

	outside_fill(phys, looks[rng_below(&garbage, ARRAY_SIZE(looks))]);
}

u64 host_pages_get(unsigned int nr)
{
	unsigned int piece, n;
	u64 phys;

	for (piece = 0; piece < hyp_memblock_nr; piece++) {
		phys = max(ALIGN(hyp_memory[piece].base, PAGE_SIZE), first_host_page);
		if (piece)
			phys = ALIGN(hyp_memory[piece].base, PAGE_SIZE);
		phys = ALIGN(phys, nr * PAGE_SIZE);
		for (; phys + nr * PAGE_SIZE <= end_of_piece(piece); phys += nr * PAGE_SIZE) {
			for (n = 0; n < nr && !in_use[(phys >> PAGE_SHIFT) + n]; n++)
				;
			if (n < nr)
				continue;
			for (n = 0; n < nr; n++) {
				in_use[(phys >> PAGE_SHIFT) + n] = 1;
				fill(phys + n * PAGE_SIZE);
			}
			return phys;
		}
	}

	return 0;
}

u64 host_page_get(void)
{
	u64 phys = host_pages_get(1);

	if (!phys)
		native_fail("the host is out of memory");

	return phys;
}

void host_page_put(u64 phys)
{
	if (!in_use[phys >> PAGE_SHIFT])
		native_fail("0x%lx is not in use", phys);
	in_use[phys >> PAGE_SHIFT] = 0;
}

unsigned int host_pages_left(void)
{
	unsigned int piece, nr = 0;
	u64 phys;

	for (piece = 0; piece < hyp_memblock_nr; piece++) {
		phys = piece ? hyp_memory[piece].base : first_host_page;
		for (; phys < end_of_piece(piece); phys += PAGE_SIZE)
			nr += !in_use[phys >> PAGE_SHIFT];
	}

	return nr;
}

u64 host_list(unsigned int nr)
{
	u64 head = 0;

	while (nr--) {
		u64 phys = host_page_get();

		outside_write64(phys, head);
		head = phys;
	}

	return head;
}

void host_list_put(u64 head, u64 nr)
{
	while (nr--) {
		u64 next = outside_read64(head);

		host_page_put(head);
		head = next;
	}
}

int host_topup(unsigned int nr)
{
	struct call_result r = host_call(PKVM_IOMMU_OP_TOPUP, host_list(nr), nr, 0, 0, 0);

	host_list_put(r.out[0], r.out[1]);

	return r.ret;
}

int host_vm_topup(u64 vm, unsigned int nr)
{
	struct call_result r = host_call(PKVM_IOMMU_OP_VM_TOPUP, vm, host_list(nr), nr, 0, 0);

	host_list_put(r.out[0], r.out[1]);

	return r.ret;
}

struct call_result host_do(u64 op, u64 x2, u64 x3, u64 x4, u64 x5, u64 x6)
{
	struct call_result r;
	unsigned int tries;

	for (tries = 0; tries < 8; tries++) {
		r = host_call(op, x2, x3, x4, x5, x6);
		if (r.ret != -ENOMEM)
			break;
		if (op == PKVM_IOMMU_OP_VM_ROUTE)
			host_vm_topup(x2, r.out[0]);
		else
			host_topup(op == PKVM_IOMMU_OP_MAP || op == PKVM_IOMMU_OP_MAP_LIST ?
				   r.out[1] : r.out[0]);
	}

	return r;
}

int host_drain(u64 vm)
{
	struct call_result r;
	unsigned int steps = 0;

	do {
		r = host_call(PKVM_IOMMU_OP_VM_DRAIN, vm, 0, 0, 0, 0);
		host_list_put(r.out[0], r.out[1]);
		if (++steps > 100000)
			native_fail("the drain does not end");
	} while (r.ret == -EAGAIN);

	return r.ret;
}
