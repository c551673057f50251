# SPDX-License-Identifier: GPL-2.0-only
# Real devices moving real data, compared with what is known outside.

. /lib/devices.sh

# With the driver away the group may change its kind of domain, and back
switch_type() {
	local dev=$(pci_of nvme) type
	for type in identity DMA DMA-FQ $EXPECTED_TYPE; do
		echo ${dev##*/} >/sys/bus/pci/drivers/nvme/unbind
		echo $type >$dev/iommu_group/type || return
		echo ${dev##*/} >/sys/bus/pci/drivers/nvme/bind
		[ "$(domain_type_of $dev)" = $type ] || return
		reads_known /dev/nvme0n1 2 || return
		writes_and_reads /dev/nvme0n1 || return
	done
}

no_new_faults() {
	[ "$(fault_lines)" = "$faults_before" ]
}

faults_before=$(fault_lines)
check domain_type types_as_expected
check sata_read_known reads_known /dev/sda 1
check sata_write_read writes_and_reads /dev/sda
check nvme_read_known reads_known /dev/nvme0n1 2
check nvme_write_read writes_and_reads /dev/nvme0n1
check net_igb_to_virtio net igb virtio_net 500
check net_virtio_to_igb net virtio_net igb 500
check switch_domain_type switch_type
check no_faults no_new_faults
