# SPDX-License-Identifier: GPL-2.0-only
# The attacks where nothing stops them: protected mode, but no SMMU. Each must
# succeed, or the attack tests would pass whatever EL2 does.

. /lib/isolation.sh

check log_says_none log_says 'isolates no DMA: EL2 drives 0 SMMUv3, isolates nothing behind /pcie@10000000 (no iommu-map)'
check stat_says_none stat_says none '^  open  *.pcie@10000000: no iommu-map'
isolation vmm_told_none protected_vm_allowed
load_module
pvm pvm_runs
attack engine_dma_api engine_raw control_kernel_page control_el2_memory \
	control_pvm_memory
