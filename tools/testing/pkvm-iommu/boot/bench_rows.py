# SPDX-License-Identifier: GPL-2.0-only
"""The figures of bench.py: what one is, and the table of them."""

from dataclasses import dataclass

SAME = 0.005        # what two runs may differ in

CASES = {"1": "1 page", "16": "16 pages", "64": "64 pages",
         "512": "512 pages, one block", "scatter": "512 pages, scattered"}
OPS = ("map", "unmap")


@dataclass
class Row:
    """One figure; target is the most that ratio may be, None: just to know."""

    name: str
    unit: str
    value: float | None     # None: was not measured
    stock: float | None = None
    ratio: float | None = None
    target: float | None = None
    met: bool | None = None

    def __post_init__(self):
        if self.ratio is None and self.stock and self.value is not None:
            self.ratio = self.value / self.stock
        if self.ratio is not None and self.target is not None:
            # Identity is the same code: what differs is where a tick fell
            slack = SAME if self.target == 1.0 else 0
            self.met = self.ratio <= self.target + slack


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
    missing = sum(row.value is None for row in rows)
    met = sum(row.met for row in judged)
    print(f"\n{met} of {len(judged)} targets met. Instructions, if nothing "
          "else is said. The stock driver of a lazy unmap is the strict one." +
          (f" {missing} of {len(rows)} figures were not measured." if missing else ""))
