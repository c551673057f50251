#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot the test machines, run the native suites beside them; report what tests say.

One line for each test, everything by name in out/test-results.tap, the consoles
in out/logs/boot/. The last line is "N passed, N failed".
"""

import argparse
import fnmatch
import os
import re
import shutil
import signal
import sys
import threading
import traceback

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../native"))
import boots
import builds
import children
import inject
import launch
import schedule
import selftest
import suite
import timing
from console import Console, Result
from machine import OUT
from qemu import run_command

LOGS = os.path.join(OUT, "logs/boot")
WORK = os.path.join(OUT, "boot")
TAIL = 25       # lines of a console shown with a failure
INJECT = re.compile(r"^(?:\[[^]]*\])* ?# inject (\S+)$")
WHY = 400       # characters of a reason shown; all are in the TAP file


class Report:
    """All results; prints each as it comes."""

    def __init__(self):
        self.results = []
        self._lock = threading.Lock()

    def add(self, boot, result):
        full = f"{boot}/{result.name}"
        with self._lock:
            self.results.append((full, result))
            self._print(full, result)

    @staticmethod
    def _print(full, result):
        if result.status == "skip":
            print(f"skip {full}: {result.why}", flush=True)
        else:
            print(f"{result.status:4} {full} {result.seconds:.1f} s", flush=True)
        if result.status == "FAIL":
            print(f"     {result.why[:WHY]}", flush=True)

    def end(self):
        """Nothing more is printed: what is ended from here is no failure of a test."""
        self._lock.acquire()    # pylint: disable=consider-using-with

    def tail(self, path, lines):
        with self._lock:
            print(f"     last lines of {path}:")
            for line in lines:
                print(f"     | {line}")
            sys.stdout.flush()

    def count(self, status):
        return sum(r.status == status for _, r in self.results)

    def write_tap(self, path):
        with open(path, "w", encoding="utf-8") as tap:
            tap.write(f"TAP version 13\n1..{len(self.results)}\n")
            for number, (full, result) in enumerate(self.results, 1):
                verdict = "not ok" if result.status == "FAIL" else "ok"
                skip = f" # SKIP {result.why}" if result.status == "skip" else ""
                tap.write(f"{verdict} {number} - {full}{skip}\n")
                if result.status == "FAIL":
                    tap.write("".join(f"# {line}\n"
                                  for line in result.why.split("\n")))

    def last_line(self):
        line = f"{self.count('ok')} passed, {self.count('FAIL')} failed"
        skipped = self.count("skip")
        return line + (f", {skipped} skipped" if skipped else "")


def run_boot(boot, report, wanted, seed):
    """Boot once; report the planned tests that are wanted."""
    work = os.path.join(WORK, boot.name)
    log = os.path.join(LOGS, boot.name + ".log")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    console, lines, told = Console(boot.expected), [], set()
    planned = [n for n in boot.planned() if wanted(f"{boot.name}/{n}")]

    command = []

    def on_line(line):
        lines.append(line)
        fault = INJECT.match(line) if boot.gdb else None
        if fault:
            inject.inject(fault[1], launch.gdb_socket(work), argument(command, "-kernel"),
                          argument(command, "-dtb"))
        result = console.feed(line)
        if result and result.name in planned and result.name not in told:
            told.add(result.name)
            report.add(boot.name, result)

    try:
        command += launch.test_command(boot, work, seed)
        ended = run_command(command, log, on_line, boot.silence, boot.total)
    except (OSError, RuntimeError) as error:
        ended = f"cannot boot: {error}"
    results = console.results(boot.planned(), ended)
    failed = False
    for result in results:
        failed |= result.status == "FAIL"
        if result.name not in told and \
           (result.name in planned or result.name == "boot"):
            report.add(boot.name, result)
    if failed:
        report.tail(os.path.relpath(log), lines[-TAIL:])
    shutil.rmtree(work, ignore_errors=True)


def argument(command, option):
    return command[command.index(option) + 1]


def run_tests(selected, report, args, wanted, spent):
    """Native suites and boots; returns what ran beside the boots, with its seconds."""
    seed = suite.fresh_seed() if args.seed is None else args.seed
    print(f"what is random has seed {seed} (SEED={seed} replays it)", flush=True)

    def native():
        run_native(report, wanted, seed)

    def boot(which):
        try:
            run_boot(which, report, wanted, seed)
        except Exception as error:      # a bug here must not pass as success
            report.add(which.name, Result("boot", "FAIL", 0.0, repr(error)))

    if not selected:
        timing.timed(spent, "native", native)
        return []
    tasks = builds.tasks(selected) if args.build else []
    return timing.timed(spent, "boots", schedule.run_beside, selected, boot,
                        max(1, args.jobs), tasks + [("native", "native", native)],
                        builds.kernel)


def run_native(report, wanted, seed):
    """The EL2 code on the build machine."""
    def add(name, test, good, seconds, why):
        report.add(f"native-{name}",
                   Result(test, "ok" if good else "FAIL", seconds, why))

    suite.run(wanted, seed, add)


def matcher(pattern):
    """Names that match: a shell pattern or a regular expression, anywhere."""
    if not pattern:
        return lambda name: True
    try:
        regex = re.compile(pattern)
    except re.error:
        regex = re.compile(fnmatch.translate(pattern))
    return lambda name: (fnmatch.fnmatch(name, pattern) or
                         bool(regex.search(name)))


def give_up(report, error):
    """End all that runs, at once: a kernel could not be built, or somebody stops us."""
    report.end()
    children.end_all()
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", flush=True)
    elif isinstance(error, builds.Failed):
        print(error, flush=True)
    else:
        traceback.print_exception(error)
    os._exit(1)


def interrupted(*_):
    raise KeyboardInterrupt


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tests", default="", metavar="PATTERN",
                        help="only tests whose BOOT/GROUP.NAME matches")
    parser.add_argument("--matrix", action="store_true",
                        help="every machine of the matrix, not a selection")
    parser.add_argument("--no-matrix", action="store_true",
                        help="no machine of the matrix")
    parser.add_argument("--debug", action="store_true",
                        help="boot the kernel of DEBUG=1 with pages of 16k only")
    parser.add_argument("--jobs", type=int, default=timing.jobs_of(os.cpu_count()),
                        help="boots at a time (default: three for two CPUs)")
    parser.add_argument("--build", action="store_true",
                        help="build the kernels that are needed, but for the first")
    parser.add_argument("--seed", type=int, metavar="N",
                        help="of random walks and hostile calls; default: one "
                        "that nobody has tried")
    parser.add_argument("--list", action="store_true",
                        help="print the names and run nothing")
    parser.add_argument("--kernels", action="store_true",
                        help="print PAGE and DEBUG of the kernels that are needed")
    parser.add_argument("--spent", type=timing.spent_before, default=[],
                        metavar="WHAT=SECONDS,...", help="time that went before this")
    return parser.parse_args()


def selected_boots(args, wanted):
    """The boots that have a wanted test."""
    selected = list(boots.BOOTS)
    if not args.no_matrix:
        selected += boots.matrix(args.matrix)
    selected = [b for b in selected
                if any(wanted(f"{b.name}/{n}") for n in b.planned() + ["boot"])]
    return [boots.checked(b) for b in selected] if args.debug else selected


def print_names(selected, wanted):
    """All that would report."""
    names = [f"native-{s}/{n}" for s, n in suite.planned()]
    names += [f"{b.name}/{n}" for b in selected for n in b.planned() + ["boot"]]
    for name in filter(wanted, names):
        print(name)


def main():
    signal.signal(signal.SIGTERM, interrupted)
    args = arguments()
    wanted = matcher(args.tests)
    selected = selected_boots(args, wanted)
    if args.list:
        print_names(selected, wanted)
        return 0
    if args.kernels:
        for kernel in builds.kernels(selected):
            print(*kernel)
        return 0

    os.makedirs(LOGS, exist_ok=True)
    report, spent = Report(), args.spent

    def test_runner():
        for result in selftest.run(wanted):
            report.add("runner", result)

    try:
        timing.timed(spent, "runner", test_runner)
        beside = run_tests(selected, report, args, wanted, spent)
    except (Exception, KeyboardInterrupt) as error:     # nothing may go on without us
        give_up(report, error)
    tap = os.path.join(OUT, "test-results.tap")
    report.write_tap(tap)
    print(f"{len(selected)} boots; consoles in {os.path.relpath(LOGS)}/, "
          f"results in {os.path.relpath(tap)}")
    print(timing.spent_line(spent, beside))
    print(report.last_line())
    return 0 if report.count("ok") and not report.count("FAIL") else 1


if __name__ == "__main__":
    sys.exit(main())
