# SPDX-License-Identifier: GPL-2.0-only
# A plain VM has devices behind a pvIOMMU, and a host that lends it memory: what is
# said of calls and mappings of protected VMs is true of it, and then some.
#
# test: guest_features
# test: guest_unknown_op
# test: guest_must_be_zero
# test: guest_req_dma
# test: guest_bad_route
# test: guest_domain_of_another_vm
# test: guest_domain_still_attached
# test: guest_bad_prot
# test: guest_bad_ranges
# test: guest_page_mapped_70000_times
# test: guest_map_across_end_of_block
# test: guest_map_device_mmio
# test: guest_no_memory_slot
# test: guest_pages_not_given_yet
# test: guest_untouched_at_once
# test: guest_two_vcpus_lack_a_page
# test: guest_bounded_work
# test: guest_memory_refill
# test: guest_android_16_sequence
# test: guest_android_16_from_the_top
# test: guest_android_16_switch_domain
# test: guest_android_16_directions
# test: guest_android_16_dies_attached
# test: plain_calls
# test: plain_meminfo
# test: plain_host_takes_memory
# test: plain_raw_unshare
# test: plain_read_only_slot
# test: plain_slots_stay
# test: plain_logged_slot
# test: plain_memory_kinds
# test: plain_memory_comes_and_goes
# test: plain_memory_pinned_later
# test: plain_memory_blocks
# test: plain_memory_beside_pinned
# test: lent_registers_drive_device
# test: lent_registers_taken_back
# test: lent_registers_mapped_late
# test: lent_registers_raw
# test: lent_registers_not_owned
# test: pins_released

. /lib/memory.sh
. /lib/vfio.sh

vfio_bind_engines
pins=$(pinned_pages)
export GUEST_PLAIN=1
guest_calls guest_features guest_unknown_op guest_must_be_zero guest_req_dma \
	guest_bad_route guest_domain_of_another_vm guest_domain_still_attached \
	guest_bad_prot guest_bad_ranges
guest_maps guest_page_mapped_70000_times guest_map_across_end_of_block \
	guest_map_device_mmio guest_no_memory_slot guest_pages_not_given_yet \
	guest_untouched_at_once guest_two_vcpus_lack_a_page guest_bounded_work \
	guest_memory_refill
guest_android
guest_plain
guest_plain_memory
lent_registers lent_registers_drive_device lent_registers_taken_back \
	lent_registers_mapped_late lent_registers_raw
unset GUEST_PLAIN
lent_registers lent_registers_not_owned
check pins_released pinned_pages_back $pins
