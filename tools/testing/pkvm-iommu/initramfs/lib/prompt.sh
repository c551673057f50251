# SPDX-License-Identifier: GPL-2.0-only
#
# For the shell of "make shell".

. /lib/test.sh

# run [GROUP]...: the groups of tests, or those of the boot whose machine this is
run() {
	[ $# -gt 0 ] || set -- $(param pkvm_groups | tr , ' ')
	rm -f $KTAP_COUNT
	(run_groups "$@")
}
