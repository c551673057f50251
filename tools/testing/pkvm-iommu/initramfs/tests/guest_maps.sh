# SPDX-License-Identifier: GPL-2.0-only
# What a protected VM can map for its devices, and how far one call goes.

. /lib/vfio.sh

vfio_bind_engines
guest_maps
