# SPDX-License-Identifier: GPL-2.0-only
"""Boots of bench.py, with QEMU's log where it takes more than the console."""

import os
import re
import subprocess

from machine import OUT, TOP, Machine
from qemu import run_command

LOGS = os.path.join(OUT, "logs/bench")
FAILED = re.compile(r"^(?:\[[^]]*\])* ?not ok \d+ (\S+)", re.MULTILINE)

# A busy computer is no reason to give up: seconds
SILENCE, TOTAL = 600, 3600

# What went wrong so far. Figures of what went well count all the same.
failures = []

# ../modules/bench_marks.h
BEGIN, MAP, UNMAP, DONE, END = range(112, 117)
MARKS = os.path.join(TOP, "tools/testing/pkvm-iommu/qemu/marks.c")


def boot(name, options, extra=""):
    """Boot and return the lines of the console; what failed is in failures."""
    work = os.path.join(OUT, "bench", name)
    os.makedirs(work, exist_ok=True)
    os.makedirs(LOGS, exist_ok=True)
    log = os.path.join(LOGS, name + ".log")
    options = dict(options, append=f"{options['append']} {extra}")
    lines = []
    ended = run_command(Machine(**options).command(work), log, lines.append,
                        silence=SILENCE, total=TOTAL)
    failed = ", ".join(FAILED.findall("\n".join(lines)))
    if ended or failed:
        why = "; ".join(filter(None, (failed, ended)))
        failures.append(f"{name}: {why}; see {os.path.relpath(log)}")
    return lines


def plugin():
    """Build the plugin that sees the marks."""
    path = os.path.join(OUT, "bench/marks.so")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run([os.environ.get("HOSTCC") or "gcc", "-O2", "-Wall", "-shared",
                    "-fPIC", "-o", path, MARKS], check=True)
    return path


def boot_marked(name, options, *more, log="plugin", extra=""):
    """Boot with marks in QEMU's log: (lines of the console, path of the log).

    more are arguments of QEMU, log what -d of QEMU takes.
    """
    path = os.path.join(OUT, "bench", name + ".qemu")
    qemu = ["-plugin", plugin(), "-d", log, "-D", path, *more]
    return boot(name, dict(options, qemu=qemu), extra), path


def attempt(what, default, function, *args):
    """What the function returns; the default if it raises, with the reason noted."""
    try:
        return function(*args)
    except Exception as error:      # the other figures must not be lost for it
        failures.append(f"{what}: {error!r}")
        return default


def names_in(lines, pattern):
    """What was announced, in order. A VM's lines come twice: when they are said,
    and in its report."""
    found = (pattern.search(line) for line in lines)
    return list(dict.fromkeys(match[1] for match in found if match))
