# SPDX-License-Identifier: GPL-2.0-only
# The DMA API in a protected and in a plain VM, for a device behind a pvIOMMU that
# snoops or does not, as the host's device tree says.
#
# test: protected_as_described
# test: protected_small
# test: protected_unaligned
# test: protected_streaming
# test: protected_sync
# test: protected_coherent
# test: protected_atomic
# test: protected_mask32
# test: protected_scatterlist
# test: protected_noncontiguous
# test: protected_masks
# test: protected_vm_ends
# test: plain_as_described
# test: plain_small
# test: plain_unaligned
# test: plain_streaming
# test: plain_sync
# test: plain_coherent
# test: plain_atomic
# test: plain_mask32
# test: plain_scatterlist
# test: plain_noncontiguous
# test: plain_masks
# test: plain_vm_ends

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
