# SPDX-License-Identifier: GPL-2.0-only
# VMMs are killed in the middle of the DMA of their VMs. All memory comes back, to
# the page, and the devices work for the next VM.

. /lib/devices.sh
. /lib/guest.sh
. /lib/memory.sh

CYCLES=100	# of programs/vmm_kill.c
LINUX_CYCLES=5

all_returned() {
	[ $(cat /sys/kernel/debug/pkvm-smmu/vm_pages) = 0 ] &&
		streams_are edu-pair "$edu_states" &&
		streams_are sata "$sata_states"
}

vm() {
	GUEST_APPEND=known=$(known_sum 1) guest_start $1 $2 --protected \
		--cpus 2 --vfio $edu --vfio $sata,compatible=generic-ahci
}

# The streams are at it when the VM has found them; the other group comes first,
# so the disk was in use too
kill_linux() {
	vm victim disk,streams
	guest_wait victim 120 ' streams.platform_two_streams$' || return
	guest_kill victim || return
	wait_for 20 all_returned
}

killed_linux() {
	local left=$LINUX_CYCLES
	while [ $left -gt 0 ]; do
		kill_linux || return
		left=$((left - 1))
	done
}

remember() {
	el2=$(el2_pages)
	host=$(host_pages)
	pins=$(pinned_pages)
}

vfio_bind sata
sata=$VFIO_DIR
vfio_bind edu-pair
edu=$VFIO_DIR
load_module
edu_states=$(stream_states edu-pair)
sata_states=$(stream_states sata)

# What is allocated once and kept does not count
vmm_kill kill_warm_up
remember
vmm_kill killed_in_dma killed_no_late_dma
check kill_el2_memory_back el2_pages_back $el2
check kill_host_memory_back host_pages_back $host $CYCLES	# not one for each
check kill_pins_released pinned_pages_back $pins

# What the host's kernel has changes by some 30 pages with every VMM that it runs,
# up and down, so these few say nothing about that
kill_linux
remember
check killed_linux killed_linux
check linux_el2_memory_back el2_pages_back $el2
check linux_pins_released pinned_pages_back $pins

vm after streams,disk
check after_kills_vm_ends guest_end after
