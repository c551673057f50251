# SPDX-License-Identifier: GPL-2.0-only
# In a VM: a file system on a disk behind an assigned AHCI controller, prepared
# outside with the file "known". Parameter known=MD5: what that sums up to.
# What a VM writes the next one must find.

. /lib/devices.sh

DISK=/dev/sda
DIR=/mnt

controller() {
	echo /sys/bus/platform/devices/*.sata
}

disk_dma_domain() {
	local type=$(domain_type_of $(controller))
	[ "$type" = $WANT_TYPE ] || {
		note "domain type $type"
		return 1
	}
}

# QEMU's controller maps the list of a command's memory (the PRDT, 16 bytes for
# each page, after 128 others at a multiple of 256) in one piece, and gives up, or
# aborts, when that crosses into a page that is not the next in physical memory.
# With 8 pages for a command it ends where its 256 bytes do.
small_commands() {
	echo $((8 * $(sed -n '/^KernelPageSize:/{s/[^0-9]//g;p;q}' /proc/self/smaps))) \
		>/sys/block/${DISK##*/}/queue/max_sectors_kb
}

disk_mounts() {
	wait_for 20 [ -b $DISK ] && small_commands && mount $DISK $DIR
}

disk_file_verified() {
	local sum=$(md5sum <$DIR/known)
	[ "${sum%% *}" = "$(param known)" ] && return
	note "md5 $sum, not $(param known)"
	return 1
}

disk_earlier_file() {
	[ ! -e $DIR/written.md5 ] || (cd $DIR && md5sum -c -s written.md5)
}

# Out, and in again from the disk: nothing of it is in memory after umount
disk_write_read() {
	dd if=/dev/urandom of=$DIR/written bs=64k count=64 2>/dev/null
	(cd $DIR && md5sum written >written.md5)
	umount $DIR || return
	forget_cached
	mount $DISK $DIR && (cd $DIR && md5sum -c -s written.md5)
}

disk_unmounts() {
	umount $DIR
}

check disk_dma_domain disk_dma_domain
check disk_mounts disk_mounts
check disk_file_verified disk_file_verified
check disk_earlier_file disk_earlier_file
check disk_write_read disk_write_read
check disk_unmounts disk_unmounts
# Sectors read and written
set -- $(cat /sys/block/${DISK##*/}/stat)
note "moved $(basename $(controller)) $((($3 + $7) * 512))"
