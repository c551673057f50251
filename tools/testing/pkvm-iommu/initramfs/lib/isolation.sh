# SPDX-License-Identifier: GPL-2.0-only
#
# What the host is told of the isolation of DMA.

# log_says TEXT: the one line at boot
log_says() {
	local line=$(dmesg | grep 'pKVM isolates')
	note "$line"
	[ "$(echo "$line" | wc -l)" = 1 ] && echo "$line" | grep -q "$1"
}

# stat_says LEVEL [LINE]: sysfs, and the command
stat_says() {
	[ "$(cat /sys/kernel/pkvm/dma_isolation)" = $1 ] || return
	pkvm-iommu-stat >/tmp/stat 2>&1
	note "$(head -n 3 /tmp/stat)"
	grep -q "^DMA isolation: $1\$" /tmp/stat && grep -q "$2" /tmp/stat
}
