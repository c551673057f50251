# SPDX-License-Identifier: GPL-2.0-only
# An SMMU that fails and cannot even be switched off (I8). Its devices may reach the
# memory of their VM for ever: EL2 keeps the VM (I6), and the host says so, once. A
# warning for each page would fail this boot.

. /lib/devices.sh
. /lib/memory.sh
. /lib/guest.sh

# The runner has read the console so far and has done what it says
told_of_error() {
	dmesg | grep -q 'smmuv3: global error: bad command'
}

told_once() {
	[ "$(dmesg | grep -c 'EL2 failed to drain VM 0x[0-9a-f]*')" = 1 ]
}

# All memory that the VM had used by then
pages_kept() {
	local kept=$(($(el2_pages) - el2))
	note "EL2 keeps $kept pages, the VM had $used"
	[ $kept -ge $used ]
}

vfio_bind edu-pair
load_module
el2=$(el2_pages)

guest_start victim smmu_error --protected --vfio $VFIO_DIR
check vm_before_error guest_wait victim 120 '^# ready for the error'
used=$(($(el2_pages) - el2))
note "inject smmu-hangs"
check smmu_told_of_error wait_for 120 told_of_error
guest_report victim '' dma_works
check vm_killed guest_kill victim
check vm_not_drained wait_for 20 told_once
check vm_pages_kept pages_kept

# What the host's devices behind it may still reach is given to nobody (I1). The host
# goes on; a VM that asks for memory is told that there is none.
no_vm_starts() {
	guest_start later secret --protected
	guest_over later
	[ $guest_status = 124 ] &&
		grep -q 'KVM_RUN: Cannot allocate memory' /tmp/guest.later.log
}
check no_vm_starts no_vm_starts
