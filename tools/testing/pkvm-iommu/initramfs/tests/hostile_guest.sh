# SPDX-License-Identifier: GPL-2.0-only
# Two protected VMs make hypercalls at random on two vCPUs each, and their devices
# do DMA at random, while a third VM works.

. /lib/vfio.sh

vfio_bind_engines
hostile_guest
