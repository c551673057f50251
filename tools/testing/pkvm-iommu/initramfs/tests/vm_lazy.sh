# SPDX-License-Identifier: GPL-2.0-only
# A protected VM whose devices have flush queues: what it writes to a disk comes back,
# and both streams of a device move its memory.

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
