# SPDX-License-Identifier: GPL-2.0-only
# A protected VM has a disk controller, and a file system on its disk. The next
# VM finds what it wrote.

. /lib/devices.sh
. /lib/guest.sh

disk_vm() {
	GUEST_APPEND=known=$(known_sum 1) guest_start $1 disk --protected \
		--cpus 2 --vfio $VFIO_DIR,compatible=generic-ahci
}

faults=$(fault_lines)
states=$(stream_states sata)
vfio_bind sata

disk_vm first
check disk_vm_ends guest_end first
disk_vm second
check second_disk_vm_ends guest_end second second_

check disk_streams_returned wait_for 10 streams_are sata "$states"
check disk_no_faults [ "$(fault_lines)" = "$faults" ]
