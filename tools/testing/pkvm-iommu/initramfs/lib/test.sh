# SPDX-License-Identifier: GPL-2.0-only
#
# For the test groups: tests/GROUP.sh is sourced with standard output going to
# the kernel log. The runner outside reads the same script to know which results must
# come (boot/plan.py), so the name of a test stands in it, or in the program that it runs.

KTAP_COUNT=/tmp/ktap	# programs count on from here: programs/test.h
RANDOM_DATA=/tmp/random

# param NAME: what the kernel's command line says after NAME=
param() {
	sed -n "s/.*\\<$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline
}

ktap_next() {
	local n=$(cat $KTAP_COUNT 2>/dev/null)
	n=$((${n:-0} + 1))
	echo $n >$KTAP_COUNT
	echo $n
}

ok() { echo "ok $(ktap_next) $KTAP_GROUP.$1"; }
not_ok() { echo "not ok $(ktap_next) $KTAP_GROUP.$1"; }
skip() { local name=$1; shift; echo "ok $(ktap_next) $KTAP_GROUP.$name # SKIP $*"; }
note() { echo "# $*"; }

# check NAME COMMAND...: one test, passed if the command succeeds
check() {
	local name=$1
	shift
	if "$@"; then ok $name; else not_ok $name; fi
}

load_module() {
	[ -c /dev/pkvm_iommu_test ] && return
	insmod /lib/modules/pkvm_iommu_test.ko || note "cannot load the test module"
}

# The device a PCI driver has bound first, e.g. "pci_of nvme"
pci_of() {
	local dev
	for dev in /sys/bus/pci/drivers/$1/0*; do
		[ -e "$dev" ] && readlink -f $dev && return
	done
	return 1
}

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
	local left=$(($1 * 10))
	shift
	until "$@"; do
		[ $left -gt 0 ] || return 1
		left=$((left - 1))
		usleep 100000
	done
}

run_groups() {
	local group
	echo "KTAP version 1"
	for group in "$@"; do
		note "group $group"
		export KTAP_GROUP=$group
		if [ -r /tests/$group.sh ]; then
			. /tests/$group.sh
		else
			note "no such group"
		fi
	done
	echo "1..$(cat $KTAP_COUNT)"
}
