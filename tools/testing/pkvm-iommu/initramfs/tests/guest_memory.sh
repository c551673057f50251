# SPDX-License-Identifier: GPL-2.0-only
# What a guest makes EL2 hold has an end, and its VMM pays for it.
#
# test: guest_memory_cap
# test: guest_memory_default_cap
# test: guest_memory_locked
# test: guest_memory_not_locked

. /lib/vfio.sh

vfio_bind_engines
guest_memory
