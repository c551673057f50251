# SPDX-License-Identifier: GPL-2.0-only
# Hypercalls of a protected VM about its devices, with every argument wrong in turn.

. /lib/vfio.sh

vfio_bind_engines
guest_calls
