# SPDX-License-Identifier: GPL-2.0-only
# In a VM with iommu.passthrough=1: what the guest driver makes of what it is asked.

. /lib/devices.sh

DEVICE=$(echo /sys/bus/platform/devices/*.edu-pair)

refusals_of_identity() {
	dmesg | grep -c "edu-pair: .*passthrough (identity) would open all memory"
}

type_is() {
	local type=$(domain_type_of $DEVICE)
	[ "$type" = $1 ] && return
	note "domain type $type, not $1"
	return 1
}

no_passthrough() {
	type_is DMA && [ $(refusals_of_identity) -gt 0 ]
}

identity_refused() {
	local before=$(refusals_of_identity)
	! echo identity >$DEVICE/iommu_group/type || return
	type_is DMA && [ $(refusals_of_identity) -gt $before ]
}

# Without its end of the bargain the driver crashes as soon as the queue is flushed
flush_queue() {
	echo DMA-FQ >$DEVICE/iommu_group/type && type_is DMA-FQ
}

check no_passthrough no_passthrough
check identity_refused identity_refused
check flush_queue flush_queue
load_module
platform platform_ram_to_ram
domain
refusals

# Now without the module
rmmod pkvm_iommu_test
echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
echo vfio-platform >$DEVICE/driver_override
echo ${DEVICE##*/} >/sys/bus/platform/drivers_probe
vfio
