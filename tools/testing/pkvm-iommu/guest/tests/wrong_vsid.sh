# SPDX-License-Identifier: GPL-2.0-only
# In a VM whose device tree names a vSID 3 that has no stream.

DEVICE=$(echo /sys/bus/platform/devices/*.edu-pair)

reported() {
	dmesg | grep -q "edu-pair: pvIOMMU .* has no vSID 0x3; all DMA is blocked"
}

pviommu_stays() {
	ls /sys/class/iommu/ | grep -q pviommu
}

check wrong_vsid_reported reported
check wrong_vsid_no_iommu [ ! -e $DEVICE/iommu_group ]
check wrong_vsid_pviommu_stays pviommu_stays
