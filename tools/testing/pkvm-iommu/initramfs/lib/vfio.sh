# SPDX-License-Identifier: GPL-2.0-only
#
# For test groups that give the DMA engines to VMs.

# bind_driver BUS DEVICE DRIVER
bind_driver() {
	local dev=/sys/bus/$1/devices/$2
	echo $3 >$dev/driver_override
	[ -e $dev/driver ] && echo $2 >$dev/driver/unbind
	echo $2 >/sys/bus/$1/drivers_probe
	[ -e $dev/driver ] || note "$2 not bound to $3"
}

# The test module switches the bus mastering of all engines on
vfio_bind_engines() {
	local dev
	for dev in /sys/bus/platform/devices/*.edu-pair; do
		bind_driver platform ${dev##*/} vfio-platform
	done
	load_module
	for dev in /sys/bus/pci/drivers/pkvm_iommu_test/0*; do
		case ,$(param pkvm_platform), in
		*,${dev##*/},*) ;;	# part of a platform device
		*) bind_driver pci ${dev##*/} vfio-pci ;;
		esac
	done
}
