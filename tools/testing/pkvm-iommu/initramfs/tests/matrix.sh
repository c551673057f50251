# SPDX-License-Identifier: GPL-2.0-only
# The least that must hold on every machine: it works, and it protects.

. /lib/devices.sh

# The machine is what its name says, not what a default made of it
smmu_as_asked() {
	dmesg | grep -q "owned by EL2: $(param pkvm_owned)\$"
}

load_module
check smmu_as_asked smmu_as_asked
pvm pvm_runs
attack engine_raw read_el2_memory read_smmu_registers write_pvm_memory \
	pvm_page_before_and_after
check domain_type types_as_expected
check sata_write_read writes_and_reads /dev/sda
check nvme_read_known reads_known /dev/nvme0n1 2
check nvme_write_read writes_and_reads /dev/nvme0n1
check net_igb_to_virtio net igb virtio_net 100
platform platform_two_streams platform_ram_to_ram
