# SPDX-License-Identifier: GPL-2.0-only
# The cost of reading disks on a host; boot/bench_disk.py runs this.

. /lib/bench.sh
. /lib/devices.sh

# with_type DRIVER DISK TYPE: the disk's controller, in a domain of this type. No driver
# goes away while it still looks for its disk.
with_type() {
	local dev
	disk_ready $2 && dev=$(pci_of $1) || return
	echo ${dev##*/} >/sys/bus/pci/drivers/$1/unbind
	echo $3 >$dev/iommu_group/type &&
	echo ${dev##*/} >/sys/bus/pci/drivers/$1/bind &&
	disk_ready $2
}

# read_disks PREFIX TYPE: in requests as large as read-ahead makes them, and in those
# of the VM
read_disks() {
	with_type ahci /dev/sda $2 &&
	disk_read $1.ahci-128 /dev/sda 128 &&
	disk_read $1.ahci-32 /dev/sda 32 &&
	with_type nvme /dev/nvme0n1 $2 &&
	disk_read $1.nvme-128 /dev/nvme0n1 128
}

check identity read_disks identity identity
check paging read_disks paging DMA
