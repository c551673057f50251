# SPDX-License-Identifier: GPL-2.0-only
# The attacks under the stock SMMUv3 driver (kvm-arm.mode=nvhe), whose identity
# domains bypass translation: each must succeed.
#
# test: engine_dma_api
# test: engine_raw
# test: control_kernel_page
# test: control_el2_memory
# test: control_smmu_registers

load_module
attack engine_dma_api engine_raw control_kernel_page control_el2_memory \
	control_smmu_registers
