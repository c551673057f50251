// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that the host lends to plain VMs: which, and what becomes of them when a
 * protected VM wants the device.
 */
#include <linux/pkvm-iommu-guest.h>

#include <nvhe/iommu.h>

#include "../hyp/edu.h"
#include "test.h"

#define INVALID		SMCCC_RET_INVALID_PARAMETER
/* Streams of the group of the first two devices */
#define STREAM_A	8
#define STREAM_B	9
#define STREAM_C	0x41f

static long lend(struct pkvm_hyp_vm *vm, u64 phys, u64 gfn)
{
	return host_share_mmio_guest(phys >> PAGE_SHIFT, gfn, vm);
}

static struct pkvm_hyp_vm *plain_vm(void)
{
	int handle = vm_reserve();

	ASSERT(handle > 0);
	ASSERT_EQ(vm_init_plain(handle), 0);

	return vm_of(handle);
}

static void end_plain(struct pkvm_hyp_vm *vm)
{
	pkvm_handle_t handle = vm->kvm.arch.pkvm.handle;

	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(vm_finalize_teardown(handle), 0);
}

static void block(unsigned int smmu, u32 sid)
{
	attach(smmu, sid, PKVM_IOMMU_DOMAIN_IDENTITY);
	attach(smmu, sid, PKVM_IOMMU_DOMAIN_BLOCKED);
}

/* A VM that may have the group of device 0, whose streams abort */
static int wants_device(const struct machine *m)
{
	int vm = vm_reserve();

	ASSERT(vm > 0);
	ASSERT_EQ(host_vm_topup(vm, 8), 0);
	block(0, STREAM_A);
	block(0, STREAM_B);
	block(m->devices[0].stream[1].smmu, STREAM_C);

	return vm;
}

static long take(int vm, bool wait)
{
	unsigned int steps = 0;
	long ret;

	do {
		ret = host_call7(PKVM_IOMMU_OP_VM_ROUTE,
				 (u64[6]) { vm, PVIOMMU, VSID, 0, STREAM_A,
					    PKVM_IOMMU_ROUTE_REGS }).ret;
		ASSERT(++steps < 100);
	} while (wait && ret == -EAGAIN);

	return ret;
}

TEST_EACH(lent_registers, no_vm_gets_the_device_before_all_are_back)
{
	u64 first = m->devices[0].range[0].base;
	u64 other = m->devices[0].range[1].base;
	struct pkvm_hyp_vm *a, *b;
	int vm;

	machine_boot(m, seed);
	a = plain_vm();
	b = plain_vm();
	ASSERT_EQ(lend(a, first, 0), 0);
	ASSERT_EQ(lend(a, first, 1), 0);
	ASSERT_EQ(lend(b, other, 0), 0);
	vm = wants_device(m);
	ASSERT_EQ(take(vm, true), -EBUSY);
	ASSERT_EQ(host_unshare_mmio_guest(0, a), 0);
	ASSERT_EQ(take(vm, true), -EBUSY);
	ASSERT_EQ(host_unshare_mmio_guest(0, b), 0);
	ASSERT_EQ(take(vm, true), -EBUSY);
	/* The host keeps the registers, as if nobody had asked */
	ASSERT_EQ(host_touch(first), 0);
	ASSERT_EQ(host_unshare_mmio_guest(1, a), 0);
	/* From the first step on the VM has it */
	ASSERT_EQ(take(vm, false), -EAGAIN);
	ASSERT_EQ(lend(a, first, 0), -EPERM);
	ASSERT_EQ(take(vm, true), 0);
	ASSERT_EQ(lend(a, first, 0), -EPERM);
	ASSERT_EQ(lend(a, other, 0), -EPERM);
	ASSERT_EQ(vm_init(vm), 0);
	ASSERT_EQ(lend(a, first, 0), -EPERM);
	ASSERT_EQ(vm_start_teardown(vm), 0);
	ASSERT_EQ(lend(a, first, 0), -EPERM);
	ASSERT_EQ(host_drain(vm), 0);
	/* The device is the host's again, and so is what it may do with it */
	ASSERT_EQ(lend(a, first, 0), 0);
	ASSERT_EQ(host_unshare_mmio_guest(0, a), 0);
	ASSERT_EQ(vm_finalize_teardown(vm), 0);
	end_plain(a);
	end_plain(b);
}

TEST_EACH(lent_registers, of_a_lost_device_stay_where_they_are)
{
	struct pkvm_hyp_vm *a;
	int vm;

	machine_boot(m, seed);
	a = plain_vm();
	vm = wants_device(m);
	edus[0].gone = true;
	ASSERT_EQ(take(vm, true), -EIO);
	ASSERT_EQ(lend(a, m->devices[0].range[0].base, 0), -EPERM);
	end_plain(a);
}

