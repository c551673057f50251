# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the cost of reading a disk behind an assigned AHCI controller.
#
# 32 KiB for a request, since QEMU's controller maps the list of a command's memory
# in one piece: see disk.sh.

. /lib/bench.sh

read_disk() {
	disk_ready /dev/sda &&
	disk_read vm.ahci-32 /dev/sda 32
}

check read read_disk
