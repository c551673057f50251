#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Build and run the native suites: the EL2 code on the build machine.

Each suite is one build (sanitizer, page size) of the same tests. The names of
the tests come from the sources, so that asking for them builds nothing.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../../../.."))
OUT = os.environ.get("OUT", os.path.join(TOP, "out"))

# The abstract state has room for the memory of a machine with 4k pages.
GHOST = ("walk", "fail_nth", "limits")
# Tests that fork for each fault, or each race, which AddressSanitizer makes slow:
# it gets those of one machine, a build without it those of all.
FORKS = ("fail_nth.", "walk.of_several_cpus")


def without_sanitizer(group, name):
    return name.startswith(FORKS)


def address_sanitizer(group, name):
    return group != "threads" and (not name.startswith(FORKS) or
                                   name.endswith("/nested"))


def other_pages(group, name):
    return group not in ("threads", *GHOST)


# A block of 64k pages is more than 8000 donations
def largest_pages(group, name):
    return other_pages(group, name) and group != "guest_block"


# Threads race, so ThreadSanitizer runs what races, and nothing else
def thread_sanitizer(group, name):
    return group in ("threads", "boot")


# The core on another IOMMU, which has neither the hardware's tests nor its locks
def ideal_hardware(group, name):
    return (group not in ("failure", "probe", "ste", "locks") and
            address_sanitizer(group, name))


SUITES = {
    "fast-4k": ("fast", "4k", without_sanitizer),
    "asan-4k": ("asan", "4k", address_sanitizer),
    "asan-16k": ("asan", "16k", other_pages),
    "asan-64k": ("asan", "64k", largest_pages),
    "tsan-4k": ("tsan", "4k", thread_sanitizer),
    "ideal-4k": ("ideal", "4k", ideal_hardware),
}
JOBS = int(os.environ.get("JOBS", os.cpu_count()))
# Parts of a suite, so that all CPUs are busy to the end
PARTS = 4 * JOBS

TEST = re.compile(r"^TEST(_EACH)?\((\w+), (\w+)\)", re.MULTILINE)
MACHINE = re.compile(r'(?:make\(|name = )"([\w-]+)"')
LINE = re.compile(r"^(ok|not ok) \d+ - (\S+)$")


def sources(folder):
    for name in sorted(os.listdir(os.path.join(HERE, folder))):
        if name.endswith(".c"):
            with open(os.path.join(HERE, folder, name), encoding="utf-8") as f:
                yield f.read()


def test_names():
    """(group, full name) of every test."""
    with open(os.path.join(HERE, "hyp/machines.c"), encoding="utf-8") as f:
        machines = MACHINE.findall(f.read())
    for text in [t for d in ("unit", "walk") for t in sources(d)]:
        for each, group, name in TEST.findall(text):
            for suffix in [f"/{m}" for m in machines] if each else [""]:
                yield group, f"{group}.{name}{suffix}"


def planned():
    """(suite, test) of all suites."""
    names = list(test_names())
    return [(suite, name) for suite, (_, _, takes) in SUITES.items()
            for group, name in names if takes(group, name)]


def binary(variant, page):
    return os.path.join(OUT, "native", f"{variant}-{page}", "native")


def build(variant, page, *more):
    command = ["make", "-s", "-C", HERE, f"-j{JOBS}", f"OUT={OUT}",
               f"VARIANT={variant}", f"PAGE={page}", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot build {variant}-{page}:\n{done.stdout}")


def environment():
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = "detect_leaks=0:detect_stack_use_after_return=0"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    env["TSAN_OPTIONS"] = "halt_on_error=1:exitcode=66"
    return env


def run_part(suite, names, seed, report):
    """Run the named tests of a suite; report(test, ok, seconds, why) for each."""
    variant, page, _ = SUITES[suite]
    process = subprocess.Popen([binary(variant, page), "--seed", str(seed),
                                "--only", ",".join(names)],
                               stdout=subprocess.PIPE, text=True,
                               env=environment())
    notes, told, last = [], set(), time.monotonic()
    for line in process.stdout:
        match = LINE.match(line.rstrip())
        if not match:
            notes.append(line.rstrip().removeprefix("# "))
            continue
        now = time.monotonic()
        told.add(match[2])
        report(match[2], match[1] == "ok", now - last, "\n".join(notes[-40:]))
        notes, last = [], now
    process.wait()
    for name in names:
        if name not in told:
            report(name, False, 0.0, f"no result; {suite} ended with "
                   f"{process.returncode}")


def run(wanted, seed, report):
    """Run all wanted tests; report(suite, test, ok, seconds, why), one at a time."""
    plan, parts, lock = planned(), [], threading.Lock()

    def part(suite, names):
        def tell(*result):
            with lock:
                report(suite, *result)
        run_part(suite, names, seed, tell)

    for suite, (variant, page, _) in SUITES.items():
        names = [n for s, n in plan if s == suite and
                 wanted(f"native-{suite}/{n}")]
        if not names:
            continue
        try:
            build(variant, page)
            parts += [(suite, names[i::PARTS]) for i in range(PARTS)]
        except RuntimeError as error:
            for name in names:
                report(suite, name, False, 0.0, str(error))
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda p: part(*p), [p for p in parts if p[1]]))


def fresh_seed():
    return int.from_bytes(os.urandom(4), "little")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=None,
                        help="of the fresh part (default: a new one)")
    parser.add_argument("pattern", nargs="?", default="")
    args = parser.parse_args()
    seed = fresh_seed() if args.seed is None else args.seed
    counts, times = [0, 0], dict.fromkeys(SUITES, 0.0)

    def report(suite, test, good, seconds, why):
        counts[not good] += 1
        times[suite] += seconds
        if not good or seconds > 1:
            print(f"{'ok  ' if good else 'FAIL'} native-{suite}/{test} "
                  f"{seconds:.1f} s", flush=True)
        if not good:
            print("     " + why.replace("\n", "\n     "))

    start = time.monotonic()
    print(f"native suites, fresh seed {seed}", flush=True)
    run(lambda name: args.pattern in name, seed, report)
    print(", ".join(f"{suite} {seconds:.0f} s"
                    for suite, seconds in times.items() if seconds))
    print(f"{counts[0]} passed, {counts[1]} failed in "
          f"{time.monotonic() - start:.0f} s")
    return 0 if counts[0] and not counts[1] else 1


if __name__ == "__main__":
    sys.exit(main())
