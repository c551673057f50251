# SPDX-License-Identifier: GPL-2.0-only
# A protected VM with four vCPUs maps memory that it has not touched: 256 MiB in
# one request, then from all vCPUs at a time.

. /lib/guest.sh

vfio_bind edu-pair
GUEST_APPEND=mem=256M guest_start maps maps --protected --cpus 4 --mem 512 \
	--vfio $VFIO_DIR
check maps_vm_ends guest_end maps
