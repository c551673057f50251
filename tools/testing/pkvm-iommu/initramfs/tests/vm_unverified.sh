# SPDX-License-Identifier: GPL-2.0-only
# A protected Linux VM gets a device whose registers stay with the host, and
# refuses it. Not all DMA of this machine is isolated, so that the VMM has to be told to
# give the VM a device at all.

. /lib/devices.sh
. /lib/guest.sh

not_isolated_refused() {
	pkvm-vmm --kernel /guest/Image --protected --vfio $VFIO_DIR >/tmp/vmm 2>&1
	[ $? = 125 ] && grep -q 'DMA is isolated in part only on this machine' /tmp/vmm
}

vfio_bind edu-pair
check not_isolated_refused not_isolated_refused
GUEST_APPEND=pkvm_pviommu.verify=1 guest_start wary unverified --protected \
	--dma-isolation=optional --vfio $VFIO_DIR
check vm_ends guest_end wary
check not_isolated_said grep -q "the host's devices can reach the VM's memory" \
	/tmp/guest.wary.log
