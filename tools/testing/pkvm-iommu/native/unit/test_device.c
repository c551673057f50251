// SPDX-License-Identifier: GPL-2.0-only
/*
 * Assignable devices: what the host may say of them, and how they change hands.
 */
#include <linux/pkvm-iommu-guest.h>

#include "arm-smmu-v3.h"

#include "../hyp/edu.h"
#include "test.h"

#define INVALID		SMCCC_RET_INVALID_PARAMETER
#define REGS		PKVM_IOMMU_ROUTE_REGS
/* The group of the first two devices: streams, and the first page of registers */
#define STREAM_A	8
#define STREAM_B	9
#define STREAM_C	0x41f

static long route(int vm, u32 vsid, unsigned int smmu, u32 sid, u64 flags)
{
	return host_call7(PKVM_IOMMU_OP_VM_ROUTE,
			  (u64[6]) { vm, PVIOMMU, vsid, smmu, sid, flags }).ret;
}

/* Until the device is reset, or is not */
static long route_device(int vm, u32 vsid, u32 sid)
{
	unsigned int steps = 0;
	long ret;

	do {
		ret = route(vm, vsid, 0, sid, REGS);
		ASSERT(++steps < 100);
	} while (ret == -EAGAIN);

	return ret;
}

static void block(unsigned int smmu, u32 sid)
{
	attach(smmu, sid, PKVM_IOMMU_DOMAIN_IDENTITY);
	attach(smmu, sid, PKVM_IOMMU_DOMAIN_BLOCKED);
}

/* The host has had all streams of the group, and lets go of them */
static void block_group(const struct machine *m)
{
	block(0, STREAM_A);
	block(0, STREAM_B);
	block(m->devices[0].stream[1].smmu, STREAM_C);
}

static int new_reservation(void)
{
	int vm = vm_reserve();

	ASSERT(vm > 0);
	ASSERT_EQ(host_vm_topup(vm, 8), 0);

	return vm;
}

static void use_all(void)
{
	struct edu *edu;

	for (edu = edus; edu < edus + nr_edus; edu++)
		edu_use(edu);
}

static bool group_is_clean(void)
{
	return edu_is_clean(&edus[0]) && edu_is_clean(&edus[1]) && edu_is_clean(&edus[2]);
}

/* A started VM that owns the group, with a route to each of two streams */
static struct pkvm_hyp_vm *vm_with_device(const struct machine *m)
{
	int vm = new_reservation();

	block_group(m);
	ASSERT_EQ(route_device(vm, 1, STREAM_A), 0);
	ASSERT_EQ(route_device(vm, 2, STREAM_B), 0);
	ASSERT_EQ(vm_init(vm), 0);

	return vm_of(vm);
}

static void give_back(struct pkvm_hyp_vm *vm)
{
	pkvm_handle_t handle = vm->kvm.arch.pkvm.handle;

	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(host_drain(handle), 0);
	ASSERT_EQ(vm_finalize_teardown(handle), 0);
}

TEST_EACH(device, is_reset_when_it_changes_hands)
{
	u64 regs = m->devices[0].range[0].base;
	struct pkvm_hyp_vm *vm;

	machine_boot(m, seed);
	ASSERT_EQ(host_touch(regs), 0);
	use_all();
	vm = vm_with_device(m);
	ASSERT(group_is_clean());
	ASSERT_EQ(host_touch(regs), -EPERM);
	ASSERT(!edus[0].host);
	use_all();
	give_back(vm);
	ASSERT(group_is_clean());
	ASSERT_EQ(host_touch(regs), 0);
	attach(0, STREAM_A, PKVM_IOMMU_DOMAIN_IDENTITY);
}

