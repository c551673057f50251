# SPDX-License-Identifier: GPL-2.0-only
# The unit tests of the guest driver. They need no hypervisor, only a kernel.

# kunit_run SUITE: the results of its tests as ours. KUnit also logs them, under names
# that the runner does not take for ours; when the console shows that is its own affair.
kunit_run() {
	local suite=/sys/kernel/debug/kunit/$1 line
	echo run >$suite/run
	grep '^ *[#on]' $suite/results | while read -r line; do
		case "$line" in
		*" $1") ;;
		"ok "*) ok ${line##* } ;;
		"not ok "*) not_ok ${line##* } ;;
		"# "*) note "${line#\# }" ;;
		esac
	done
}

kunit_run pkvm-pviommu
