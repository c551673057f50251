# SPDX-License-Identifier: GPL-2.0-only
# A hostile host programs an engine whose domain is the default one, identity.

# The queue was full: QEMU tells of that by a global error
flood_is_overflow() {
	dmesg | grep -q 'smmuv3: event queue overflow, faults were lost' &&
		! dmesg | grep -q 'smmuv3: global error'
}

load_module
attack engine_dma_api engine_raw reach_high_registers \
	read_el2_memory write_el2_memory io_page_tables \
	read_smmu_registers write_smmu_registers \
	read_pvm_memory write_pvm_memory pvm_page_before_and_after \
	fault_flood
check flood_is_overflow flood_is_overflow
