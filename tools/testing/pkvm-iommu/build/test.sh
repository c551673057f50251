#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the kernels that the wanted tests boot, then run the tests. The names
# of tests that need another page size than 4k contain it. The 16k kernel is the
# one that checks itself.

. "$(dirname "$0")/lib.sh"

RUNNER=$TESTING/boot/run_tests.py

# spent WHAT COMMAND...: the seconds go to what the runner says at the end
declare -A seconds=([kernels]=0 [initramfs]=0)
spent()
{
	local what=$1 begin=$SECONDS
	shift
	"$@"
	seconds[$what]=$((seconds[$what] + SECONDS - begin))
}

names=$(python3 "$RUNNER" --list "$@")
for PAGE in 4k 16k 64k; do
	[ $PAGE = 4k ] || grep -q -e "-$PAGE[-/]" <<<"$names" || continue
	[ $PAGE = 16k ] && DEBUG=1 || DEBUG=
	export PAGE DEBUG
	spent kernels "$HERE/kernel.sh"
	spent initramfs "$HERE/initramfs.sh"
done
exec python3 "$RUNNER" "$@" \
	--spent "kernels=${seconds[kernels]},initramfs=${seconds[initramfs]}"
