# SPDX-License-Identifier: GPL-2.0-only
# What a protected VM without a device costs; boot/bench_memory.py runs this. One that
# nobody measures runs first: pages that the host had to read or to find are there then.

. /lib/guest.sh

# vm NAME [PREFIX]: all of its life
vm() {
	guest_start $1 bench_memory --protected
	guest_end $1 $2
}

check first_vm_ends vm first first_
bench_mark begin
vm second
status=$?
bench_mark end
check vm_ends [ $status = 0 ]
