# SPDX-License-Identifier: GPL-2.0-only
#
# Is all memory back? Counts of pages that must return to what they were.

# What the host cannot read, but for what its driver has lent to EL2 and for
# which it holds mappings
el2_pages() {
	echo $(($(hidden) - $(cat /sys/kernel/debug/pkvm-smmu/pages)))
}

# Whole pages that the kernel itself has allocated. MemFree does not tell: freed
# pages wait on the lists of the CPUs, and freed objects in half-empty slabs, more
# of them the longer the machine is busy. Tables and stacks of processes that just
# ended, and buffers of devices, come and go: some 30 pages within a second on a machine
# that does nothing, whether VMs came and went or not. So the least of a few counts.
host_pages() {
	local i
	sync
	echo 4 >/proc/sys/vm/drop_caches	# no message each time
	echo 3 >/proc/sys/vm/drop_caches
	for i in 1 2 3 4 5 6; do
		sleep 0.2
		echo 1 >/proc/sys/vm/stat_refresh
		awk '
		$1 == "managed" { pages += $2 }
		$1 == "count:" || $1 == "nr_free_pages" || $1 == "nr_anon_pages" ||
		$1 == "nr_file_pages" || $1 ~ /^nr_slab_(un)?reclaimable$/ { pages -= $2 }
		END { print pages }
		' /proc/zoneinfo
	done | sort -n | head -n 1
}

# Page tables of VMs and of devices
table_pages() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_sec_page_table_pages" { print $2 }' /proc/vmstat
}

# What is pinned for as long as somebody needs it: all memory of VMs that are
# protected or have pvIOMMUs
pinned_pages() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '
	$1 == "nr_foll_pin_acquired" { pages += $2 }
	$1 == "nr_foll_pin_released" { pages -= $2 }
	END { print pages }
	' /proc/vmstat
}

pinned_pages_back() {
	local now=$(pinned_pages)
	note "$now pages are pinned, $1 before"
	[ $now = $1 ]
}

el2_pages_back() {
	local now=$(el2_pages)
	note "EL2 has $now pages, $1 before"
	[ $now = $1 ]
}

# host_pages_back BEFORE SLACK: something else comes and goes at any time
host_pages_back() {
	local now=$(host_pages)
	note "the host's kernel uses $now pages, $1 before"
	[ $now -le $(($1 + $2)) ]
}
