# SPDX-License-Identifier: GPL-2.0-only
# A protected VM owns its device: registers, reset, teardown. assigned_control.sh
# shows what a host does without that.

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned 'assigned_*'
lent_registers lent_registers_before_assignment
# VFIO looks for a reset when it gets a device
insmod /lib/modules/pkvm_platform_test.ko
insmod /lib/modules/pkvm_held_page.ko
for dev in /sys/bus/platform/devices/*.edu-pair; do
	bind_driver platform ${dev##*/} vfio-platform
done
handover handover_read_held handover_write_held handover_reset_wait \
	handover_closed_first
