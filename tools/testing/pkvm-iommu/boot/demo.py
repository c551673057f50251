#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot the demonstration, and exit with 0 if all of it was protected.

What it shows is initramfs/demo.sh; this reads its last line. The console is in
out/logs/run.log; with --verbose also here, the VM's in it after "vm| ".
"""

import argparse
import os
import re
import sys

import disk
from machine import OUT, Machine, machine_options
from qemu import run_command

# Of a terminal: what a guest says must neither move the cursor nor end up in a file
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])"
                    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f]")
CLEAR = "\x1b[H\x1b[J"
VERDICT = re.compile(r"^ (PROTECTED|NOT PROTECTED): ")


def shown(line):
    """A line of a console without control characters."""
    return ESCAPE.sub("", line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    machine_options(parser)
    parser.add_argument("--verbose", action="store_true",
                        help="show all of both consoles")
    args = parser.parse_args()

    work, logs = os.path.join(OUT, "run"), os.path.join(OUT, "logs")
    os.makedirs(work, exist_ok=True)
    os.makedirs(logs, exist_ok=True)
    image = disk.make_filesystem(os.path.join(work, "disk.img"), 0)
    level = ("pkvm_demo=verbose ignore_loglevel" if args.verbose
             else "pkvm_demo=1 loglevel=1")
    machine = Machine(cpu=args.cpu, smmu=args.smmu, mode=args.mode,
                      page=args.page, debug=args.debug, platform_ahci=True,
                      assignable="qemu,edu-pair", devices=["edu"],
                      disks=[image],
                      append=f"{level} printk.devkmsg=on {disk.parameter(1)}")
    verdicts = []

    def on_line(line):
        line = shown(line)
        print(line, flush=True)
        verdicts.extend(VERDICT.findall(line))

    if sys.stdout.isatty():
        print(CLEAR, end="", flush=True)
    ended = run_command(machine.command(work), os.path.join(logs, "run.log"),
                        on_line, silence=240, total=600)
    if ended:
        print(ended)
    return 0 if verdicts == ["PROTECTED"] and not ended else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
