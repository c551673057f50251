# SPDX-License-Identifier: GPL-2.0-only
# The DMA API on the host: for the platform device, and for a PCI device that is not
# trusted, whose buffers are bounced.

. /lib/devices.sh
. /lib/dma_api.sh

dma_api_all $(basename /sys/bus/platform/devices/*.edu-pair)

# A device with a driver: its domain is set up
untrusted() {
	insmod /lib/modules/pkvm_dma_api.ko bus=pci device=$(basename $(pci_of nvme)) &&
		dma_api untrusted
}

if [ $EXPECTED_TYPE = identity ]; then
	skip untrusted "nothing bounces in an identity domain"
else
	check untrusted untrusted
	rmmod pkvm_dma_api
fi
