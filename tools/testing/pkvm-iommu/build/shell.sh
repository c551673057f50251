#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shell.sh [OPTION]... of boot/shell.py: build what the machine boots, then boot it.

. "$(dirname "$0")/lib.sh"

variant=$(python3 "$TESTING/boot/shell.py" --variant "$@") || exit
read -r PAGE DEBUG <<<"$variant"
export PAGE DEBUG
"$HERE/kernel.sh"
"$HERE/initramfs.sh"
exec python3 "$TESTING/boot/shell.py" "$@"
