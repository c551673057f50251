# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the runner itself: consoles that must be taken for what they are.

Each case: console text, planned names, how QEMU ended, expected verdicts.
"""

import os
import sys
import time

from console import Console, Result
from qemu import run_command

GOOD = "[    1.0] ok 1 a.x\n[    2.5] ok 2 a.y\n[    2.6] 1..2\n"

CASES = {
    "good": (GOOD, "", {"a.x": "ok", "a.y": "ok", "boot": "ok"}),
    "failure": ("[ 1.0] # x is 3, not 4\n[ 1.0] not ok 1 a.x\n"
                "[ 2.0] ok 2 a.y\n1..2\n", "",
                {"a.x": "FAIL", "a.y": "ok", "boot": "ok"}),
    "skip": ("ok 1 a.x # SKIP no disk\nok 2 a.y\n1..2\n", "",
             {"a.x": "skip", "a.y": "ok", "boot": "ok"}),
    "missing": ("ok 1 a.x\n1..1\n", "",
                {"a.x": "ok", "a.y": "FAIL", "boot": "ok"}),
    "missing_plan": ("ok 1 a.x\nok 2 a.y\n", "",
                     {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "panic": ("ok 1 a.x\n[ 3.1] Kernel panic - not syncing: x\n", "",
              {"a.x": "ok", "a.y": "FAIL", "boot": "FAIL"}),
    "el2_panic": ("[ 3.1] kvm [1]: nVHE hyp panic at: x\n" + GOOD, "",
                  {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "el2_bug": ("[ 3.1] kvm [1]: nVHE hyp BUG at: x.c:3!\n" + GOOD, "",
                {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "warning": (GOOD + "[ 3.0][   T12] WARNING: x.c:12 at f+0x3/0x4\n", "",
                {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "hang": ("ok 1 a.x\n", "hung", {"a.x": "ok", "a.y": "FAIL", "boot": "FAIL"}),
    "unplanned": (GOOD + "ok 3 a.z\n", "",
                  {"a.x": "ok", "a.y": "ok", "a.z": "ok", "boot": "FAIL"}),
    "twice": (GOOD + "ok 3 a.x\n", "",
              {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "empty": ("", "QEMU ended with status 1",
              {"a.x": "FAIL", "a.y": "FAIL", "boot": "FAIL"}),
    "quoted": ("[ 1.0] # expected WARNING: here\n" + GOOD, "",
               {"a.x": "ok", "a.y": "ok", "boot": "ok"}),
    "vm": ("[ 0.5] one| [ 1.0] not ok 1 a.x\n[ 0.6] one| 1..9\n" + GOOD, "",
           {"a.x": "ok", "a.y": "ok", "boot": "ok"}),
    "vm_warning": ("[ 0.5] one| [ 1.0] WARNING: x.c:12 at f+0x3/0x4\n" + GOOD,
                   "", {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
}


def check_console(text, ended, want):
    console = Console()
    for line in text.splitlines():
        console.feed(line)
    got = {r.name: r.status for r in console.results(["a.x", "a.y"], ended)}
    return "" if got == want else f"verdicts {got}, not {want}"


def check_seconds():
    console = Console()
    for line in GOOD.splitlines():
        console.feed(line)
    got = [r.seconds for r in console.found.values()]
    return "" if got == [1.0, 1.5] else f"seconds {got}"


def check_process(command, silence, total, want):
    """run_command() on something that is not QEMU."""
    lines = []
    ended = run_command(command, os.devnull, lines.append, silence, total)
    return "" if want in ended and (want or not ended) else f"ended: {ended!r}"


def check_timeouts():
    python = [sys.executable, "-u", "-c"]
    return "; ".join(filter(None, (
        check_process(python + ["print('x')"], 20, 20, ""),
        check_process(python + ["exit(3)"], 20, 20, "status 3"),
        check_process(python + ["input()"], 20, 20, "status 1"),
        check_process(python + ["import signal; signal.pause()"], 0.3, 20,
                      "no output"),
        check_process(python + ["while True: print('x')"], 20, 0.3,
                      "not done after"))))


def run():
    """A Result for each check."""
    checks = {name: lambda c=case: check_console(*c)
              for name, case in CASES.items()}
    checks["seconds"] = check_seconds
    checks["timeouts"] = check_timeouts
    results = []
    for name, check in checks.items():
        start = time.monotonic()
        why = check()
        results.append(Result(name, "FAIL" if why else "ok",
                              time.monotonic() - start, why))
    return results
