# SPDX-License-Identifier: GPL-2.0-only
# EL2 cannot reset the device, and need not.
#
# test: assigned_registers_taken
# test: assigned_tokens
# test: assigned_guest_drives_device
# test: assigned_host_cannot_drive_it
# test: control_secret_stays

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned $(sed -n 's/^# test: //p' /tests/assigned_reset_optional.sh)
