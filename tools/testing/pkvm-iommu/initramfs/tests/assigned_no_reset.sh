# SPDX-License-Identifier: GPL-2.0-only
# EL2 cannot reset the device, and must: no protected VM gets it. Nor does it snoop,
# so nobody but a VM could have it. And the interrupts of another one.

. /lib/vfio.sh

vfio_bind_engines
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
assigned no_reset_refused noncoherent_refused noncoherent_plain_vm

for dev in /sys/bus/pci/devices/*; do
	[ $(cat $dev/vendor) != 0x1033 ] || bind_driver pci ${dev##*/} vfio-pci
done
vfio_msi
