# SPDX-License-Identifier: GPL-2.0-only
# The cost of DMA mappings on a host; boot/bench.py runs this and makes a table.

. /lib/bench.sh
. /lib/vfio.sh

# The function with a driver of its own, not one of a platform device
bench_device() {
	local vendor device
	for vendor in $(grep -l 0x1234 /sys/bus/pci/devices/*/vendor); do
		device=${vendor%/vendor}
		case ,$(param pkvm_platform), in
		*,${device##*/},*) ;;
		*) echo $device ;;
		esac
	done
}

DEVICE=$(bench_device)

# bind_with TYPE: the device, in a domain of this type
bind_with() {
	[ ! -e $DEVICE/driver ] || echo ${DEVICE##*/} >$DEVICE/driver/unbind
	echo $1 >$DEVICE/iommu_group/type &&
	bind_driver pci ${DEVICE##*/} pkvm_dma_bench
}

# Pages lent to EL2 for its tables count as its memory
memory() {
	note "bench memory $(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)" \
		"lent $(lent)"
}

identity() {
	bind_with identity && bench_all identity
}

strict() {
	bind_with DMA && bench_all strict
}

mapped() {
	bench_mapped mapped 16 256 1024 8192
}

# Not without the driver, as the others: the kernel changes this one on the fly
lazy() {
	echo DMA-FQ >$DEVICE/iommu_group/type && bench_all lazy
}

check memory memory
if [ -n "$DEVICE" ]; then
	bench_load
	check identity identity
	check strict strict
	check mapped mapped
	check lazy lazy
	[ "$(param kvm-arm.mode)" != protected ] ||
		check call bench call host-hvc 1 6000
fi
