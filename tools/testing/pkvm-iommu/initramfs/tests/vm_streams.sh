# SPDX-License-Identifier: GPL-2.0-only
# A protected Linux VM moves its own memory through both streams of a device.
#
# test: dma_domain
# test: vsids_as_chosen
# test: platform_two_streams
# test: platform_ram_to_ram
# test: vm_ends
# test: extreme_dma_domain
# test: extreme_vsids_as_chosen
# test: extreme_platform_two_streams
# test: extreme_platform_ram_to_ram
# test: extreme_vm_ends
# test: streams_returned
# test: no_faults

. /lib/devices.sh
. /lib/guest.sh

faults=$(fault_lines)
states=$(stream_states edu-pair)
vfio_bind edu-pair

guest_start random streams --protected --vfio $VFIO_DIR
check vm_ends guest_end random

GUEST_APPEND=vsids=0,ffffffff guest_start extreme streams --protected \
	--vfio $VFIO_DIR,vsid=0:0xffffffff
check extreme_vm_ends guest_end extreme extreme_

check streams_returned wait_for 10 streams_are edu-pair "$states"
check no_faults [ "$(fault_lines)" = "$faults" ]
