# SPDX-License-Identifier: GPL-2.0-only
# The attacks where nothing stops them: protected mode, but no SMMU. Each must
# succeed, or the attack tests would pass whatever EL2 does.
#
# test: pvm_runs
# test: engine_dma_api
# test: engine_raw
# test: control_kernel_page
# test: control_el2_memory
# test: control_pvm_memory

load_module
pvm pvm_runs
attack engine_dma_api engine_raw control_kernel_page control_el2_memory \
	control_pvm_memory
