# SPDX-License-Identifier: GPL-2.0-only
# Faults of a protected VM's device: what the VM, its VMM and the host learn of them.

. /lib/vfio.sh

vfio_bind_engines
guest_events
