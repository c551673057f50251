#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What isolation costs: DMA mappings and boots, counted in instructions.

The machine's clock counts executed instructions (-icount), one a nanosecond,
so the figures are the same from run to run and on every computer. They do not
know caches or the latency of memory: compare them with each other.
"""

import os
import re
import sys

from machine import OUT, Machine
from qemu import run_command

LOGS = os.path.join(OUT, "logs/bench")
CASES = [
    ("stock", dict(mode="nvhe")),
    ("identity", dict(mode="protected")),
    ("paging", dict(mode="protected", append="iommu.passthrough=0")),
]
RESULT = re.compile(r"# bench (\d+) pages: map (\d+) unmap (\d+)")
INIT = re.compile(r"\[ *(\d+\.\d+)\] Run /init")
RESERVED = re.compile(r"kvm \[0\]: Reserved (\d+) MiB")


def measure(name, options):
    """Boot one case: (boot in ms, MiB reserved, {pages: (map, unmap)})."""
    work = os.path.join(OUT, "bench", name)
    log = os.path.join(LOGS, name + ".log")
    os.makedirs(work, exist_ok=True)
    options = dict(options, icount=True, cpus=1, platform_edu=False,
                   devices=["edu"])
    options["append"] = options.get("append", "") + " pkvm_test=bench"
    lines = []
    ended = run_command(Machine(**options).command(work), log, lines.append,
                        silence=300, total=600)
    text = "\n".join(lines)
    costs = {int(p): (int(m), int(u)) for p, m, u in RESULT.findall(text)}
    if ended or not costs:
        sys.exit(f"bench {name}: {ended or 'no figures'}; see {log}")
    boot, reserved = INIT.search(text), RESERVED.search(text)
    return (float(boot[1]) * 1000 if boot else 0,
            int(reserved[1]) if reserved else 0, costs)


def main():
    os.makedirs(LOGS, exist_ok=True)
    rows = {}
    for name, options in CASES:
        print(f"measuring {name} ...", flush=True)
        rows[name] = measure(name, options)
    print(f"\n{'instructions':24}" + "".join(f"{n:>12}" for n in rows))
    for pages in sorted(rows["stock"][2]):
        for index, what in enumerate(("map", "unmap")):
            print(f"dma_{what} {pages} pages".ljust(24) + "".join(
                f"{r[2][pages][index]:>12}" for r in rows.values()))
    print(f"{'boot to /init, millions':24}" +
          "".join(f"{r[0]:>12.0f}" for r in rows.values()))
    print(f"{'MiB reserved for EL2':24}" +
          "".join(f"{r[1]:>12}" for r in rows.values()))


if __name__ == "__main__":
    main()
