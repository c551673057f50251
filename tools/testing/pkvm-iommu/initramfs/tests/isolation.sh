# SPDX-License-Identifier: GPL-2.0-only
# A machine with one more SMMU that is switched off, a device behind it, and an owner
# who wants protected VMs only where all DMA is isolated (I11).

. /lib/guest.sh
. /lib/isolation.sh

# Once, however often a VMM tries
refused_in_log() {
	[ "$(dmesg | grep -c 'kvm: protected VMs are refused: DMA isolation is partial, and pkvm_iommu=required')" = 1 ]
}

vmm_refused() {
	pkvm-vmm --kernel /guest/Image --protected >/tmp/vmm 2>&1
	[ $? = 125 ] && grep -q 'no protected VMs here: DMA is not isolated' /tmp/vmm
}

check log_says_partial log_says 'isolates DMA in part: EL2 drives 1 SMMUv3, isolates nothing behind /smmuv3@4000000 (disabled)$'
check stat_says_partial stat_says partial '^  open  *.smmuv3@4000000: disabled'
isolation vmm_told_partial protected_vm_refused plain_vm_allowed
check refused_in_log refused_in_log
check vmm_refused vmm_refused
