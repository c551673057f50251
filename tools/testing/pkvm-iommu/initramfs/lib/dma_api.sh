# SPDX-License-Identifier: GPL-2.0-only
#
# For host and VM: all of the DMA API, for one device. The module says what is wrong.

DMA_API_TESTS="small unaligned streaming sync coherent atomic mask32 scatterlist noncontiguous"

dma_api() {
	echo $1 >/sys/module/pkvm_dma_api/parameters/run
}

# dma_api_all DEVICE: for a platform device
dma_api_all() {
	local test
	insmod /lib/modules/pkvm_dma_api.ko device=$1 || return
	for test in $DMA_API_TESTS; do
		check $test dma_api $test
	done
	rmmod pkvm_dma_api
}
