#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the kernel that most of the wanted tests boot, then run the tests; the runner
# builds the other kernels beside them.

. "$(dirname "$0")/lib.sh"

RUNNER=$TESTING/boot/run_tests.py
SPENT=

# spent WHAT COMMAND...: the seconds go to what the runner says at the end
spent()
{
	local what=$1 begin=$SECONDS
	shift
	"$@"
	SPENT+=$what=$((SECONDS - begin)),
}

"$HERE/native.sh" --only-tree
kernels=$(python3 "$RUNNER" --kernels "$@")
if [ -n "$kernels" ]; then
	read -r PAGE DEBUG <<<"$kernels"
	export PAGE DEBUG
	spent kernels "$HERE/kernel.sh"
	spent initramfs "$HERE/initramfs.sh"
fi
exec python3 "$RUNNER" "$@" --build --spent "$SPENT"
