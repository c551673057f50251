# SPDX-License-Identifier: GPL-2.0-only
# A protected VM owns its device: registers, reset, teardown. assigned_control.sh
# shows what a host does without that.
#
# test: assigned_registers_taken
# test: assigned_tokens
# test: assigned_guest_drives_device
# test: assigned_host_cannot_drive_it
# test: assigned_reset_before
# test: assigned_reset_after
# test: assigned_as_a_whole
# test: assigned_lazy_memory
# test: assigned_to_one_vm
# test: assigned_page_once
# test: assigned_foreign_registers
# test: assigned_registers_are_no_memory
# test: assigned_bad_routes
# test: assigned_force_reclaim
# test: assigned_plain_vm
# test: assigned_killed
# test: assigned_stream_alone
# test: lent_registers_before_assignment
# test: handover_read_held
# test: handover_write_held
# test: handover_reset_wait
# test: handover_closed_first

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned ${ASSIGNED:-$(sed -n 's/^# test: //p' /tests/assigned.sh)}
lent_registers lent_registers_before_assignment
# VFIO looks for a reset when it gets a device
insmod /lib/modules/pkvm_platform_test.ko
insmod /lib/modules/pkvm_held_page.ko
for dev in /sys/bus/platform/devices/*.edu-pair; do
	bind_driver platform ${dev##*/} vfio-platform
done
handover ${ASSIGNED:-$(sed -n 's/^# test: //p' /tests/assigned.sh)}
