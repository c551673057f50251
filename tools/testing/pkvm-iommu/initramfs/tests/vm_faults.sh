# SPDX-License-Identifier: GPL-2.0-only
# Faults of the device of a protected Linux VM: in the VM's log, in what its VMM
# says, in the host's log.

. /lib/devices.sh
. /lib/guest.sh

vmm_says() {
	grep -q 'edu-pair: fault: vSID 0x1d: read, type 0x10' /tmp/guest.irq.log &&
		grep -q 'edu-pair: fault: vSID 0xfffffffe: write, type 0x10' /tmp/guest.irq.log
}

# The VM's console is in the log as well, each line after the VM's name
host_log() {
	dmesg | grep -v 'irq| \|polled| '
}

host_says() {
	host_log | grep -q "fault: [0-9a-f]*.edu-pair stream $(stream_id edu-pair) of VM 0x[0-9a-f]*, pvIOMMU [0-9]* vSID 0x1d: read: F_TRANSLATION (not mapped)"
}

nr_faults() {
	cat /sys/kernel/debug/pkvm-smmu/*/faults
}

many_faults() {
	[ $(nr_faults) -gt 400 ]
}

host_not_flooded() {
	local lines faults
	wait_for 20 many_faults
	lines=$(host_log | grep -c 'smmu.*fault: ')
	faults=$(nr_faults)
	note "$faults faults, $lines lines"
	many_faults && [ $lines -lt $((faults / 4)) ]
}

host_not_told_where() {
	! host_log | grep -q 'fault.*dead[0-9a-f]000'
}

vfio_bind edu-pair
states=$(stream_states edu-pair)

guest_start irq faults --protected --vfio $VFIO_DIR,vsid=0x1d:0xfffffffe
check vm_ends guest_end irq
check vmm_says vmm_says
check host_says wait_for 20 host_says
check host_not_flooded host_not_flooded
check host_not_told_where host_not_told_where

guest_start polled fault --protected \
	--vfio $VFIO_DIR,vsid=0x1d:0xfffffffe,faults=no
check polled_vm_ends guest_end polled polled_
check streams_returned wait_for 10 streams_are edu-pair "$states"
