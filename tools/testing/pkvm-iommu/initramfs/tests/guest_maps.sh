# SPDX-License-Identifier: GPL-2.0-only
# What a protected VM can map for its devices, and how far one call goes.
#
# test: guest_page_mapped_70000_times
# test: guest_map_across_end_of_block
# test: guest_unmap_partial
# test: guest_map_device_mmio
# test: guest_no_memory_slot
# test: guest_pages_not_given_yet
# test: guest_untouched_at_once
# test: guest_two_vcpus_lack_a_page
# test: guest_many_domains
# test: guest_bounded_work
# test: guest_memory_refill
# test: guest_shared_page

. /lib/vfio.sh

vfio_bind_engines
guest_maps
