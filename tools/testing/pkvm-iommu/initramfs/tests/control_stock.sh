# SPDX-License-Identifier: GPL-2.0-only
# The attacks under the stock SMMUv3 driver (kvm-arm.mode=nvhe), whose identity
# domains bypass translation: each must succeed.

load_module
attack engine_dma_api engine_raw control_kernel_page control_el2_memory \
	control_smmu_registers
