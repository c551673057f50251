# SPDX-License-Identifier: GPL-2.0-only
"""What a map and an unmap make others do: EL2, and the SMMU.

The machine does few loops of each case, with all exceptions and all commands of the
SMMU in QEMU's log. What a VM's host does when an interrupt has stopped the VM does not
count: it is nobody's map. A host that EL2 asks for memory does count.
"""

import os
import re

from bench_boot import BEGIN, DONE, END, MAP, UNMAP, boot_marked, names_in
from bench_rows import CASES, OPS, Row, number

LOOPS = 255             # as long as a flush queue
RESULT = re.compile(r"# bench (\S+) map ")
KINDS = ("calls", "traps", "commands", "syncs")
NOTHING = (dict.fromkeys(KINDS),) * 2   # was counted
STEP = {MAP: 0, UNMAP: 1, DONE: None}   # index in OPS
CALLS = ("Hypervisor Call", "Secure Monitor Call")
RETURN = re.compile(r"Exception return from AArch64 EL2 to AArch64 EL\d PC (\w+)")


class Counter:
    """Follows QEMU's log. found: for each BEGIN (counts of maps, of unmaps)."""

    def __init__(self):
        self.found = []
        self.inside = False     # of a case
        self.op = None          # index in OPS
        self.exception = ""     # the last one, and if it went to EL2
        self.to_el2 = False
        self.left = None        # where EL2 was entered last
        self.stopped = None     # where an interrupt stopped a VM

    def mark(self, number_of):
        if number_of == BEGIN:
            self.found.append(tuple(dict.fromkeys(KINDS, 0) for _ in OPS))
        if number_of in (BEGIN, END):
            self.inside, self.op, self.stopped = number_of == BEGIN, None, None
        elif self.inside:
            self.op = STEP[number_of]

    def count(self, kind):
        if self.op is not None and self.stopped is None:
            self.found[-1][self.op][kind] += 1

    def stop(self):
        if self.stopped is None:
            self.stopped = self.left

    def line(self, text):
        if text.startswith("mark "):
            self.mark(int(text.split()[1]))
        elif not self.inside:
            return
        elif text.startswith("Taking exception"):
            self.exception = text[text.index("[") + 1:text.index("]")]
        elif text.startswith("...from"):
            self.to_el2 = text.split()[-1] == "EL2"
            # EL2 does not return to a VM when an interrupt waits for the host
            if self.exception == "IRQ" and not self.to_el2:
                self.stop()
            elif self.to_el2 and self.exception != "IRQ":
                self.count("calls" if self.exception in CALLS else "traps")
        elif text.startswith("...with ELR"):
            if self.to_el2:
                self.left = text.split()[-1]
            if self.to_el2 and self.exception == "IRQ":
                self.stop()
        elif text.startswith("smmuv3_cmdq_opcode"):
            self.count("syncs" if text.endswith("_CMD_SYNC\n") else "commands")
        elif self.stopped is not None:
            back = RETURN.match(text)
            if back and back[1] == self.stopped:
                self.stopped = None


def count(name, options):
    """Boot one of bench.BOOTS: {case: (counts of a map, of an unmap)}."""
    lines, path = boot_marked(name + "-counts", options, "-trace",
                              "smmuv3_cmdq_opcode", log="int,plugin",
                              extra=f"bench_loops={LOOPS}")
    counter = Counter()
    with open(path, encoding="ascii", errors="replace") as f:
        for line in f:
            counter.line(line)
    os.remove(path)     # it is large
    cases = names_in(lines, RESULT)
    if len(cases) != len(counter.found):
        raise ValueError(f"{len(cases)} cases were named, {len(counter.found)} counted")
    return {case: tuple({kind: n / LOOPS for kind, n in op.items()} for op in ops)
            for case, ops in zip(cases, counter.found)}


def rows_of(ours, stock, table):
    """[(what, case, {kind: (row of map, row of unmap)})] of what count() found."""
    return [(what, case,
             {kind: tuple(Row(f"{what}: {kind} of {name} {title}", kind,
                              ours.get(f"{key}.{case}", NOTHING)[op][kind],
                              stock.get(f"{against}.{case}", NOTHING)[op][kind])
                          for op, name in enumerate(OPS)) for kind in KINDS})
            for what, key, against in table for case, title in CASES.items()]


def flat(found):
    return [row for _, _, kinds in found for rows in kinds.values() for row in rows]


def pair(values):
    return " / ".join(number(value, 2) for value in values)


def print_table(found):
    """Per map and per unmap, of all that rows_of() returned."""
    heads = ("calls of EL2", "other traps", "commands", "syncs",
             "stock: commands", "stock: syncs")
    form = "{:40}" + " {:>15}" * len(heads)
    print("\n" + form.format("per map / per unmap", *heads))
    last = None
    for what, case, kinds in found:
        if what != last:
            print()
        last = what
        cells = [pair(row.value for row in kinds[kind]) for kind in KINDS]
        cells += [pair(row.stock for row in kinds[kind])
                  for kind in ("commands", "syncs")]
        print(form.format(f"{what}: {CASES[case]}", *cells))
    print("\nCommands are those of the SMMU but for CMD_SYNC.")
