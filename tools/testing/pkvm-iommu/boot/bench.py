#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What isolation costs: DMA mappings and boots, counted in instructions.

The clock of the machine counts executed instructions (-icount), one a nanosecond,
so figures are those of the code and not of the computer, and two runs agree. They
know neither caches nor how long an SMMU takes; so compare them with the stock
driver's, which are of the same kernel on the same machine with another mode= on
the command line.

Prints a table, with the cost of reading disks (bench_disk.py) and of VMs without a
device (bench_memory.py), and one of what else maps make others do (bench_counts.py). The same is in out/bench.json, and as a plot in
out/bench.svg.
"""

import argparse
import json
import os
import re
import sys
from dataclasses import asdict

import bench_counts
import bench_disk
import bench_memory
import plot
from bench_boot import boot
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
    """Boot one of BOOTS: {name: (map, unmap), "init": ..., "reserved": KiB}."""
    text = "\n".join(boot(name, BOOTS[name]))
    init, memory = INIT.search(text), MEMORY.search(text)
    if not init or not memory:
        sys.exit(f"bench: {name}: no figures")
    found = {n: (float(m), float(u)) for n, m, u in RESULT.findall(text)}
    found["init"] = float(init[1]) * 1e9
    found["reserved"] = (MEMORY_MIB * 1024 - int(memory[1]) +
                         int(memory[2]) * PAGE_KIB)
    # The host can tell of its own, in the order of the cases
    found["lent"] = {n: int(pages) for n, pages in LENT.findall(text)}
    return found


def mapped_rows(ours):
    """What a page costs when so much is mapped already, against the first."""
    rows = []
    for what, key in MAPPED:
        for case in MAPPED_CASES:
            for op, name in enumerate(OPS):
                least = ours[f"{key}.{case}.{MAPPED_MIB[0]}"][op]
                for n, mib in enumerate(MAPPED_MIB):
                    value = ours[f"{key}.{case}.{mib}"][op]
                    rows.append(Row(
                        f"{what}, {name} {CASES[case]}: {mib} MiB mapped",
                        "instructions", value, ratio=value / least if n else None,
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
    beyond = ours["reserved"] - bare["reserved"]
    rows.append(Row("memory of EL2 beyond stock pKVM, of all", "%",
                    100 * beyond / (MEMORY_MIB * 1024),
                    ratio=100 * beyond / (MEMORY_MIB * 1024), target=0.25))
    # What devices and a driver for the SMMU cost without us comes on top
    init = bare["init"] + stock["init"] - run["bare-nvhe"]["init"]
    for title, other, target in (("stock pKVM", init, 1.03),
                                 ("no pKVM", stock["init"], None)):
        rows.append(Row(f"boot to init, against {title}",
                        "million instructions", ours["init"] / 1e6,
                        other / 1e6, target=target))
    return rows


def compare(first, second, what):
    """Say how far two runs are apart."""
    apart, name = max((abs(a.value - b.value) / max(a.value, b.value, 1), a.name)
                      for a, b in zip(first, second))
    print(f"Two runs differ by at most {100 * apart:.2f} % in {what} ({name})" +
          ("" if apart <= SAME else f", more than {100 * SAME} %") + ".")


def write(rows):
    with open(JSON, "w", encoding="utf-8") as f:
        json.dump([asdict(row) for row in rows], f, indent=1)
        f.write("\n")
    with open(SVG, "w", encoding="utf-8") as f:
        f.write(plot.ratios(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=2,
                        help="measure this often and compare (default: 2)")
    args = parser.parse_args()

    runs = []
    for n in range(max(1, args.runs)):
        run = {}
        for name in BOOTS:
            print(f"run {n + 1}: booting {name} ...", flush=True)
            run[name] = measure(name)
        print(f"run {n + 1}: counting, reading disks, VMs without device ...", flush=True)
        counted = [bench_counts.count(name, BOOTS[name]) for name in ("ours", "stock")]
        counts = bench_counts.rows_of(*counted, [row[:3] for row in TABLE[1:]])
        runs.append((rows_of(run), counts, bench_disk.rows(), bench_memory.rows()))
    rows, counts, disks, memory = runs[0]
    print_table(rows + disks + memory)
    bench_counts.print_table(counts)
    write(rows + disks + memory + bench_counts.flat(counts))
    for other, other_counts, other_disks, other_memory in runs[1:]:
        compare(rows, other, "instructions")
        compare(bench_counts.flat(counts), bench_counts.flat(other_counts), "counts")
        compare(disks, other_disks, "disks")
        compare(memory, other_memory, "VMs without device")
    print(f"Also in {os.path.relpath(JSON)} and, as a plot, "
          f"{os.path.relpath(SVG)}.")


if __name__ == "__main__":
    main()
