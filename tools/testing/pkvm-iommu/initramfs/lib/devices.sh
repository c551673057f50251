# SPDX-License-Identifier: GPL-2.0-only
#
# For test groups that use real devices: what they should do, and how to see it.

# Identity, unless the command line asks for translation one way or the other
EXPECTED_TYPE=identity
[ "$(param iommu.passthrough)" = 0 ] && EXPECTED_TYPE=DMA
[ "$(param iommu.strict)" = 1 ] && EXPECTED_TYPE=DMA
[ "$(param iommu.strict)" = 0 ] && EXPECTED_TYPE=DMA-FQ

# In a VM, where there is no identity domain
WANT_TYPE=DMA
[ "$(param iommu.strict)" = 0 ] && WANT_TYPE=DMA-FQ

# known_sum NUMBER: what the runner says the first MiB of a disk sums up to
known_sum() {
	param pkvm_disks | cut -d, -f$1
}

disk_sum() {
	dd if=$1 bs=64k skip=$2 count=$3 2>/dev/null | md5sum | cut -d' ' -f1
}

forget_cached() {
	sync
	echo 4 >/proc/sys/vm/drop_caches	# no message each time
	echo 3 >/proc/sys/vm/drop_caches
}

reads_known() {
	wait_for 20 [ -b $1 ] || return
	forget_cached || return
	[ "$(disk_sum $1 0 16)" = "$(known_sum $2)" ]
}

# writes_and_reads DEVICE [BLOCKS]: out and in again, through the device and not
# the page cache
writes_and_reads() {
	local data=$RANDOM_DATA.${1##*/} blocks=${2:-256}
	dd if=/dev/urandom of=$data bs=64k count=$blocks 2>/dev/null
	dd if=$data of=$1 bs=64k seek=32 conv=fsync 2>/dev/null || return
	forget_cached || return
	[ "$(disk_sum $1 32 $blocks)" = "$(disk_sum $data 0 $blocks)" ]
}

domain_type_of() {
	cat $1/iommu_group/type
}

types_as_expected() {
	local driver type
	for driver in ahci nvme igb virtio-pci; do
		type=$(domain_type_of $(pci_of $driver)) || return
		[ "$type" = $EXPECTED_TYPE ] || {
			note "$driver has domain type $type"
			return 1
		}
	done
}

# Ours says "fault: DEVICE stream ...", the stock driver "event: F_..."
fault_lines() {
	dmesg | grep -c 'smmu.*: fault: \|smmu.*: event'
}