/* I6: the SMMU hangs in the last sync of a guest's attach: the STE may be live */
TEST_EACH(device, that_may_be_live_does_not_go_back)
{
	u64 regs = m->devices[0].range[0].base, iova = 0x10 * PAGE_SIZE;
	struct pkvm_hyp_vm *vm;
	pkvm_handle_t handle;
	long domain;

	machine_boot(m, seed);
	vm = vm_with_device(m);
	handle = vm->kvm.arch.pkvm.handle;
	ASSERT_EQ(host_donate_guest(hyp_phys_to_pfn(host_page_get()), 0, vm), 0);
	domain = guest_domain(vm);
	ASSERT_EQ(guest_do(vm, PVIOMMU_OP_MAP_PAGES, domain, iova, 0, PAGE_SIZE, RW).x[1],
		  PAGE_SIZE);
	sim_smmus[0]->cfg.deaf_cr0 = true;
	fault_arm(FAULT_SYNC, 3);
	ASSERT_EQ((int)guest_op(vm, PVIOMMU_OP_ATTACH_DEV, PVIOMMU, 1, 0, domain, 0).x[0],
		  INVALID);
	ASSERT(fault_fired());
	ASSERT(sim_dma(sim_smmus[0], STREAM_A, iova, true).ok);
	ASSERT_EQ(vm_start_teardown(handle), 0);
	ASSERT_EQ(host_drain(handle), -EIO);
	ASSERT(sim_dma(sim_smmus[0], STREAM_A, iova, true).ok);
	/* It writes to the page, and whoever has the registers says what */
	ASSERT_EQ(host_touch(regs), -EPERM);
	ASSERT_EQ(vm_reclaim_page(handle, 0), -EBUSY);
}

TEST_EACH(device, that_does_not_come_to_rest_is_lost)
{
	struct pkvm_hyp_vm *vm;
	int other;

	machine_boot(m, seed);
	vm = vm_with_device(m);
	edus[1].hung = true;
	give_back(vm);
	edus[1].hung = false;
	ASSERT_EQ(host_touch(edus[0].base), -EPERM);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ATTACH, 0, STREAM_A, 0, 0, 0).ret, -EPERM);
	other = new_reservation();
	ASSERT_EQ(route_device(other, 1, STREAM_A), -EIO);
	ASSERT_EQ(route(other, 1, 0, STREAM_A, 0), -EBUSY);
}

/* Somebody switched its decoding off: nothing that it reads as says "at rest" */
TEST_EACH(device, that_does_not_answer_is_not_given)
{
	int vm;

	machine_boot(m, seed);
	vm = new_reservation();
	block_group(m);
	edus[2].gone = true;
	ASSERT_EQ(route_device(vm, 1, STREAM_A), -EIO);
	edus[2].gone = false;
	ASSERT_EQ(route_device(vm, 1, STREAM_A), -EIO);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ATTACH, 0, STREAM_B, 0, 0, 0).ret, -EPERM);
	ASSERT_EQ(host_drain(vm), 0);
}

/* Found by a walk, machine stage1-single, seed 1: the first route lost its stream */
TEST_EACH(device, that_cannot_be_had_as_a_whole_stays_as_it_was)
{
	int vm, other;

	machine_boot(m, seed);
	vm = new_reservation();
	other = new_reservation();
	block_group(m);
	ASSERT_EQ(route(vm, 1, 0, STREAM_B, 0), 0);
	ASSERT_EQ(route(vm, 2, 0, STREAM_A, REGS), -EBUSY);
	/* One has an owner, the others are the host's */
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_ATTACH, 0, STREAM_B, 0, 0, 0).ret, -EPERM);
	ASSERT_EQ(route(other, 1, 0, STREAM_B, 0), -EBUSY);
	attach(0, STREAM_A, PKVM_IOMMU_DOMAIN_IDENTITY);
	ASSERT_EQ(route(other, 1, 0, STREAM_A, REGS), -EBUSY);
	ASSERT_EQ(host_touch(edus[0].base), 0);
	/* The host has the registers: such a VM is not served */
	ASSERT_EQ(vm_init(vm), 0);
	ASSERT(!vm_of(vm)->iommu);
}

TEST_EACH(device, is_one_vms_at_a_time)
{
	int vm, other;

	machine_boot(m, seed);
	vm = new_reservation();
	other = new_reservation();
	block_group(m);
	ASSERT_EQ(route(vm, 1, 0, STREAM_A, REGS), -EAGAIN);
	ASSERT_EQ(route(other, 1, 0, STREAM_B, REGS), -EBUSY);
	ASSERT_EQ(route_device(vm, 1, STREAM_A), 0);
	ASSERT_EQ(route(other, 1, 0, STREAM_B, REGS), -EBUSY);
	/* I2: one name for one stream */
	ASSERT_EQ(route(vm, 2, 0, STREAM_A, REGS), -EBUSY);
	ASSERT_EQ(route(vm, 2, 0, STREAM_A, 2), -EINVAL);
	ASSERT_EQ(host_drain(vm), 0);
	ASSERT_EQ(route_device(other, 1, STREAM_B), 0);
}

