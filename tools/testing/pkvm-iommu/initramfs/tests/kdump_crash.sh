# SPDX-License-Identifier: GPL-2.0-only
# In the crash kernel of kdump.sh: EL2 is still there, and so is the SMMU.

. /lib/devices.sh

# Count on from the crashed kernel's results: they are of one boot
cp /tests/kdump.count $KTAP_COUNT

smmu_not_probed() {
	! dmesg | grep -i 'smmu' | grep -v 'Command line' | grep -q .
}

# What the crashed kernel had in its memory: the first MiB behind the ELF headers
vmcore_read() {
	dd if=/proc/vmcore of=/dev/null bs=64k count=64 2>/dev/null
}

check smmu_not_probed smmu_not_probed
check disk_after reads_known /dev/nvme0n1 1
check vmcore_there test -s /proc/vmcore
check vmcore_read vmcore_read
