# SPDX-License-Identifier: GPL-2.0-only
# How a VMM gives a device to a VM: KVM-VFIO, container type 30, every errno.

. /lib/guest.sh

vfio_bind edu-pair
# For the container of another type; no interrupt is used
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
endpoints