TEST(device, without_a_reset_or_a_description_is_not_given)
{
	int vm;

	machine_boot(m, seed);
	vm = new_reservation();
	block(0, 0x10);
	block(0, 0x18);
	ASSERT_EQ(route(vm, 1, 0, 0x10, REGS), -EACCES);
	ASSERT_EQ(route(vm, 1, 0, 0x18, REGS), -EACCES);
	/* Nor one that the host never had: nobody paid for its stream table */
	ASSERT_EQ(route(vm, 1, 0, STREAM_A, REGS), -ENOENT);
	block(0, STREAM_A);
	block(0, STREAM_B);
	block(0, STREAM_C);
	fault_arm(FAULT_DONATE, 1);
	ASSERT_EQ(route(vm, 1, 0, STREAM_A, REGS), -ENOMEM);
	ASSERT_EQ(host_touch(edus[0].base), 0);
}

/* Such an SMMU has no stream table, which the claim once did not know */
TEST(device, behind_an_smmu_that_is_left_out_is_not_given)
{
	struct machine two = *m;
	int vm;

	two.smmus[1] = two.smmus[0];
	two.smmus[1].base += 0x100000;
	two.smmus[0].idr[0] &= ~IDR0_S1P;
	two.smmus[1].idr[0] &= ~IDR0_S2P;
	two.flags[1] = two.flags[0] | PKVM_IOMMU_F_NO_2LVL;
	two.nr_smmus = 2;
	two.devices[0].stream[1].smmu = 1;
	two.devices[1].stream[0].smmu = 1;
	machine_boot(&two, seed);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_GET_INFO, 1, 0, 0, 0, 0).ret, -ENOENT);
	vm = new_reservation();
	block(0, STREAM_A);
	ASSERT_EQ(route(vm, 1, 0, STREAM_A, REGS), -ENOENT);
	attach(0, STREAM_A, PKVM_IOMMU_DOMAIN_IDENTITY);
}

TEST_EACH(device, registers_are_mapped_once_and_named)
{
	u64 regs = m->devices[0].range[0].base, ipa = 20 * PAGE_SIZE;
	struct pkvm_hyp_vm *vm, *other;
	struct guest_result r;

	machine_boot(m, seed);
	vm = vm_with_device(m);
	other = new_vm(0, 1);
	ASSERT_EQ(host_map_registers(regs >> PAGE_SHIFT, 20, other), -EPERM);
	ASSERT_EQ(host_map_registers(edus[3].base >> PAGE_SHIFT, 20, vm), -EPERM);
	ASSERT_EQ(host_map_registers((regs >> PAGE_SHIFT) + 2, 20, vm), -EPERM);
	ASSERT_EQ(host_map_registers(host_page_get() >> PAGE_SHIFT, 20, vm), -EPERM);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, ipa });
	ASSERT(r.wants_page && r.fault_ipa == ipa);
	ASSERT_EQ(host_map_registers((regs >> PAGE_SHIFT) + 1, 20, vm), 0);
	ASSERT_EQ(host_map_registers((regs >> PAGE_SHIFT) + 1, 21, vm), -EBUSY);
	ASSERT_EQ(host_map_registers(regs >> PAGE_SHIFT, 20, vm), -EEXIST);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, ipa });
	ASSERT_EQ(r.x[0], SMCCC_RET_SUCCESS);
	ASSERT_EQ(r.x[1], regs + PAGE_SIZE);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, ipa + 1 });
	ASSERT_EQ((int)r.x[0], INVALID);
	/* What its table does not translate is no other page */
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, BIT(vm->pgt.ia_bits) + ipa });
	ASSERT_EQ((int)r.x[0], INVALID);
	ASSERT_EQ(host_donate_guest(hyp_phys_to_pfn(host_page_get()), 0, vm), 0);
	r = guest_call(vm, (u64[7]) { PVIOMMU_DEV_REQ_MMIO_FUNC_ID, 0 });
	ASSERT_EQ((int)r.x[0], INVALID);
	/* The next owner starts from nothing */
	ASSERT_EQ(vm_start_teardown(vm->kvm.arch.pkvm.handle), 0);
	ASSERT_EQ(host_drain(vm->kvm.arch.pkvm.handle), 0);
	vm = vm_with_device(m);
	ASSERT_EQ(host_map_registers((regs >> PAGE_SHIFT) + 1, 21, vm), 0);
}

