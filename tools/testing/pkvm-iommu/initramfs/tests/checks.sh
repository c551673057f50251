# SPDX-License-Identifier: GPL-2.0-only
# The last group on a debug kernel: what it checks, it still checks. Lockdep ends with
# the first thing that it finds or when it has no room, the DMA API's check without memory.

locks_checked() {
	grep -q '^ debug_locks: *1$' /proc/lockdep_stats
}

dma_api_checked() {
	[ "$(cat /sys/kernel/debug/dma-api/disabled)" = N ] &&
		[ $(cat /sys/kernel/debug/dma-api/error_count) = 0 ]
}

free_pages_checked() {
	dmesg | grep -q 'iommu: Debugging page allocations'
}

check locks_checked locks_checked
check dma_api_checked dma_api_checked
check free_pages_checked free_pages_checked
