# SPDX-License-Identifier: GPL-2.0-only
# In a VM that takes verified devices only: one whose registers the host has.

refused_verification() {
	dmesg | grep -q 'unverified: this VM does not own the registers'
}

check refused [ ! -e /sys/bus/platform/devices/*.edu-pair/iommu_group ]
check says_why refused_verification
