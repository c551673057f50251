#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Get the checker of device tree bindings. The kernel wants a later one than
# Debian 12 and 13 have, which in turn wants later libraries than theirs: take
# it with all it needs, C library and Python included, from the first release that
# has it, and leave the system alone. Its programs are then in out/dtschema/run.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/apt.sh"

RELEASE=forky
APT=$OUT/apt-dtschema
ROOT=$OUT/dtschema

# As if nothing was installed: the package and what it depends on
wanted()
{
	private_apt -o Dir::State::status="$APT/nothing" \
		-o APT::Install-Recommends=false -qq --print-uris install \
		dt-schema yamllint python3-minimal | awk '{ print $2 }' |
		sed 's/_.*//' | sort -u
}

fetch()
{
	local packages

	private_lists $RELEASE
	: >"$APT/nothing"
	mapfile -t packages < <(wanted)
	rm -rf "$ROOT"
	download "$ROOT" "${packages[@]}"
}

# Each program by the dynamic linker and Python that came with it
wrap()
{
	local name python script

	mkdir -p "$ROOT/run"
	python=$(basename "$(readlink "$ROOT/usr/bin/python3")")
	for name in python3 dt-doc-validate dt-extract-example dt-mk-schema dt-validate \
		    dt-check-compatible yamllint; do
		script="\"\$root/usr/bin/$name\""
		[ "$name" != python3 ] || script=
		cat >"$ROOT/run/$name" <<-END
		#!/bin/sh
		root=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
		export PYTHONHOME=\$root/usr
		export PYTHONPATH=\$root/run:\$root/usr/lib/python3/dist-packages
		exec "\$(echo \$root/usr/lib*/ld-linux-*.so.*)" --library-path \
			"\$(echo \$root/usr/lib/*-linux-gnu)" \
			"\$root/usr/bin/$python" $script "\$@"
		END
		chmod +x "$ROOT/run/$name"
	done
	# What starts another Python shall not bypass that
	cat >"$ROOT/run/sitecustomize.py" <<-END
	import os, sys
	sys.executable = os.path.join(os.path.dirname(__file__), "python3")
	END
	"$ROOT/run/dt-doc-validate" --version >"$ROOT/stamp"
}

[ -s "$ROOT/stamp" ] && exit
[ -n "$(debian_codename)" ] || exit 0	# the user's own, or none
step "Fetching the checker of device tree bindings" dtschema fetch
wrap
