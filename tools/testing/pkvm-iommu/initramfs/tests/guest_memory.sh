# SPDX-License-Identifier: GPL-2.0-only
# What a guest makes EL2 hold has an end, and its VMM pays for it.

. /lib/vfio.sh

vfio_bind_engines
guest_memory
