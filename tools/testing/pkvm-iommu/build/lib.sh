# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the build scripts: where things are, and how a long step is shown.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TESTING=$(dirname "$HERE")
TOP=$(cd "$TESTING/../../.." && pwd)
OUT=${OUT:-$TOP/out}
LOGS=$OUT/logs
TREE=$OUT/linux
mkdir -p "$LOGS"

PAGE=${PAGE:-4k}
DEBUG=${DEBUG:-}
case $PAGE in
4k | 16k | 64k) ;;
*) echo "PAGE=$PAGE: must be 4k, 16k or 64k" >&2; exit 2 ;;
esac
VARIANT=
[ "$PAGE" = 4k ] || VARIANT=-$PAGE
[ -z "$DEBUG" ] || VARIANT=$VARIANT-debug
BUILD=$OUT/build$VARIANT
IMAGE=$BUILD/arch/arm64/boot/Image
INITRAMFS=$OUT/initramfs$VARIANT.cpio

CROSS_COMPILE=${CROSS_COMPILE:-aarch64-linux-gnu-}
QEMU=${QEMU:-qemu-system-aarch64}
JOBS=${JOBS:-$(nproc)}
export CCACHE_DIR=${CCACHE_DIR:-$OUT/ccache}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$TOP}
export CCACHE_NOHASHDIR=1
export CCACHE_DEPEND=1	# a miss costs no second run of the preprocessor

die()
{
	echo "error: $*" >&2
	exit 1
}

# One build at a time in a folder: two makes would break each other's objects.
# What a locked script calls has the lock as well.
lock_out()
{
	[ "${LOCKED:-}" != "$OUT" ] || return 0
	export LOCKED=$OUT
	exec 9>"$OUT/lock"
	flock -n 9 && return
	echo "Waiting for another build in $OUT ..."
	flock 9
}

# The last line of a log that says something, cut to fit one terminal line.
last_line()
{
	tail -n 1 "$1" 2>/dev/null | tr -dc '[:print:]' | cut -c 1-60
}

# kill_tree PID: a program and what it started, which would go on without it
kill_tree()
{
	local child children

	children=$(cat "/proc/$1/task/"*/children 2>/dev/null) || :
	kill "$1" 2>/dev/null || :
	for child in $children; do
		kill_tree "$child"
	done
}

# step TITLE LOG COMMAND...: run COMMAND with its output in out/logs/LOG.log.
# On a terminal one line shows the elapsed time and the last line of the log;
# elsewhere a line is printed every 30 seconds, but for QUIET=1.
step()
{
	local title=$1 log=$LOGS/$2.log begin=$SECONDS next=30 pid rc=0 t
	shift 2

	[ -t 1 ] || echo "$title ..."
	# Before it starts, so that it never goes on without us
	trap 'kill_tree $!; exit 130' INT TERM
	"$@" >"$log" 2>&1 </dev/null 9>&- &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		t=$((SECONDS - begin))
		if [ -t 1 ]; then
			printf '\r\033[K%s [%ds] %s' "$title" $t "$(last_line "$log")"
		elif [ $t -ge $next ] && [ -z "${QUIET:-}" ]; then
			echo "  $title [${t}s] $(last_line "$log")"
			next=$((next + 30))
		fi
		sleep 0.2
	done
	wait $pid || rc=$?
	trap - INT TERM

	t=$((SECONDS - begin))
	[ ! -t 1 ] || printf '\r\033[K'
	if [ $rc -ne 0 ]; then
		echo "$title: FAILED after ${t}s; the end of $log:"
		tail -n 20 "$log" | sed 's/^/  | /'
		exit $rc
	fi
	echo "$title: done in ${t}s"
}

kbuild()
{
	make -C "$TREE" O="$BUILD" ARCH=arm64 CROSS_COMPILE="$CROSS_COMPILE" \
	     CC="ccache ${CROSS_COMPILE}gcc" -j"$JOBS" "$@"
}

# unmet CONFIG <FRAGMENT: the lines of the fragment that do not hold in a .config
unmet()
{
	local line symbol

	while read -r line; do
		case $line in
		CONFIG_*)
			grep -qxF "$line" "$1" || echo "$line" ;;
		"# CONFIG_"*" is not set")
			symbol=${line#\# }
			symbol=${symbol%% *}
			! grep -q "^$symbol=" "$1" || echo "$line" ;;
		esac
	done
}

# The files in which out/linux differs from the pristine kernel
changed()
{
	python3 -c 'import json, sys; print(*json.load(open(sys.argv[1])), sep="\n")' \
		"$OUT/linux.manifest"
}
