#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What isolation costs: DMA mappings and boots, counted in instructions.

The clock of the machine counts executed instructions (-icount), one a nanosecond,
so figures are those of the code and not of the computer, and two runs agree. They
know neither caches nor how long an SMMU takes; so compare them with the stock
driver's, which are of the same kernel on the same machine with another mode= on
the command line.

Prints a table, with the cost of reading disks (bench_disk.py) and of VMs without a
device (bench_memory.py), and one of what else maps make others do (bench_counts.py).
The same is in out/bench.json, and as a plot in out/bench.svg. What fails is said at
the end, and all that was measured is there nevertheless.
"""

import argparse
import json
import os
import re
import sys
from collections import defaultdict
from dataclasses import asdict

import bench_counts
import bench_disk
import bench_memory
import plot
from bench_boot import attempt, boot, failures
from bench_rows import CASES, OPS, SAME, Row, print_table
from machine import OUT

JSON = os.path.join(OUT, "bench.json")
SVG = os.path.join(OUT, "bench.svg")

MEMORY_MIB = 1024
PAGE_KIB = 4

BENCH = dict(icount=True, cpus=1, devices=["edu"], memory=f"{MEMORY_MIB}M")
APPEND = "iommu.strict=1 printk.devkmsg=on pkvm_test="

# The boots: their machine, and the groups of tests that measure
BOOTS = {
    # The stock driver; protects nobody
    "stock": dict(BENCH, mode="nvhe", append=APPEND + "bench"),
    "ours": dict(BENCH, mode="protected",
                 append=APPEND + "bench,bench_vm"),
    # Neither SMMU nor device: what pKVM reserves and takes to boot without us
    "bare": dict(BENCH, mode="protected", smmu="none", devices=[],
                 append=APPEND + "bench"),
    "bare-nvhe": dict(BENCH, mode="nvhe", smmu="none", devices=[],
                      append=APPEND + "bench"),
}

RESULT = re.compile(r"# bench (\S+) map ([\d.]+) unmap ([\d.]+)")
MEMORY = re.compile(r"# bench memory (\d+) lent (\d+)")
LENT = re.compile(r"# bench lent (\S+) (-?\d+)")
INIT = re.compile(r"\[ *(\d+\.\d+)\] Run /init")

# (what, ours, stock, most that map and unmap may cost of it, in order of CASES)
SAME_COST = (1.0,) * 5
TABLE = (
    ("host, identity", "identity", "identity", SAME_COST, SAME_COST),
    ("host, paging", "strict", "strict",
     (1.30, 1.25, 1.20, 1.5, 1.10), (1.15, 1.15, 1.15, 1.3, 1.3)),
    ("protected VM", "vm-strict", "strict",
     (1.6, 1.4, 1.3, 6, 1.15), (1.4, 1.3, 1.2, 2, 1.5)),
    # A lazy unmap is measured against one that waits for the SMMU
    ("host, lazy", "lazy", "strict", (None,) * 5, (0.6,) * 5),
    ("protected VM, lazy", "vm-lazy", "strict", (None,) * 5, (0.6,) * 5),
)


# Does it cost more, the more is mapped? (what, ours); MiB that are mapped
MAPPED = (("host", "mapped"), ("protected VM", "vm-mapped"))
MAPPED_MIB = (16, 256, 1024, 8192)
MAPPED_CASES = ("1", "16")
MAPPED_TARGET = 1.05    # of what it costs with the least of them


def measure(name):
    """Boot one of BOOTS: what it said, see figures()."""
    return figures("\n".join(boot(name, BOOTS[name])))


def figures(text):
    """{name: (map, unmap)}, "init", "reserved" in KiB, "lent"; None: was not said."""
    init, memory = INIT.search(text), MEMORY.search(text)
    found = defaultdict(lambda: (None, None))
    found.update((n, (float(m), float(u))) for n, m, u in RESULT.findall(text))
    found["init"] = float(init[1]) * 1e9 if init else None
    found["reserved"] = memory and (MEMORY_MIB * 1024 - int(memory[1]) +
                                    int(memory[2]) * PAGE_KIB)
    # The host can tell of its own, in the order of the cases
    found["lent"] = {n: int(pages) for n, pages in LENT.findall(text)}
    return found


def calculate(function, *values):
    """None if one of the values is."""
    return None if None in values else function(*values)


def mapped_rows(ours):
    """What a page costs when so much is mapped already, against the first."""
    rows = []
    for what, key in MAPPED:
        for case in MAPPED_CASES:
            for op, name in enumerate(OPS):
                least = ours[f"{key}.{case}.{MAPPED_MIB[0]}"][op]
                for n, mib in enumerate(MAPPED_MIB):
                    value = ours[f"{key}.{case}.{mib}"][op]
                    ratio = calculate(lambda v, l: v / l, value, least)
                    rows.append(Row(
                        f"{what}, {name} {CASES[case]}: {mib} MiB mapped",
                        "instructions", value, ratio=ratio if n else None,
                        target=MAPPED_TARGET if n else None))
    return rows


def lent_rows(lent):
    """Pages that EL2 got from the host until then, and has still."""
    most = f"mapped.{MAPPED_CASES[0]}.{MAPPED_MIB[-1]}"
    rows, total = [], 0
    for case, pages in lent.items():
        total += pages
        if case in ("strict.1", "strict.scatter", most):
            rows.append(Row(f"pages lent to EL2: after {case}", "pages", total))
    return rows


def rows_of(run):
    """The table, from what measure() returned for each of BOOTS."""
    ours, stock, bare = (run[name] for name in ("ours", "stock", "bare"))
    rows = []
    for what, key, against, *targets in TABLE:
        for n, (case, title) in enumerate(CASES.items()):
            for op, name in enumerate(OPS):
                rows.append(Row(
                    f"{what}: {name} {title}", "instructions",
                    ours[f"{key}.{case}"][op], stock[f"{against}.{case}"][op],
                    target=targets[op][n]))
    rows.append(Row("host: hypercall that does nothing", "instructions",
                    ours["call"][0]))
    rows.append(Row("protected VM: hypercall that does nothing",
                    "instructions", ours["vm-call"][0]))
    rows += mapped_rows(ours) + lent_rows(ours["lent"])
    beyond = calculate(lambda ours, bare: 100 * (ours - bare) / (MEMORY_MIB * 1024),
                       ours["reserved"], bare["reserved"])
    rows.append(Row("memory of EL2 beyond stock pKVM, of all", "%", beyond,
                    ratio=beyond, target=0.25))
    # What devices and a driver for the SMMU cost without us comes on top
    init = calculate(lambda bare, stock, nvhe: bare + stock - nvhe,
                     bare["init"], stock["init"], run["bare-nvhe"]["init"])
    for title, other, target in (("stock pKVM", init, 1.03),
                                 ("no pKVM", stock["init"], None)):
        rows.append(Row(f"boot to init, against {title}", "million instructions",
                        *(calculate(lambda n: n / 1e6, n)
                          for n in (ours["init"], other)), target=target))
    return rows


def compare(first, second, what):
    """Say how far two runs are apart, in what both have measured."""
    others = {row.name: row.value for row in second}
    pairs = [(row.value, others.get(row.name), row.name) for row in first]
    apart = [(abs(a - b) / max(a, b, 1), name) for a, b, name in pairs
             if a is not None and b is not None]
    if not apart:
        return
    apart, name = max(apart)
    print(f"Two runs differ by at most {100 * apart:.2f} % in {what} ({name})" +
          ("" if apart <= SAME else f", more than {100 * SAME} %") + ".")


def write(rows):
    with open(JSON, "w", encoding="utf-8") as f:
        json.dump([asdict(row) for row in rows], f, indent=1)
        f.write("\n")
    with open(SVG, "w", encoding="utf-8") as f:
        f.write(plot.ratios(rows))


def run_all(number, run):
    """One run of everything; what each part measured is in run as soon as it is known."""
    boots = {name: figures("") for name in BOOTS}
    for name in BOOTS:
        print(f"run {number}: booting {name} ...", flush=True)
        boots[name] = attempt(name, boots[name], measure, name)
        run["instructions"] = rows_of(boots)
    print(f"run {number}: counting, reading disks, VMs without device ...", flush=True)
    counted = [attempt(f"counts of {name}", {}, bench_counts.count, name, BOOTS[name])
               for name in ("ours", "stock")]
    run["counts"] = bench_counts.rows_of(*counted, [row[:3] for row in TABLE[1:]])
    run["disks"] = bench_disk.rows()
    run["VMs without device"] = bench_memory.rows()


def flat(run, part):
    rows = run.get(part, [])
    return bench_counts.flat(rows) if part == "counts" else rows


def report(runs):
    """Tables and files of the first run, and how far the others are from it."""
    first, *others = runs
    parts = ("instructions", "disks", "VMs without device", "counts")
    *tables, counts = (flat(first, part) for part in parts)
    print_table(sum(tables, []))
    bench_counts.print_table(first.get("counts", []))
    write(sum(tables, []) + counts)
    for other in others:
        for part in parts:
            compare(flat(first, part), flat(other, part), part)
    print(f"Also in {os.path.relpath(JSON)} and, as a plot, "
          f"{os.path.relpath(SVG)}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=2,
                        help="measure this often and compare (default: 2)")
    args = parser.parse_args()

    runs = []
    try:
        for n in range(max(1, args.runs)):
            runs.append({})
            run_all(n + 1, runs[-1])
    except KeyboardInterrupt:
        failures.append("interrupted")
    if not runs[0]:
        sys.exit("nothing was measured: " + "; ".join(failures))
    report(runs)
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
