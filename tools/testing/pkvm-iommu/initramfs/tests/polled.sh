# SPDX-License-Identifier: GPL-2.0-only
# An SMMU without interrupts: the host finds faults, its own and those of VMs, and the
# death of the SMMU all the same.

. /lib/guest.sh

said() {
	dmesg | grep -q 'smmuv3: no interrupt for faults or none for errors, polling'
}

vm_fault_read() {
	dmesg | grep -q 'smmuv3: fault: .*edu-pair stream 0x8 of VM 0x'
}

told_of_error() {
	dmesg | grep -q 'smmuv3: global error: bad command' &&
		dmesg | grep -q 'smmuv3: SMMU dead, its streams are unusable until the machine is reset'
}

vfio_bind edu-pair
load_module
check said said
iommu_stat stat_faults
check vm_fault_read wait_for 30 vm_fault_read
smmu_error host_dma_works
attack read_el2_memory
note "inject smmu-bad-command"
check host_told_of_error wait_for 30 told_of_error
smmu_error host_dma_aborts
