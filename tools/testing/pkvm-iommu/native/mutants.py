#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the checkers: each seeded fault in mutants/ must be caught.

Each changes lines of the EL2 code (see mutation.py) in a copy. What it changes is
compiled and linked to the objects of the control, and the native tests run until
one fails. The control is the code as it is: there nothing must fail.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

from mutation import Gone, mutate
from suite import HERE, OUT, TOP, environment

MUTANTS = os.path.join(HERE, "mutants")
WORK = os.path.join(OUT, "native/mutants")
SRC = os.path.join(WORK, "src")
EL2 = "arch/arm64/kvm/hyp/nvhe/iommu"
SHARED = ("arch/arm64/include", "arch/arm64/kvm/hyp/include", "include")
# Some are seen by AddressSanitizer alone
VARIANTS = ("fast", "asan")
JOBS = int(os.environ.get("JOBS", os.cpu_count()))
SEED = "1"
SECONDS = 900


def all_names():
    return sorted(n.removesuffix(".mutant") for n in os.listdir(MUTANTS))


def changes(name, top=TOP):
    """{path below EL2: its source with this fault}"""
    with open(os.path.join(MUTANTS, f"{name}.mutant"), encoding="utf-8") as f:
        return mutate(f.read(), os.path.join(top, EL2))


def gone(names):
    """{name: why} of those whose lines are not there any more"""
    why = {}
    for name in names:
        try:
            changes(name)
        except (Gone, FileNotFoundError) as error:
            why[name] = str(error)
    return why


def copy_sources():
    shutil.rmtree(SRC, ignore_errors=True)
    # copytree keeps the times, so what did not change is not built again
    shutil.copytree(os.path.join(TOP, EL2), os.path.join(SRC, EL2))
    for folder in SHARED:
        os.makedirs(os.path.dirname(os.path.join(SRC, folder)), exist_ok=True)
        os.symlink(os.path.join(TOP, folder), os.path.join(SRC, folder))


def make(variant):
    subprocess.run(["make", "-s", "-C", HERE, f"-j{JOBS}", f"OUT={OUT}",
                    f"SRC={SRC}", f"DIR={os.path.join(WORK, variant)}",
                    f"VARIANT={variant}", "EXTRA_CFLAGS=-w"], check=True)


def build(name, variant):
    """The program with this fault; the next one finds all as it was."""
    changed = changes(name, SRC)
    program = os.path.join(WORK, variant, "native")
    objects = [os.path.join(WORK, variant, "el2", f"{path.removesuffix('.c')}.o")
               for path in changed]
    for kept in objects:
        os.rename(kept, f"{kept}.control")
    try:
        for path, text in changed.items():
            with open(os.path.join(SRC, EL2, path), "w", encoding="utf-8") as f:
                f.write(text)
        make(variant)
        os.rename(program, f"{program}.{name}")
    finally:
        for path in changed:
            shutil.copy2(os.path.join(TOP, EL2, path),
                         os.path.join(SRC, EL2, path))
        for kept in objects:
            os.rename(f"{kept}.control", kept)
    return f"{program}.{name}"


def first_failure(program):
    """(the first test that fails, what it says, seconds); no test: none does."""
    begin = time.monotonic()
    try:
        done = subprocess.run([program, "--first", "--seed", SEED], text=True,
                              stdout=subprocess.PIPE,
                              env=environment() | {"NATIVE_NO_SHRINK": "1"},
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        # Tests are limited in CPU time: this says that the machine is busy
        return "", "", SECONDS
    finally:
        os.remove(program)
    failed = re.search(r"^not ok \d+ - (\S+)", done.stdout, re.MULTILINE)
    said = re.search(r"^# (?:failure: )?(.*)", done.stdout, re.MULTILINE)
    if not failed and done.returncode:
        raise RuntimeError(f"{program} ends with {done.returncode}")
    return (failed[1] if failed else "", said[1] if failed and said else "",
            time.monotonic() - begin)


def control():
    programs = []
    for variant in VARIANTS:
        make(variant)
        program = os.path.join(WORK, variant, "native")
        os.rename(program, f"{program}.control")
        programs.append(f"{program}.control")
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results = list(pool.map(first_failure, programs))
    for variant, (test, why, seconds) in zip(VARIANTS, results):
        print(f"{'FAIL' if test else 'ok  '} control, {variant}, {seconds:.1f} s"
              f"{': ' if test else ''}{test} {why}", flush=True)
    return not any(test for test, _, _ in results)


def catch(names, variant):
    """{name: why} of those that are not caught."""
    survived, running = {}, {}

    def collect(which):
        for future in which:
            name = running.pop(future)
            test, why, seconds = future.result()
            if test:
                print(f"ok   {name} {seconds:.1f} s: {test}: {why[:100]}",
                      flush=True)
            else:
                survived[name] = f"survives {variant}"

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name in names:
            try:
                program = build(name, variant)
            except subprocess.CalledProcessError:
                survived[name] = "does not compile any more"
                continue
            running[pool.submit(first_failure, program)] = name
            # No more programs than are run
            while len(running) >= JOBS:
                collect(concurrent.futures.wait(
                    running, return_when="FIRST_COMPLETED").done)
        collect(list(running))
    return survived


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("part", nargs="*", help="of a name (default: all mutants)")
    args = parser.parse_args()
    wanted = [n for n in all_names() if not args.part or
              any(part in n for part in args.part)]
    start = time.monotonic()
    lost = gone(wanted)
    copy_sources()
    if not control():
        return 1
    survived = {n: "" for n in wanted if n not in lost}
    for variant in VARIANTS:
        survived = catch(list(survived), variant)
    survived |= lost
    for name, why in survived.items():
        print(f"FAIL {name}: {why}")
    print(f"{len(wanted) - len(survived)} of {len(wanted)} faults caught in "
          f"{time.monotonic() - start:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