TEST_EACH(device, registers_are_no_target_of_dma)
{
	u64 regs = m->devices[0].range[0].base, done;
	long domain;

	machine_boot(m, seed);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_blocked(0, 0, regs, true);
	expect_blocked(0, 0, regs + PAGE_SIZE, false);
	expect_dma(0, 0, regs + 2 * PAGE_SIZE, true, regs + 2 * PAGE_SIZE);
	domain = new_domain();
	ASSERT_EQ(map(domain, 0, regs, PAGE_SIZE, RW, &done), -EPERM);
	/* A mapping stops where they begin */
	ASSERT_EQ(map(domain, 0, regs - PAGE_SIZE, 2 * PAGE_SIZE, RW, &done), -EPERM);
	ASSERT_EQ(done, PAGE_SIZE);
}

static long device(u64 group, u64 reset)
{
	return host_init_call(PKVM_IOMMU_INIT_DEVICE, group, reset, 0, 0, 0).ret;
}

static long mmio(u64 dev, u64 base, u64 size)
{
	return host_init_call(PKVM_IOMMU_INIT_DEVICE_MMIO, dev, base, size, 0, 0).ret;
}

static long stream(u64 dev, u64 smmu, u64 sid)
{
	return host_init_call(PKVM_IOMMU_INIT_DEVICE_STREAM, dev, smmu, sid, 0, 0).ret;
}

TEST(device, description_that_makes_no_sense_is_refused)
{
	u64 regs = 0x20000000, i;

	machine_prepare(m, seed);
	ASSERT_EQ(machine_register(m, 0), 0);
	ASSERT_EQ(device(PKVM_DEVICE_MAX, 0), -EINVAL);
	ASSERT_EQ(device(0, PKVM_DEVICE_RESET_EDU + 1), -EINVAL);
	ASSERT_EQ(mmio(0, regs, PAGE_SIZE), -EPERM);
	ASSERT_EQ(stream(0, 0, 0), -EPERM);
	ASSERT_EQ(device(0, PKVM_DEVICE_RESET_EDU), 0);
	ASSERT_EQ(mmio(0, regs, 0), -EINVAL);
	ASSERT_EQ(mmio(0, regs + 1, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(mmio(0, -PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
	ASSERT_EQ(mmio(0, 1ULL << NATIVE_HOST_IA_BITS, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(mmio(0, NATIVE_MEM_START, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(mmio(0, NATIVE_MEM_START - PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
	ASSERT_EQ(mmio(0, m->smmus[0].base, PAGE_SIZE), -EINVAL);
	fault_arm(FAULT_DONATE, 1);
	ASSERT_EQ(mmio(0, regs, PAGE_SIZE), -ENOMEM);
	fault_disarm_all();
	ASSERT_EQ(device(1, PKVM_DEVICE_RESET_NONE), 1);
	/* Behind memory, as these are 512 MiB and more with 64k pages */
	ASSERT_EQ(mmio(1, 1ULL << 36, PAGE_SIZE * 8193), -ENOSPC);
	for (i = 0; i < PKVM_DEVICE_MAX_RANGES; i++)
		ASSERT_EQ(mmio(1, regs + i * PAGE_SIZE, PAGE_SIZE), 0);
	ASSERT_EQ(mmio(1, regs + i * PAGE_SIZE, PAGE_SIZE), -ENOSPC);
	/* Those of another */
	ASSERT_EQ(mmio(0, regs, PAGE_SIZE), -EINVAL);
	for (i = 0; i < PKVM_DEVICE_MAX_STREAMS; i++)
		ASSERT_EQ(stream(1, 0, i), 0);
	ASSERT_EQ(stream(1, 0, 3), 0);
	ASSERT_EQ(stream(1, 0, i), -ENOSPC);
	ASSERT_EQ(stream(0, 0, 3), -EEXIST);
	ASSERT_EQ(stream(0, 0, 1ULL << 32), -ERANGE);
	ASSERT_EQ(stream(0, 1, 17), -ENOENT);
	for (i = 2; i < PKVM_DEVICE_MAX; i++)
		ASSERT_EQ(device(2, PKVM_DEVICE_RESET_EDU), i);
	ASSERT_EQ(stream(2, 0, 20), 0);
	/* The group of one that has no room is incomplete */
	ASSERT_EQ(device(2, PKVM_DEVICE_RESET_EDU), -ENOSPC);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 2, 0, 0, 0, 0).ret, -EINVAL);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret, 0);
	ASSERT_EQ(device(3, 0), -EPERM);
	ASSERT_EQ(mmio(0, regs + 64 * PAGE_SIZE, PAGE_SIZE), -EPERM);
	ASSERT_EQ(stream(0, 0, 21), -EPERM);
	block(0, 20);
	ASSERT_EQ(route(new_reservation(), 1, 0, 20, REGS), -EACCES);
}
