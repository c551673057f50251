# SPDX-License-Identifier: GPL-2.0-only
# EL2 cannot reset the device, and need not. Another one of its group has no streams.

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned assigned_registers_taken assigned_tokens assigned_guest_drives_device \
	assigned_host_cannot_drive_it control_secret_stays

insmod /lib/modules/pkvm_platform_test.ko
handover handover_quiet_driver
