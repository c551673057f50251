/* SPDX-License-Identifier: GPL-2.0-only */
/* Function numbers and status codes, from the kernel's copy for its tools */
#include <tools/include/linux/arm-smccc.h>

/* Newer than that copy */
#ifndef ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID
#define ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID			\
	ARM_SMCCC_CALL_VAL(ARM_SMCCC_FAST_CALL, ARM_SMCCC_SMC_64,	\
			   ARM_SMCCC_OWNER_VENDOR_HYP, 2)
#endif
