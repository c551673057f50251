# SPDX-License-Identifier: GPL-2.0-only
# The cost of DMA mappings; boot/bench.py runs this and makes a table.
#
# test: dma_map

device=$(grep -l 0x1234 /sys/bus/pci/devices/*/vendor | head -n 1)
device=${device%/vendor}
echo dma_map_benchmark >$device/driver_override
echo ${device##*/} >/sys/bus/pci/drivers/dma_map_benchmark/bind
note "bench type $(cat $device/iommu_group/type)"
check dma_map dma_bench
