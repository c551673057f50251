# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the DMA API for the platform device behind a pvIOMMU. Parameter coherent=0|1:
# whether that device must be one that snoops.

. /lib/dma_api.sh

DEVICE=$(echo /sys/bus/platform/devices/*.edu-pair)

as_described() {
	local coherent=0
	[ ! -e $DEVICE/of_node/dma-coherent ] || coherent=1
	[ $coherent = $(param coherent) ]
}

check as_described as_described
DMA_API_TESTS="$DMA_API_TESTS masks"
dma_api_all ${DEVICE##*/}
