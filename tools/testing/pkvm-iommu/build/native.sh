#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The native suites need the kernel's source with ours in it, but no build of it.

. "$(dirname "$0")/lib.sh"

(lock_out; python3 "$HERE/tree.py" "$TOP" "$OUT" >"$LOGS/tree.log")
[ "${1:-}" = --only-tree ] && exit
export OUT
exec python3 "$TESTING/native/suite.py" "$@"
