# SPDX-License-Identifier: GPL-2.0-only
# A protected Linux VM gets a device whose registers stay with the host, and
# refuses it.
#
# test: refused
# test: says_why
# test: vm_ends

. /lib/devices.sh
. /lib/guest.sh

vfio_bind edu-pair
GUEST_APPEND=pkvm_pviommu.verify=1 guest_start wary unverified --protected \
	--vfio $VFIO_DIR
check vm_ends guest_end wary
