# SPDX-License-Identifier: GPL-2.0-only
# A protected VM whose devices have flush queues: what it writes to a disk comes back,
# and both streams of a device move its memory.
#
# test: dma_domain
# test: vsids_as_chosen
# test: platform_two_streams
# test: platform_ram_to_ram
# test: streams_vm_ends
# test: disk_dma_domain
# test: disk_mounts
# test: disk_file_verified
# test: disk_earlier_file
# test: disk_write_read
# test: disk_unmounts
# test: disk_vm_ends
# test: no_faults

. /lib/devices.sh
. /lib/guest.sh

faults=$(fault_lines)

vfio_bind edu-pair
GUEST_APPEND=iommu.strict=0 guest_start streams streams --protected --vfio $VFIO_DIR
check streams_vm_ends guest_end streams

vfio_bind sata
GUEST_APPEND="iommu.strict=0 known=$(known_sum 1)" guest_start disk disk --protected \
	--cpus 2 --vfio $VFIO_DIR,compatible=generic-ahci
check disk_vm_ends guest_end disk

check no_faults [ "$(fault_lines)" = "$faults" ]
