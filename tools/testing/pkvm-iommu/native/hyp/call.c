// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls, by registers.
 */
#include <asm/kvm_emulate.h>

#include <linux/pkvm-iommu-guest.h>

#include <nvhe/iommu.h>

#include <core/domain.h>

#include "hyp.h"

void native_assert_no_locks(void);

struct kvm_hyp_memcache *native_host_pool(void)
{
	return &iommu_host.pool.mc;
}

/* x5 and x6 to x5 to x17 */
static void expand_list(u64 *regs)
{
	u64 first = regs[5], stride = regs[6];
	unsigned int i;

	for (i = 0; i < PKVM_IOMMU_LIST_MAX; i++)
		regs[5 + i] = list_piece(first, stride, i);
}

static struct call_result call(void (*handler)(struct kvm_cpu_context *), const u64 x[8])
{
	struct kvm_cpu_context ctxt = {}, before;
	struct call_result result;
	unsigned int i;

	for (i = 1; i < 8; i++)
		ctxt.regs.regs[i] = x[i];
	if (handler == handle___pkvm_iommu_op &&
	    (x[1] == PKVM_IOMMU_OP_MAP_LIST || x[1] == PKVM_IOMMU_OP_UNMAP_LIST))
		expand_list(ctxt.regs.regs);
	before = ctxt;
	native_reset_point();
	handler(&ctxt);
	native_assert_no_locks();
	result.ret = ctxt.regs.regs[1];
	for (i = 0; i < ARRAY_SIZE(result.out); i++)
		result.out[i] = ctxt.regs.regs[2 + i];
	/* Nothing beyond the documented registers changes */
	for (i = 7; i < 31; i++)
		BUG_ON(ctxt.regs.regs[i] != before.regs.regs[i]);

	return result;
}

struct call_result host_init_call(u64 op, u64 x2, u64 x3, u64 x4, u64 x5, u64 x6)
{
	return call(handle___pkvm_iommu_init, (u64[8]) { 0, op, x2, x3, x4, x5, x6 });
}

struct call_result host_call(u64 op, u64 x2, u64 x3, u64 x4, u64 x5, u64 x6)
{
	return host_call7(op, (u64[6]) { x2, x3, x4, x5, x6 });
}

struct call_result host_call7(u64 op, const u64 arg[6])
{
	u64 x[8] = { 0, op };

	memcpy(&x[2], arg, 6 * sizeof(*arg));

	return call(handle___pkvm_iommu_op, x);
}

struct guest_result guest_call(struct pkvm_hyp_vm *vm, const u64 x[7])
{
	struct guest_result result = {};
	struct kvm_vcpu *vcpu = &vm->vcpu.vcpu;
	const u64 elr = 0x1004, untouched = 0xf;
	u64 hpfar;

	memset(vcpu->regs, 0, sizeof(vcpu->regs));
	memcpy(vcpu->regs, x, 7 * sizeof(*x));
	if (x[0] == PVIOMMU_OP_FUNC_ID &&
	    (x[1] == PVIOMMU_OP_MAP_LIST || x[1] == PVIOMMU_OP_UNMAP_LIST))
		expand_list(vcpu->regs);
	vcpu->arch.fault.hpfar_el2 = untouched;
	native_elr_el2 = elr;
	native_reset_point();
	if (pkvm_hyp_vm_is_protected(vm))
		result.handled = pkvm_pviommu_hvc(vcpu);
	else
		result.handled = pkvm_pviommu_plain_hvc(vcpu);
	native_assert_no_locks();
	result.replay = native_elr_el2 == elr - AARCH64_INSN_SIZE;
	BUG_ON(!result.replay && native_elr_el2 != elr);
	hpfar = vcpu->arch.fault.hpfar_el2;
	result.for_host = !result.handled && !pkvm_hyp_vm_is_protected(vm) && !result.replay &&
			  hpfar == untouched;
	if (result.for_host)
		return result;
	/* An exit always says what it waits for, and never forgets the call */
	BUG_ON(result.handled != (hpfar == untouched) || (!result.handled && !result.replay));
	result.wants_page = !result.handled && hpfar;
	result.fault_ipa = FIELD_GET(HPFAR_EL2_FIPA, hpfar) << 12;
	result.fault_size = vcpu->arch.fault.far_el2;
	memcpy(result.x, vcpu->regs, sizeof(result.x));

	return result;
}
