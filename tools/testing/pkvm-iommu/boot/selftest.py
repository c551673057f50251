# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the runner itself: consoles that must be taken for what they are.

Each case: console text, planned names, how QEMU ended, expected verdicts.
"""

import argparse
import fnmatch
import os
import re
import sys
import tempfile
import time
from dataclasses import replace

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../build"))
import bench
import bench_boot
import bench_disk
import boots
import demo
import edit_test
import launch
import mutation_test
import plan_test
import schedule_test
import shell
import suite
import timing
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
    # A console that comes behind shows KUnit's results among ours
    "kunit": ("[ 0.1]     ok 1 test_x\n[ 0.1] ok 1 a.x\n"
              "[ 0.1] # suite: pass:1 fail:0 skip:0 total:1\n"
              "[ 0.1] ok 1 suite\n[ 2.5] ok 2 a.y\n1..2\n", "",
              {"a.x": "ok", "a.y": "ok", "boot": "ok"}),
    "uncounted": ("ok 1 a.x\nok 2 a.y\n1..3\n", "",
                  {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "dropped": ("[ 0.5] ** 7 printk messages dropped **\n" + GOOD, "",
                {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
    "vm_dropped": ("[ 0.5] one| ** 7 printk messages dropped **\n" + GOOD, "",
                   {"a.x": "ok", "a.y": "ok", "boot": "FAIL"}),
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

# What a debug kernel says when it finds something, or can no longer
FOUND = {
    "sleeping": "BUG: sleeping function called from invalid context at x.c:3",
    "wait_context": "[ BUG: Invalid wait context ]",
    "recursive": "WARNING: possible recursive locking detected",
    "circular": "WARNING: possible circular locking dependency detected",
    "inconsistent": "WARNING: inconsistent lock state",
    "irq_order": "WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
    "rcu": "WARNING: suspicious RCU usage",
    "key": "INFO: trying to register non-static key.",
    "lockdep_ends": "turning off the locking correctness validator.",
    "atomic": "BUG: scheduling while atomic: sh/12/0x00000002",
    "initcall": "initcall f+0x0/0x4 returned with preemption imbalance ",
    "list_add": "list_add corruption. next->prev should be prev (x).",
    "list_del": "list_del corruption, x->next is LIST_POISON1 (x)",
    "dma_api": "DMA-API: edu 0000:00:01.0: device driver frees DMA memory",
    "dma_api_ends": "DMA-API: debugging out of memory - disabling",
    "page_leak": "iommu: Detected page leak!",
}
QUIET = ("DMA-API: preallocated 65536 debug entries",
         "DMA-API: debugging enabled by kernel config",
         "DMA-API: dma_debug_entry pool grown to 131072 (200%)")

for _name, _line in FOUND.items():
    CASES[f"found_{_name}"] = (f"[ 0.5][   T12] {_line}\n{GOOD}", "",
                               {"a.x": "ok", "a.y": "ok", "boot": "FAIL"})
CASES["found_nothing"] = ("".join(f"[ 0.5] {q}\n" for q in QUIET) + GOOD, "",
                          {"a.x": "ok", "a.y": "ok", "boot": "ok"})


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


# The documentation names the tests that stand for each line of its tables; memory/pin.h
# is a file
THREATS = os.path.join(os.path.dirname(__file__), "../../../..",
                       "Documentation/virt/kvm/arm/pkvm-iommu.rst")
TEST = re.compile(r"``([\w*-]+/\w+\.(?![ch]``)\w+(?:/[\w-]+)?)``")
THREATS_MIN = 80


def check_threats():
    """Every test that the documentation names exists, or what it matches."""
    with open(THREATS, encoding="utf-8") as f:
        named = TEST.findall(f.read())
    known = {f"{b.name}/{n}" for b in boots.BOOTS + boots.matrix(False)
             for n in b.planned()}
    for name, test in suite.planned():
        known |= {f"native-{name}/{test}",
                  f"native-{name}/{test.split('/')[0]}"}
    missing = sorted(n for n in set(named) if not fnmatch.filter(known, n))
    if missing:
        return "no such tests: " + " ".join(missing)
    return "" if len(named) >= THREATS_MIN else f"only {len(named)} names"


# The headers have the numbers of calls, and a page describes each call: nowhere else
TREE = os.path.join(os.path.dirname(__file__), "../../../..")
ABI = {"arch/arm64/include/asm/pkvm-iommu-host.h": "pkvm-iommu-host-abi.rst",
       "include/linux/pkvm-iommu-guest.h": "pkvm-pviommu-guest-abi.rst"}
CALL = re.compile(r"^\tP(?:KVM_IOMMU|VIOMMU)_(?:OP|INIT)_(\w+)\b", re.M)
TITLES = re.compile(r"^([A-Z_]+(?:, [A-Z_]+)*)\n-+$", re.M)


def check_abi():
    """Each call of a header has a section in its page, and each section a call."""
    wrong = []
    for header, page in ABI.items():
        with open(os.path.join(TREE, header), encoding="utf-8") as f:
            calls = set(CALL.findall(f.read()))
        with open(os.path.join(TREE, "Documentation/virt/kvm/arm", page),
                  encoding="utf-8") as f:
            titles = set(", ".join(TITLES.findall(f.read())).split(", "))
        titles -= {"DEV_REQ_DMA", "DEV_REQ_MMIO"}   # functions, not ops
        wrong += [f"{page}: {name}" for name in sorted(calls ^ titles)]
        if len(calls) < 10:
            wrong.append(f"{header}: only {len(calls)} calls")
    return "; ".join(wrong)


# Tests take the SMMU from the device tree: another machine has it elsewhere
TESTING = os.path.join(os.path.dirname(__file__), "..")
HERE = re.compile(r"0x0*905" r"0000(?![0-9a-fA-F])")


def check_machine():
    """No test knows where QEMU's machine has its SMMU."""
    found = []
    for folder in ("boot", "guest", "initramfs", "modules", "programs"):
        for where, _, names in os.walk(os.path.join(TESTING, folder)):
            for name in names:
                path = os.path.join(where, name)
                with open(path, encoding="utf-8", errors="replace") as f:
                    if HERE.search(f.read()):
                        found.append(os.path.relpath(path, TESTING))
    return " ".join(sorted(found))


