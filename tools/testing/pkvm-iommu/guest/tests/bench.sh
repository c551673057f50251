# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the cost of DMA mappings behind a pvIOMMU.

. /lib/bench.sh

DEVICE=$(echo /sys/bus/platform/devices/*.edu-pair)

strict() {
	bench_all vm-strict
}

lazy() {
	echo DMA-FQ >$DEVICE/iommu_group/type && bench_all vm-lazy
}

bench_load
echo pkvm_dma_bench >$DEVICE/driver_override
echo ${DEVICE##*/} >/sys/bus/platform/drivers_probe
check strict strict
check lazy lazy
check call bench vm-call guest-hvc 1 6000
