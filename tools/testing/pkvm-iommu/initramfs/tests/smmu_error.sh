# SPDX-License-Identifier: GPL-2.0-only
# A global error of the SMMU (I8): the runner, outside, makes it execute a command
# that does not exist. Devices of the host and of a VM are behind it.

. /lib/devices.sh
. /lib/guest.sh

told_of_error() {
	dmesg | grep -q 'smmuv3: global error: bad command' &&
		dmesg | grep -q 'smmuv3: SMMU dead, its streams are unusable until the machine is reset'
}

no_vm_pages() {
	[ $(cat /sys/kernel/debug/pkvm-smmu/vm_pages) = 0 ]
}

vfio_bind edu-pair
load_module
states=$(stream_states edu-pair)
smmu_error host_dma_works

guest_start victim smmu_error --protected --vfio $VFIO_DIR
check vm_before_error guest_wait victim 120 '^# ready for the error'
note "inject smmu-bad-command"
check host_told_of_error wait_for 20 told_of_error
smmu_error host_dma_aborts
guest_type victim go
check vm_ends guest_end victim
check vmm_told_of_error grep -q 'the IOMMU failed' /tmp/guest.victim.log
check streams_returned wait_for 10 streams_are edu-pair "$states"
check memory_returned wait_for 10 no_vm_pages

# A VM without a device has nothing to do with it
guest_start later secret --protected
guest_wait later 120 '^# secret at'
guest_type later go
check later_vm_ends guest_end later later_
