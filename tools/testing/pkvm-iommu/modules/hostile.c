// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls as a hostile host makes them, as fast as one CPU can. What each
 * returns is of little interest, but for those that must fail.
 */
#include <linux/arm-smccc.h>
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "hostile.h"
#include "internal.h"

s64 hostile_call(struct hostile *h, u32 func, const u64 x[7], u64 *x2)
{
	struct pkvm_test_hostile *arg = h->arg;
	struct arm_smccc_1_2_regs regs = { .a0 = func };

	memcpy(&regs.a1, x, 7 * sizeof(*x));
	if (!arg->wrong)
		memcpy(arg->regs, &regs, sizeof(arg->regs));
	arm_smccc_1_2_hvc(&regs, &regs);
	arg->calls++;
	arg->accepted += !regs.a0 && (s64)regs.a1 >= 0;
	if (!arg->wrong) {
		arg->result[0] = regs.a0;
		arg->result[1] = regs.a1;
	}
	if (x2)
		*x2 = regs.a0 ? 0 : regs.a2;

	return regs.a0 ? -EOPNOTSUPP : (s64)regs.a1;
}

void hostile_must_fail(struct hostile *h, bool failed)
{
	if (!failed)
		h->arg->wrong++;
}

/* splitmix64 */
u64 hostile_random(struct hostile *h)
{
	u64 x = h->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;

	return x ^ x >> 31;
}

bool hostile_one_in(struct hostile *h, unsigned int n)
{
	return !(hostile_random(h) % n);
}

u64 hostile_number(struct hostile *h)
{
	u64 r = hostile_random(h), bit = 1ULL << (r / 8 % 64);

	switch (r % 8) {
	case 0:
		return bit;
	case 1:
		return -bit;
	case 2:
		return bit - 1;
	case 3:
		return bit + r / 512 % 32;
	case 4:
		return ~0ULL - r / 512 % 32;
	case 5:
		return hostile_random(h);
	default:
		return r / 512 % 32;
	}
}

u64 hostile_own(struct hostile *h)
{
	return h->arg->arena + hostile_random(h) % (h->arg->size / PAGE_SIZE) * PAGE_SIZE;
}

u64 hostile_foreign(struct hostile *h)
{
	return h->arg->foreign[hostile_random(h) % h->arg->nr_foreign];
}

u64 hostile_nowhere(struct hostile *h)
{
	u64 addr = hostile_number(h);

	/* EL2 may look at the bits of a frame number that remain as an address */
	return pfn_valid(PHYS_PFN(addr)) || pfn_valid(PHYS_PFN(addr << PAGE_SHIFT)) ?
	       BIT_ULL(43) : addr;
}

u64 hostile_vm(struct hostile *h)
{
	u64 r = hostile_random(h);

	switch (r % 16) {
	case 0:
		return hostile_number(h);
	case 1:
		return HOSTILE_VM_FIRST + r / 16 % 0x200;
	case 2:
		return h->good;
	default:
		return HOSTILE_VM_FIRST + r / 16 % HOSTILE_VM_SOME;
	}
}

bool hostile_vm_is_kvms(const struct hostile *h, u64 vm)
{
	/* Some calls take the lower bits of a number, as EL2's type of a handle has them */
	pkvm_handle_t handle = vm;

	return handle == h->good || handle == h->victim || handle == h->plain;
}

static int vm_of(int fd, u32 *handle)
{
	struct file *file = fget(fd);
	int ret = -EBADF;

	if (!file)
		return ret;
	if (!strcmp(file->f_path.dentry->d_name.name, "kvm-vm")) {
		*handle = ((struct kvm *)file->private_data)->arch.pkvm.handle;
		ret = 0;
	}
	fput(file);

	return ret;
}

static int hostile_init(struct hostile *h, struct pkvm_test_hostile *arg)
{
	int ret;

	*h = (struct hostile) { .arg = arg, .state = arg->seed };
	arg->calls = 0;
	arg->accepted = 0;
	arg->wrong = 0;
	if (!arg->nr_foreign || arg->nr_foreign > ARRAY_SIZE(arg->foreign) ||
	    !arg->nr_sids || arg->nr_sids > ARRAY_SIZE(arg->sids) ||
	    !arg->size || !IS_ALIGNED(arg->arena | arg->size, SZ_2M))
		return -EINVAL;

	ret = vm_of(arg->good, &h->good);
	if (!ret)
		ret = vm_of(arg->victim, &h->victim);
	if (!ret)
		ret = vm_of(arg->plain, &h->plain);

	return ret;
}

static bool pick(struct hostile *h, const struct hostile_action *actions, unsigned int nr)
{
	unsigned int i, sum = 0, r;

	for (i = 0; i < nr; i++)
		sum += actions[i].weight;
	if (!sum)
		return false;
	r = hostile_random(h) % sum;
	for (i = 0; r >= actions[i].weight; i++)
		r -= actions[i].weight;
	actions[i].run(h);

	return true;
}

int hostile_run(struct pkvm_test_hostile *arg)
{
	struct hostile h;
	bool any;
	int ret;

	ret = hostile_init(&h, arg);
	if (ret)
		return ret;

	while (arg->calls < arg->count) {
		if (hostile_random(&h) % 4)
			any = pick(&h, hostile_iommu_actions, hostile_nr_iommu_actions);
		else
			any = pick(&h, hostile_vm_actions, hostile_nr_vm_actions);
		if (!any)
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	return 0;
}

int hostile_end(struct pkvm_test_hostile *arg)
{
	struct hostile h;
	u64 lost = 0, off;
	u8 byte;
	int ret;

	ret = hostile_init(&h, arg);
	if (ret)
		return ret;

	hostile_iommu_end(&h);
	hostile_vm_end(&h);
	for (off = 0; off < arg->size; off += PAGE_SIZE) {
		if (copy_from_kernel_nofault(&byte, phys_to_virt(arg->arena + off), 1))
			lost++;
		cond_resched();
	}
	arg->calls = lost;

	return 0;
}
