# SPDX-License-Identifier: GPL-2.0-only
# EL2 cannot reset the device, and need not. Another one of its group has no streams.
#
# test: assigned_registers_taken
# test: assigned_tokens
# test: assigned_guest_drives_device
# test: assigned_host_cannot_drive_it
# test: control_secret_stays
# test: handover_quiet_driver

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned $(sed -n 's/^# test: //p' /tests/assigned_reset_optional.sh)

insmod /lib/modules/pkvm_platform_test.ko
handover handover_quiet_driver
