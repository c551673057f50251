# SPDX-License-Identifier: GPL-2.0-only
# A plain Linux VM moves its own memory through both streams of a device; VMMs are
# killed in the middle of that. All memory comes back. A VMM that emulates the
# registers of the device makes no difference.

. /lib/devices.sh
. /lib/guest.sh
. /lib/memory.sh

CYCLES=100	# of programs/vmm_kill.c

killed_linux() {
	guest_start victim streams --vfio $VFIO_DIR
	guest_wait victim 120 ' streams.platform_two_streams$' || return
	guest_kill victim || return
	wait_for 20 streams_are edu-pair "$states"
}

remember() {
	el2=$(el2_pages)
	host=$(host_pages)
	pins=$(pinned_pages)
}

vfio_bind edu-pair
vfio_width
load_module
faults=$(fault_lines)
states=$(stream_states edu-pair)
remember

guest_start plain streams --cpus 2 --vfio $VFIO_DIR
check vm_ends guest_end plain
check streams_returned wait_for 10 streams_are edu-pair "$states"
check no_faults [ "$(fault_lines)" = "$faults" ]
check pins_released pinned_pages_back $pins

guest_start trapped streams --vfio $VFIO_DIR,map=no
check trapped_vm_ends guest_end trapped trapped_

export GUEST_PLAIN=1
vmm_kill kill_warm_up
remember
vmm_kill killed_in_dma
check kill_el2_memory_back el2_pages_back $el2
check kill_host_memory_back host_pages_back $host $CYCLES
check kill_pins_released pinned_pages_back $pins
unset GUEST_PLAIN

check killed_linux killed_linux
check linux_el2_memory_back el2_pages_back $el2
check linux_pins_released pinned_pages_back $pins
