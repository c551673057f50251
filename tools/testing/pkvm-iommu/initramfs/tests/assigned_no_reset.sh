# SPDX-License-Identifier: GPL-2.0-only
# EL2 cannot reset the device, and must: no protected VM gets it.
#
# test: no_reset_refused

. /lib/vfio.sh

vfio_bind_engines
assigned no_reset_refused
