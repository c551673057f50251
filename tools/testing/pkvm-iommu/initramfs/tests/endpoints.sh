# SPDX-License-Identifier: GPL-2.0-only
# How a VMM gives a device to a VM: KVM-VFIO, container type 30, every errno.
#
# test: endpoints_container
# test: endpoints_capability
# test: endpoints_attributes
# test: endpoints_info
# test: endpoints_bad_info
# test: endpoints_bad_config
# test: endpoints_bad_names
# test: endpoints_extreme_vsids
# test: endpoints_not_added
# test: endpoints_not_blocked
# test: endpoints_frozen
# test: endpoints_ids
# test: endpoints_device_closed_first
# test: endpoints_vm_closed_first
# test: endpoints_stays_bound
# test: endpoints_plain_vm
# test: endpoints_closed_in_any_order
# test: endpoints_killed

. /lib/guest.sh

vfio_bind edu-pair
# For the container of another type; no interrupt is used
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
endpoints
