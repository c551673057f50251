# SPDX-License-Identifier: GPL-2.0-only
# A plain VM drives a disk through VFIO as it is: container of type 1, or iommufd. In
# protected mode this is as in any other, since EL2 lends registers of the host.

. /lib/devices.sh
. /lib/vfio.sh

faults=$(fault_lines)
export NVME_KNOWN=/tmp/nvme.known
dd if=/dev/nvme0n1 of=$NVME_KNOWN bs=64k count=16 2>/dev/null
bind_driver pci $(basename $(pci_of nvme)) vfio-pci
for module in vfio_iommu_type1 iommufd; do
	echo 1 >/sys/module/$module/parameters/allow_unsafe_interrupts
done
plain_nvme
check plain_nvme_no_faults [ "$(fault_lines)" = "$faults" ]
