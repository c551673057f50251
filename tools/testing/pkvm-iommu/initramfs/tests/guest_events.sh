# SPDX-License-Identifier: GPL-2.0-only
# Faults of a protected VM's device: what the VM, its VMM and the host learn of them.
#
# test: events_reach_guest_and_vmm
# test: events_named_in_the_hosts_log
# test: events_read_errors
# test: events_flood_is_counted
# test: events_of_two_vms
# test: events_hide_the_iova
# test: events_die_with_the_vm
# test: events_file_outlives_the_vm

. /lib/vfio.sh

vfio_bind_engines
guest_events
