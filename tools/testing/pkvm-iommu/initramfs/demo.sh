# SPDX-License-Identifier: GPL-2.0-only
#
# What "make run" shows: who owns the SMMU, a disk that works through it, and an
# attack on a protected VM. Sourced by init.

. /lib/test.sh
. /lib/devices.sh

log_line() {
	dmesg | sed -n "s/^\\[[^]]*\\] *//; /$1/{p;q}"
}

yes_no() {
	[ "$1" = "$2" ] && echo yes || echo NO
}

disk_demo() {
	local disk=/dev/sda sum
	wait_for 20 [ -b $disk ] || { echo "   no disk"; return; }
	sum=$(disk_sum $disk 0 16)
	echo "   read   1048576 bytes: md5 $sum, as prepared outside: $(yes_no $sum $(known_sum 1))"
	dd if=/dev/urandom of=$RANDOM_DATA bs=64k count=256 2>/dev/null
	dd if=$RANDOM_DATA of=$disk bs=64k seek=32 conv=fsync 2>/dev/null
	forget_cached
	sum=$(disk_sum $disk 32 256)
	echo "   wrote 16777216 bytes: md5 $sum, same when read again: $(yes_no $sum $(disk_sum $RANDOM_DATA 0 256))"
}

load_module
clear
echo " pKVM on $(uname -r), up $(cut -d' ' -f1 /proc/uptime) s after the start"
echo "   $(log_line 'Protected .* mode initialized')"
owner=$(log_line 'owned by EL2')
echo "   ${owner:-NOBODY ISOLATES DMA IN THIS BOOT}"
[ -n "$owner" ] && echo "   the disk's domain: $(domain_type_of $(pci_of ahci))"
echo
echo " Disk I/O through the SMMU"
disk_demo
echo
echo " The attack"
demo && echo " All attacks failed." || echo " PROTECTION FAILED."
