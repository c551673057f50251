# SPDX-License-Identifier: GPL-2.0-only
# The host makes hypercalls at random on all CPUs, and its device does DMA at
# random, while a protected VM works with a device of its own.

. /lib/guest.sh
. /lib/memory.sh

vfio_bind edu-pair
load_module
host=$(host_pages)
hostile hostile_one_name_each hostile_reset_holds_up_nobody hostile_host_calls \
	hostile_nothing_leaked hostile_dma_after_death hostile_memory_back
# 20 to 30 pages more, and once 565: one of them may be huge. The calls are 240,000
check hostile_host_memory_back host_pages_back $host 1000
