# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the cost of DMA mappings behind a pvIOMMU.

. /lib/bench.sh

DEVICE=$(echo /sys/bus/platform/devices/*.edu-pair)

strict() {
	bench_all vm-strict
}

mapped() {
	bench_mapped vm-mapped 16 256 1024 8192
}

lazy() {
	echo DMA-FQ >$DEVICE/iommu_group/type && bench_all vm-lazy
}

bench_load
echo pkvm_dma_bench >$DEVICE/driver_override
echo ${DEVICE##*/} >/sys/bus/platform/drivers_probe
check strict strict
check mapped mapped
check lazy lazy
check call bench vm-call guest-hvc 1 600000
