#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bring out/linux up to date, configure it, and build the kernel for PAGE=
# (4k, 16k, 64k); DEBUG=1 adds the kernel's and the hypervisor's own checks, and unit
# tests, which run when a test asks for them. One image serves protected and stock boots.

. "$(dirname "$0")/lib.sh"
lock_out

fragment()
{
	grep -v "^# CONFIG_${DEBUG:+NVHE_EL2_DEBUG} is not set" "$HERE/kernel.config"
	echo "CONFIG_ARM64_${PAGE^^}_PAGES=y"
	[ -z "$DEBUG" ] || cat "$HERE/debug.config"
}

configure()
{
	local bad

	kbuild -s KCONFIG_ALLCONFIG="$BUILD/fragment" allnoconfig
	bad=$(unmet "$BUILD/.config" <"$BUILD/fragment")
	[ -z "$bad" ] || die "these lines of the configuration do not hold:
$bad"
}

mkdir -p "$BUILD"
python3 "$HERE/tree.py" "$TOP" "$OUT" >"$LOGS/tree.log"

# A new configuration only when what decides it changed: a rewritten .config
# costs a rebuild. The same for make, which needs seconds to find nothing to do.
want=$( (fragment; cat "$OUT/linux.kconfig") | sha256sum)
if [ "$want" != "$(cat "$BUILD/fragment.sum" 2>/dev/null)" ]; then
	fragment >"$BUILD/fragment"
	rm -f "$BUILD/built"
	step "Configuring the $PAGE kernel" config$VARIANT configure
	echo "$want" >"$BUILD/fragment.sum"
fi

want="$CROSS_COMPILE $(cat "$OUT/linux.source" "$OUT/linux.state")"
if [ "$want" != "$(cat "$BUILD/built" 2>/dev/null)" ]; then
	rm -f "$BUILD/built"
	step "Building the $PAGE${DEBUG:+ debug} kernel" kernel$VARIANT \
		kbuild Image modules
	echo "$want" >"$BUILD/built"
fi
