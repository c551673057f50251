# SPDX-License-Identifier: GPL-2.0-only
# The guest driver in protected Linux VMs: what it refuses, and what it says.
#
# test: no_passthrough
# test: identity_refused
# test: flush_queue
# test: platform_ram_to_ram
# test: api_map_sizes
# test: api_scattered_pages
# test: api_map_twice
# test: api_free_with_mappings
# test: api_replace
# test: refused_with_reason
# test: refused_partly
# test: vfio_own_domain
# test: vm_ends
# test: wrong_vsid_reported
# test: wrong_vsid_no_iommu
# test: wrong_vsid_pviommu_stays
# test: wrong_vsid_vm_ends

. /lib/guest.sh

vfio_bind edu-pair

GUEST_APPEND="iommu.passthrough=1 vfio_platform.reset_required=0" \
	guest_start driver driver --protected \
	--vfio $VFIO_DIR
check vm_ends guest_end driver

guest_start wrong wrong_vsid --protected --vfio $VFIO_DIR,vsid=1:2,tell=1:3
check wrong_vsid_vm_ends guest_end wrong
