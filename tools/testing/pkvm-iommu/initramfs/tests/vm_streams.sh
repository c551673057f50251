# SPDX-License-Identifier: GPL-2.0-only
# A protected Linux VM moves its own memory through both streams of a device.

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
