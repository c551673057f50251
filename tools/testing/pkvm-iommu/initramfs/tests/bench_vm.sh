# SPDX-License-Identifier: GPL-2.0-only
# The cost of DMA mappings in a protected VM.

. /lib/guest.sh

vfio_bind edu-pair
GUEST_APPEND="bench_profile=$(param bench_profile) bench_loops=$(param bench_loops)" \
	guest_start bench bench --protected --vfio $VFIO_DIR
check vm_ends guest_end bench
