# SPDX-License-Identifier: GPL-2.0-only
# A protected Linux VM owns a device as a whole: its driver finds real registers,
# and EL2 vouches for them. If they were not the VM's, the VMM, which touches them
# for it, would crash.

. /lib/devices.sh
. /lib/guest.sh

faults=$(fault_lines)
states=$(stream_states edu-pair)
vfio_bind edu-pair

GUEST_APPEND=pkvm_pviommu.verify=1 guest_start owner streams --protected \
	--vfio $VFIO_DIR
check vm_ends guest_end owner

check streams_returned wait_for 10 streams_are edu-pair "$states"
check no_faults [ "$(fault_lines)" = "$faults" ]
