#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of one map and one unmap go, by function, EL1 and EL2.

While the machine maps and unmaps for half a second of its time, QEMU is told to
log every instruction, until one whole map and one whole unmap are on record: with
the commands that the SMMU took meanwhile. Addresses become names by the kernel's
System.map; those of EL2 lie at an offset, which the first entry to EL2 shows.
"""

import argparse
import bisect
import os
import re
import socket
import sys
import time
from collections import Counter

import bench
from bench_boot import LOGS
from machine import OUT, Machine
from qemu import run_command

SYSTEM_MAP = os.path.join(OUT, "build/System.map")
BEGIN = re.compile(r"# profile (\S+) begins")
MODULE = re.compile(r"# symbol (\w+) (\w+)")
STEP = re.compile(r"^Trace \d+: \S+ \[\w+/(\w+)/")
COMMAND = re.compile(r"smmuv3_cmdq_opcode \S+ (\w+)")
EL2 = "__kvm_nvhe_"
VECTOR = EL2 + "__kvm_hyp_host_vector"
SYNC_FROM_BELOW = 0x400
PATIENCE = 60       # seconds of ours to find one map and one unmap
TOP = 25            # functions shown of each


class Names:
    """Addresses to functions."""

    def __init__(self, path):
        self.address = {}
        with open(path, encoding="utf-8") as f:
            for line in f:
                value, kind, name = line.split()
                if kind in "tTwW" and not name.startswith("$"):
                    self.address.setdefault(name, int(value, 16))
        self.table = sorted((a, n) for n, a in self.address.items())
        self.offset = None      # of EL2

    def add(self, name, address):
        self.address[name] = address
        bisect.insort(self.table, (address, name))

    def of(self, pc):
        """(function, it is EL2's)."""
        el2 = pc >> 48 == 0
        if el2 and self.offset is None:
            return "?", True
        if el2:
            pc += self.offset
        place = bisect.bisect(self.table, (pc, "\uffff")) - 1
        name = self.table[place][1] if place >= 0 else "?"
        return name.removeprefix(EL2), el2


class Call:
    """What one call did, from its first instruction to its return."""

    def __init__(self):
        self.functions = Counter()      # (function, EL2) -> instructions
        self.commands = Counter()
        self.hypercalls = 0

    def total(self, el2):
        return sum(n for (_, at), n in self.functions.items() if at == el2)


def calls_in(lines, names, functions):
    """Find the first whole call of each function (name -> Call) in a log."""
    entries = {names.address[f]: f for f in functions if f in names.address}
    found, call, inside, back, was_el2 = {}, None, None, None, True
    pc = 0
    for line in lines:
        step = STEP.match(line)
        if not step:
            command = COMMAND.search(line)
            if command and call:
                call.commands[command[1].removeprefix("SMMU_CMD_")] += 1
            continue
        last, pc = pc, int(step[1], 16)
        el2 = pc >> 48 == 0
        if call and pc == back:
            found[inside] = call
            call = None
        if not call and pc in entries and entries[pc] not in found:
            inside, back, call = entries[pc], last + 4, Call()
        if el2 and not was_el2:
            if names.offset is None:
                names.offset = names.address[VECTOR] + SYNC_FROM_BELOW - pc
            if call:
                call.hypercalls += 1
        was_el2 = el2
        if call:
            call.functions[names.of(pc)] += 1
        if len(found) == len(entries):
            return found
    return found


class Monitor:
    """QEMU's, for people, on a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(60)
        self._wait()

    def _wait(self):
        data = b""
        while not data.endswith(b"(qemu) "):
            data += self.socket.recv(4096)

    def __call__(self, command):
        self.socket.sendall(command.encode() + b"\n")
        self._wait()


class Profiler:
    """Follows a console and profiles what it announces."""

    FUNCTIONS = {
        "pages": ("bench_map_pages", "bench_unmap_pages"),
        "scatter": ("bench_map_scatter", "bench_unmap_scatter"),
        "call": ("bench_host_hvc", "bench_guest_hvc"),
    }

    def __init__(self, monitor_path, log_path):
        self.paths = monitor_path, log_path
        self.monitor = None
        self.names = Names(SYSTEM_MAP)
        self.result = {}        # (name, function) -> Call
        self.seen = set()

    def line(self, text):
        symbol = MODULE.search(text)
        if symbol:
            self.names.add(symbol[1], int(symbol[2], 16))
        begin = BEGIN.search(text)
        # A VM's lines come twice: when they are said, and in its report
        if begin and begin[1] not in self.seen:
            self.seen.add(begin[1])
            self.profile(begin[1])

    def profile(self, name):
        case = name.split(".")[-1]
        functions = self.FUNCTIONS.get(case.removeprefix("vm-"),
                                       self.FUNCTIONS["pages"])
        monitor_path, log = self.paths
        if not self.monitor:
            self.monitor = Monitor(monitor_path)
        monitor, found = self.monitor, {}
        monitor(f"logfile {log}")
        monitor("one-insn-per-tb on")
        monitor("log exec,nochain")
        monitor("trace-event smmuv3_cmdq_opcode on")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            time.sleep(0.5)
            with open(log, encoding="ascii", errors="replace") as f:
                found = calls_in(f, self.names, functions)
            if len(found) >= len([f for f in functions
                                  if not f.endswith("_hvc")]) and found:
                break
        monitor("log none")
        monitor("trace-event smmuv3_cmdq_opcode off")
        monitor("one-insn-per-tb off")
        os.truncate(log, 0)
        for function, call in found.items():
            self.result[name, function] = call


def show(name, function, call, out):
    commands = ", ".join(f"{n} {c}" for c, n in sorted(call.commands.items()))
    print(f"\n{name} {function}: {call.total(False)} at EL1, "
          f"{call.total(True)} at EL2, {call.hypercalls} hypercalls, commands: "
          f"{commands or 'none'}", file=out)
    for (what, el2), n in call.functions.most_common(TOP):
        print(f"  {n:8} EL{2 if el2 else 1} {what}", file=out)


def profile(name, cases, out):
    """Boot one of bench.BOOTS and write its profile."""
    work = os.path.join(OUT, "bench", name)
    os.makedirs(work, exist_ok=True)
    monitor = os.path.join(work, "monitor")
    options = dict(bench.BOOTS[name])
    # The host's call shows where EL2 is
    options["append"] += f" bench_profile={cases},call"
    options["qemu"] = ["-monitor", f"unix:{monitor},server=on,wait=off",
                       "-serial", "stdio"]
    follow = Profiler(monitor, os.path.join(work, "instructions"))
    log = os.path.join(LOGS, name + "-profile.log")
    ended = run_command(Machine(**options).command(work), log, follow.line,
                        silence=300, total=3600)
    if ended or not follow.result:
        sys.exit(f"profile: {name}: {ended or 'nothing found'}; see {log}")
    for (case, function), call in follow.result.items():
        show(f"{name} {case}", function, call, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("boots", nargs="*", default=["stock", "ours"],
                        help="of bench.py (default: stock ours)")
    parser.add_argument("--cases", default="all",
                        help="some, e.g. strict.1,vm-strict.512 (default: all)")
    parser.add_argument("--runs", help="as of bench.py, ignored")
    args = parser.parse_args()

    os.makedirs(LOGS, exist_ok=True)
    path = os.path.join(OUT, "bench-profile.txt")
    with open(path, "w", encoding="utf-8") as out:
        for name in args.boots:
            print(f"profiling {name} ...", flush=True)
            profile(name, args.cases, out)
    print(f"The profile is in {os.path.relpath(path)}.")


if __name__ == "__main__":
    main()
