# SPDX-License-Identifier: GPL-2.0-only
# The host's CPUs reach for what is EL2's.
#
# test: cpu_smmu_registers
# test: cpu_other_registers
# test: cpu_smmu_registers_after_recycling
# test: cpu_el2_memory

load_module
cpu
