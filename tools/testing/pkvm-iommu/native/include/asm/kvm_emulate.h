/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of a vCPU, and where it goes on */
#ifndef NATIVE_ASM_KVM_EMULATE_H
#define NATIVE_ASM_KVM_EMULATE_H

#include <linux/kvm_host.h>

#define AARCH64_INSN_SIZE	4
#define HPFAR_EL2_NS		BIT(63)
#define HPFAR_EL2_FIPA		GENMASK_ULL(46, 4)
#define HPFAR_MASK		(~0xfUL)

/* The ELR_EL2 of this CPU: where the guest that made the call goes on */
extern __thread u64 native_elr_el2;

#define SYS_ELR				native_elr_el2
#define read_sysreg_el2(reg)		(reg)
#define write_sysreg_el2(val, reg)	((reg) = (val))

static inline u64 vcpu_get_reg(const struct kvm_vcpu *vcpu, u8 reg)
{
	return vcpu->regs[reg];
}

#endif /* NATIVE_ASM_KVM_EMULATE_H */
