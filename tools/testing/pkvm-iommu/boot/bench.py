#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What isolation costs: DMA mappings and boots, counted in instructions.

The clock of the machine counts executed instructions (-icount), one a nanosecond,
so figures are those of the code and not of the computer, and two runs agree. They
know neither caches nor how long an SMMU takes; so compare them with the stock
driver's, which are of the same kernel on the same machine with another mode= on
the command line.

Prints a table; the same is in out/bench.json, and as a plot in out/bench.svg.
"""

import argparse
import json
import os
import re
import sys
from dataclasses import asdict, dataclass

import plot
from machine import OUT, Machine
from qemu import run_command

LOGS = os.path.join(OUT, "logs/bench")
JSON = os.path.join(OUT, "bench.json")
SVG = os.path.join(OUT, "bench.svg")

MEMORY_MIB = 1024
PAGE_KIB = 4
SAME = 0.005        # what two runs may differ in

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
INIT = re.compile(r"\[ *(\d+\.\d+)\] Run /init")
FAILED = re.compile(r"not ok \d+ (\S+)")

CASES = {"1": "1 page", "16": "16 pages", "64": "64 pages",
         "512": "512 pages, one block", "scatter": "512 pages, scattered"}

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


@dataclass
class Row:
    """One figure; target is the most that ratio may be, None: just to know."""

    name: str
    unit: str
    value: float
    stock: float | None = None
    ratio: float | None = None
    target: float | None = None
    met: bool | None = None

    def __post_init__(self):
        if self.ratio is None and self.stock:
            self.ratio = self.value / self.stock
        if self.ratio is not None and self.target is not None:
            # Identity is the same code: what differs is where a tick fell
            slack = SAME if self.target == 1.0 else 0
            self.met = self.ratio <= self.target + slack


def boot(name, options, log, extra=""):
    """Boot and return the lines of the console, or end with a message."""
    work = os.path.join(OUT, "bench", name)
    os.makedirs(work, exist_ok=True)
    options = dict(options, append=f"{options['append']} {extra}")
    lines = []
    ended = run_command(Machine(**options).command(work), log, lines.append,
                        silence=300, total=1800)
    if ended:
        sys.exit(f"bench: {name}: {ended}; see {log}")
    return lines


def measure(name):
    """Boot one of BOOTS: {name: (map, unmap), "init": ..., "reserved": KiB}."""
    log = os.path.join(LOGS, name + ".log")
    text = "\n".join(boot(name, BOOTS[name], log))
    failed = FAILED.findall(text)
    init, memory = INIT.search(text), MEMORY.search(text)
    if failed or not init or not memory:
        sys.exit(f"bench: {name}: {', '.join(failed) or 'no figures'}; see {log}")
    found = {n: (float(m), float(u)) for n, m, u in RESULT.findall(text)}
    found["init"] = float(init[1]) * 1e9
    found["reserved"] = (MEMORY_MIB * 1024 - int(memory[1]) +
                         int(memory[2]) * PAGE_KIB)
    return found


def rows_of(run):
    """The table, from what measure() returned for each of BOOTS."""
    ours, stock, bare = (run[name] for name in ("ours", "stock", "bare"))
    rows = []
    for what, key, against, *targets in TABLE:
        for n, (case, title) in enumerate(CASES.items()):
            for op in (0, 1):
                rows.append(Row(
                    f"{what}: {('map', 'unmap')[op]} {title}", "instructions",
                    ours[f"{key}.{case}"][op], stock[f"{against}.{case}"][op],
                    target=targets[op][n]))
    rows.append(Row("host: hypercall that does nothing", "instructions",
                    ours["call"][0]))
    rows.append(Row("protected VM: hypercall that does nothing",
                    "instructions", ours["vm-call"][0]))
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


def number(value, digits=0):
    return "-" if value is None else f"{value:.{digits}f}"


def print_table(rows):
    width = max(len(row.name) for row in rows)
    print(f"\n{'':{width}} {'ours':>9} {'stock':>9} {'ratio':>6} "
          f"{'target':>6}")
    group = ""
    for row in rows:
        if row.name.split(":")[0] != group:
            group = row.name.split(":")[0]
            print()
        digits = 2 if row.unit == "%" else 0
        verdict = {True: "met", False: "MISSED", None: ""}[row.met]
        ratio = None if row.unit == "%" else row.ratio
        print(f"{row.name:{width}} {number(row.value, digits):>9} "
              f"{number(row.stock):>9} {number(ratio, 2):>6} "
              f"{number(row.target, 2):>6} {verdict}".rstrip())
    judged = [row for row in rows if row.met is not None]
    met = sum(row.met for row in judged)
    print(f"\n{met} of {len(judged)} targets met. Instructions, if nothing "
          "else is said. The stock driver of a lazy unmap is the strict one.")


def differences(first, second):
    """How far two runs are apart: [(share, name)], largest first."""
    apart = [(abs(a.value - b.value) / max(a.value, b.value, 1e-9), a.name)
             for a, b in zip(first, second)]
    return sorted(apart, reverse=True)


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

    os.makedirs(LOGS, exist_ok=True)
    runs = []
    for n in range(max(1, args.runs)):
        run = {}
        for name in BOOTS:
            print(f"run {n + 1}: booting {name} ...", flush=True)
            run[name] = measure(name)
        runs.append(rows_of(run))
    print_table(runs[0])
    write(runs[0])
    for other in runs[1:]:
        apart, name = differences(runs[0], other)[0]
        print(f"Two runs differ by at most {100 * apart:.2f} % ({name})" +
              ("" if apart <= SAME else f", more than {100 * SAME} %") + ".")
    print(f"Also in {os.path.relpath(JSON)} and, as a plot, "
          f"{os.path.relpath(SVG)}.")


if __name__ == "__main__":
    main()
