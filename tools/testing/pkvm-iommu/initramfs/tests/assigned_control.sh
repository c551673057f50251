# SPDX-License-Identifier: GPL-2.0-only
# A device that the device tree does not name as assignable: its DMA is isolated,
# but the host still has its registers, and what it leaves in them.

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned 'control_*'
