# SPDX-License-Identifier: GPL-2.0-only
# A plain VM has devices behind a pvIOMMU, and a host that lends it memory: what is
# said of calls and mappings of protected VMs is true of it, and then some.

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
