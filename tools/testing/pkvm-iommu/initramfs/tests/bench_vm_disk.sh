# SPDX-License-Identifier: GPL-2.0-only
# The cost of reading a disk in a protected VM.

. /lib/guest.sh

vfio_bind sata
guest_start bench bench_disk --protected --vfio $VFIO_DIR,compatible=generic-ahci
check vm_ends guest_end bench