/* A page, and no memory, nor anything of EL2's, nor part of a device with its neighbour */
TEST_EACH(lent_registers, are_the_hosts_as_a_whole)
{
	u64 base = m->smmus[0].base, block = PTRS_PER_PTE * PAGE_SIZE, at;
	struct pkvm_hyp_vm *vm;
	unsigned int i;

	machine_boot(m, seed);
	vm = plain_vm();
	for (i = 0; i < SIM_MMIO_SIZE / PAGE_SIZE; i++)
		ASSERT_EQ(lend(vm, base + i * PAGE_SIZE, 0), -EPERM);
	for (at = m->withheld.base; at < m->withheld.base + m->withheld.size; at += PAGE_SIZE)
		ASSERT_EQ(lend(vm, at, 0), -EPERM);
	ASSERT_EQ(lend(vm, NATIVE_MEM_START, 0), -EPERM);
	ASSERT_EQ(lend(vm, host_page_get(), 0), -EPERM);
	/* Control: what lies beside them */
	ASSERT_EQ(lend(vm, at, 0), 0);
	ASSERT_EQ(host_unshare_mmio_guest(0, vm), 0);
	ASSERT_EQ(lend(vm, base - PAGE_SIZE, 0), 0);
	ASSERT_EQ(lend(vm, base - PAGE_SIZE, 0), -EPERM);
	ASSERT_EQ(host_unshare_mmio_guest(0, vm), 0);

	vm_use_blocks(vm, true);
	/* The block begins with registers of the host, and does not end with them */
	at = ALIGN_DOWN(base, block);
	ASSERT_EQ(lend(vm, at, 0), -EPERM);
	at = ALIGN_DOWN(m->devices[0].range[0].base, block);
	ASSERT_EQ(lend(vm, at, 0), -EPERM);
	at = ALIGN_DOWN(m->withheld.base, block);
	ASSERT_EQ(lend(vm, at, 0), -EPERM);
	/* Control */
	at = ALIGN(NATIVE_PHYS_END, block) + 16 * block;
	ASSERT_EQ(lend(vm, at, 0), 0);
	ASSERT_EQ(host_unshare_mmio_guest(0, vm), 0);
	end_plain(vm);
}

/* They are no memory: no count, no DMA, and nothing is done to them but to take them back */
TEST_EACH(lent_registers, are_not_memory)
{
	u64 phys = m->devices[0].range[0].base, done;
	struct pkvm_hyp_vm *vm;
	long domain;

	machine_boot(m, seed);
	vm = new_plain_vm(0, 1);
	ASSERT_EQ(lend(vm, phys, 4), 0);
	domain = guest_domain(vm);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 4 * PAGE_SIZE, PAGE_SIZE,
				RW).x[0], INVALID);
	ASSERT_EQ((int)guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, 0, 0, PAGE_SIZE, RW).x[0], 0);
	ASSERT_EQ(map(new_domain(), 0, phys, PAGE_SIZE, RW, &done), -EPERM);
	ASSERT_EQ(host_unshare_guest(4, 1, vm), -EPERM);
	ASSERT_EQ(host_wrprotect_guest(4, 1, vm), -EPERM);
	ASSERT_EQ(host_unshare_mmio_guest(0, vm), -EPERM);
	ASSERT_EQ(host_unshare_mmio_guest(5, vm), -ENOENT);
	/* Nor does a look at memory beside them end in them */
	hyp_spin_lock(&vm->lock);
	ASSERT_EQ(pkvm_iommu_lent_range_busy(vm, 4 * PAGE_SIZE, PAGE_SIZE), 0);
	ASSERT_EQ(pkvm_iommu_lent_range_busy(vm, 0, PAGE_SIZE), -EBUSY);
	hyp_spin_unlock(&vm->lock);
	ASSERT_EQ(host_unshare_mmio_guest(4, vm), 0);
	ASSERT_EQ(host_unshare_mmio_guest(4, vm), -ENOENT);
	end_vm(vm);
}

TEST_EACH(lent_registers, come_back_before_the_vm_ends)
{
	struct pkvm_hyp_vm *vm;
	pkvm_handle_t handle;

	machine_boot(m, seed);
	vm = plain_vm();
	handle = vm->kvm.arch.pkvm.handle;
	ASSERT_EQ(lend(vm, m->devices[0].range[0].base, 0), 0);
	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(vm_finalize_teardown(handle), -EBUSY);
	ASSERT_EQ(take(wants_device(m), true), -EBUSY);
	ASSERT_EQ(host_unshare_mmio_guest(0, vm), 0);
	ASSERT_EQ(vm_finalize_teardown(handle), 0);
}
