# SPDX-License-Identifier: GPL-2.0-only
# The guest driver in protected Linux VMs: what it refuses, and what it says.

. /lib/guest.sh

vfio_bind edu-pair

GUEST_APPEND="iommu.passthrough=1 vfio_platform.reset_required=0" \
	guest_start driver driver --protected \
	--vfio $VFIO_DIR
check vm_ends guest_end driver

guest_start wrong wrong_vsid --protected --vfio $VFIO_DIR,vsid=1:2,tell=1:3
check wrong_vsid_vm_ends guest_end wrong
