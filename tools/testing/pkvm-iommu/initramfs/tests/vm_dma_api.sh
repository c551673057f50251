# SPDX-License-Identifier: GPL-2.0-only
# The DMA API in a protected and in a plain VM, for a device behind a pvIOMMU that
# snoops or does not, as the host's device tree says.

. /lib/guest.sh

vfio_bind edu-pair
coherent=0
[ ! -e $VFIO_DIR/of_node/dma-coherent ] || coherent=1

# dma_api_vm NAME OPTIONS
dma_api_vm() {
	GUEST_APPEND="coherent=$coherent" guest_start $1 dma_api $2 --vfio $VFIO_DIR
	check $1_vm_ends guest_end $1 $1_
}

dma_api_vm protected --protected
dma_api_vm plain
