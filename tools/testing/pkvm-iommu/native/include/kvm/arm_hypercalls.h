/* SPDX-License-Identifier: GPL-2.0-only */
/* SMCCC calls of a guest */
#ifndef NATIVE_KVM_ARM_HYPERCALLS_H
#define NATIVE_KVM_ARM_HYPERCALLS_H

#include <linux/kvm_host.h>

static inline u32 smccc_get_function(struct kvm_vcpu *vcpu)
{
	return vcpu->regs[0];
}

#define smccc_get_arg1(vcpu)	((vcpu)->regs[1])
#define smccc_get_arg2(vcpu)	((vcpu)->regs[2])
#define smccc_get_arg3(vcpu)	((vcpu)->regs[3])

static inline void smccc_set_retval(struct kvm_vcpu *vcpu, unsigned long a0, unsigned long a1,
				    unsigned long a2, unsigned long a3)
{
	vcpu->regs[0] = a0;
	vcpu->regs[1] = a1;
	vcpu->regs[2] = a2;
	vcpu->regs[3] = a3;
}

#endif /* NATIVE_KVM_ARM_HYPERCALLS_H */
