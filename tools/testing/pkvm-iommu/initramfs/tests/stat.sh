# SPDX-License-Identifier: GPL-2.0-only
# The command that shows whose devices are, what is mapped, and what they did.

. /lib/guest.sh
. /lib/isolation.sh

# The device tree demands direct mappings for this device: when it is gone, the core
# leaves its stream in the identity domain. An entry of "streams" without its stream ID
RESERVED=0000:00:04.0

reserved_is() {
	local line=$(cat /sys/kernel/debug/pkvm-smmu/*/streams | grep '^0x20 ')
	note "$line"
	[ "$line" = "0x20 $1 identity 0 - - - -" ]
}

released() {
	echo 1 >/sys/bus/pci/devices/$RESERVED/remove
	[ ! -e /sys/bus/pci/devices/$RESERVED ] && reserved_is -
}

returned() {
	echo 1 >/sys/bus/pci/rescan
	[ -e /sys/bus/pci/devices/$RESERVED ] && reserved_is $RESERVED
}

check log_says_full log_says 'isolates DMA: EL2 drives 1 SMMUv3$'
check stat_says_full stat_says full '^SMMU '
isolation vmm_told_full protected_vm_allowed vm_without_firmware
check release_in_identity released
check release_and_return returned

vfio_bind edu-pair
load_module
iommu_stat stat_owners stat_faults stat_mapped