# What a console says, and what demo.py shows of it
SHOWN = {"\x1b[H\x1b[J pKVM": " pKVM",
         "\x1b[1;31mred\x1b[0m\x1b]0;title\x07 \x1bcend": "red end",
         "a\tb\x08\x00\x9b2J": "a\tb2J", " caf\u00e9": " caf\u00e9"}


def check_shown():
    return "; ".join(f"{line!r}: {demo.shown(line)!r}"
                     for line, want in SHOWN.items() if demo.shown(line) != want)


# A boot of the benchmark in which something failed, and a disk that vanished
PARTLY = "[ 1.0] # bench strict.1 map 20.00 unmap 10.00\n[ 2.0] not ok 1 bench.lazy\n"
WHOLE = [0.0, *[4.0 * bench_disk.MIB] * (bench_disk.ROUNDS - 1)]


def check_bench():
    """What was measured is in the table when the rest is not."""
    found = {name: bench.figures(PARTLY) for name in bench.BOOTS}
    rows = {row.name: row for row in bench.rows_of(found)}
    row, lazy = (rows[f"host, {kind}: unmap 1 page"] for kind in ("paging", "lazy"))
    got = bench_disk.medians(["a", "b", "c"], [WHOLE[:3], WHOLE])
    wrong = [] if got == {"b": 4.0} else [f"medians {got}"]
    if (row.value, row.ratio, row.met, lazy.value) != (10.0, 1.0, True, None):
        wrong.append(f"rows {row}, {lazy}")
    before = list(bench_boot.failures)
    got = bench_boot.attempt("what", 1, lambda: {}["key"])
    if got != 1 or bench_boot.failures != before + ["what: KeyError('key')"]:
        wrong.append(f"failures {bench_boot.failures}")
    bench_boot.failures[:] = before
    return "; ".join(wrong)


# What somebody asks "make shell" for, and the boot that it is, or names it suggests
BOOT_NAMES = {"vm-plain": "vm-plain", "vm-plain/vm_plain.kill_warm_up": "vm-plain",
              "vm_plain": ["vm-plain"], "hostile": ["hostile-host", "hostile-guest"],
              "stage2": ["vm-stage2"], "?": [boot.name for boot in boots.BOOTS]}


def check_names():
    """A boot is found by its name and by that of a test; near names are suggested."""
    wrong = []
    for name, want in BOOT_NAMES.items():
        try:
            found = launch.named(name).name
        except ValueError as error:
            said = re.findall(r"[\w-]+", str(error))
            found = [w for w in want if w in said] if isinstance(want, list) else said
        if found != want:
            wrong.append(f"{name}: {found}, not {want}")
    return "; ".join(wrong)


def check_shell():
    """The machine at a prompt is that of the test, which only does not start."""
    wrong = []
    with tempfile.TemporaryDirectory() as work:
        for boot in boots.BOOTS:
            args = argparse.Namespace(workdir=work, seed=7, append="")
            test, prompt = launch.test_machine(boot, work, 7), shell.of_boot(args, boot)
            if replace(prompt, append=prompt.append.replace("pkvm_groups=",
                                                            "pkvm_test=")) != test:
                wrong.append(f"{boot.name}: {prompt}, not {test}")
    with tempfile.TemporaryDirectory() as build:
        with open(os.path.join(build, "System.map"), "w", encoding="ascii") as f:
            f.write("ffff800080000000 T _text\n")
        if hex(shell.hyp_offset(build)) != "0xffff80200000":
            wrong.append("the symbols of EL2 are where it does not run")
    return "; ".join(wrong)


def check_spent():
    """The time of each part is said; what ran beside others takes none of its own."""
    spent, beside = timing.spent_before("kernels=61,initramfs=5,"), []
    timing.timed(spent, "boots", lambda: None)
    for _ in range(2):
        timing.timed(beside, "kernels", lambda: None)
    line = timing.spent_line(spent, beside)
    want = "time: kernels 61 s, initramfs 5 s, boots 0 s (beside them kernels 0 s); 66 s in all"
    return "" if line == want else line



def run(wanted):
    """A Result for each check that is wanted."""
    checks = {name: lambda c=case: check_console(*c)
              for name, case in CASES.items()}
    checks["seconds"] = check_seconds
    checks["timeouts"] = check_timeouts
    checks["threats"] = check_threats
    checks["abi"] = check_abi
    checks["machine"] = check_machine
    checks["shown"] = check_shown
    checks["bench"] = check_bench
    checks["spent"] = check_spent
    checks["names"] = check_names
    checks["shell"] = check_shell
    checks["edit"] = edit_test.check
    checks["plan"] = plan_test.check
    checks["mutants"] = mutation_test.check
    checks["schedule"] = schedule_test.check
    results = []
    for name, check in checks.items():
        if not wanted(f"runner/{name}"):
            continue
        start = time.monotonic()
        why = check()
        results.append(Result(name, "FAIL" if why else "ok",
                              time.monotonic() - start, why))
    return results
