# SPDX-License-Identifier: GPL-2.0-only
# Two protected VMs at once, with a device each; then a VM that is to have the
# device of another.

. /lib/devices.sh
. /lib/guest.sh

states() {
	echo $(stream_states edu-pair) $(stream_states sata)
}

states_are() {
	[ "$(states)" = "$1" ]
}

# It is up, and waits for a line
guest_ready() {
	guest_wait $1 120 '^# secret at'
}

two_at_once() {
	guest_ready one && guest_ready two && states_are "vm vm vm"
}

# The VMM says whose fault it is, and has no VM
claim_refused() {
	guest_start second streams --protected --vfio $edu
	guest_over second
	[ $guest_status = 125 ] && grep -q "/dev/vfio/.*busy" /tmp/guest.second.log
}

faults=$(fault_lines)
vfio_bind sata
sata=$VFIO_DIR
vfio_bind edu-pair
edu=$VFIO_DIR
before=$(states)

guest_start one secret,streams --protected --vfio $edu
GUEST_APPEND=known=$(known_sum 1) guest_start two secret,disk --protected \
	--vfio $sata,compatible=generic-ahci
check two_at_once two_at_once
guest_type one go
guest_type two go
check one_ends guest_end one one_
check two_ends guest_end two two_

guest_start first secret,streams --protected --vfio $edu
guest_ready first
check claimed_twice_refused claim_refused
check claimed_stays_the_vms states_are "vm vm ${before##* }"
guest_type first go
check claimed_ends guest_end first claimed_

check two_streams_returned wait_for 10 states_are "$before"
check two_no_faults [ "$(fault_lines)" = "$faults" ]
