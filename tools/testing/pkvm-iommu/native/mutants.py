#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the checkers: each seeded fault in mutants/ must be caught.

Each is a patch to the EL2 code. It is applied to a copy, the native tests run
until one fails, and the fault is taken out again. The control is the code as it
is: there nothing must fail.
"""

import os
import re
import shutil
import subprocess
import sys
import time

from suite import HERE, OUT, TOP, environment

WORK = os.path.join(OUT, "native/mutants")
SRC = os.path.join(WORK, "src")
EL2 = "arch/arm64/kvm/hyp/nvhe/iommu"
SHARED = ("arch/arm64/include", "arch/arm64/kvm/hyp/include", "include")
SEED = "1"
SECONDS = 300


def copy_sources():
    shutil.rmtree(SRC, ignore_errors=True)
    # copytree keeps the times, so what did not change is not built again
    shutil.copytree(os.path.join(TOP, EL2), os.path.join(SRC, EL2))
    for folder in SHARED:
        os.makedirs(os.path.dirname(os.path.join(SRC, folder)), exist_ok=True)
        os.symlink(os.path.join(TOP, folder), os.path.join(SRC, folder))


def patch(name, *options):
    subprocess.run(["patch", "-s", "-p1", "-d", SRC, *options, "-i",
                    os.path.join(HERE, "mutants", name)], check=True)


def first_failure(variant):
    """Build and run; the name of the first test that fails, or ''."""
    folder = os.path.join(WORK, variant)
    subprocess.run(["make", "-s", "-C", HERE, f"-j{os.cpu_count()}",
                    f"OUT={OUT}", f"SRC={SRC}", f"DIR={folder}",
                    f"VARIANT={variant}", "EXTRA_CFLAGS=-w"], check=True)
    done = subprocess.run([os.path.join(folder, "native"), "--first",
                           "--seed", SEED], stdout=subprocess.PIPE, text=True,
                          env=environment(), timeout=SECONDS, check=False)
    failed = re.search(r"^not ok \d+ - (\S+)", done.stdout, re.MULTILINE)
    said = re.search(r"^# (?:failure: )?(.*)", done.stdout, re.MULTILINE)
    if failed:
        return failed[1], said[1] if said else ""
    return "", ""


def main():
    names = sorted(os.listdir(os.path.join(HERE, "mutants")))
    wanted = [n for n in names if not sys.argv[1:] or
              any(a in n for a in sys.argv[1:])]
    copy_sources()
    test, why = first_failure("fast")
    if not test:
        test, why = first_failure("asan")
    if test:
        print(f"FAIL control: {test} fails without any fault: {why}")
        return 1
    print("ok   control: nothing fails without a fault", flush=True)
    survived, start = [], time.monotonic()
    for name in wanted:
        begin = time.monotonic()
        try:
            patch(name)
        except subprocess.CalledProcessError:
            survived.append(name)
            print(f"FAIL {name}: does not apply any more", flush=True)
            copy_sources()
            continue
        try:
            test, why = first_failure("fast")
            if not test:    # some are seen by AddressSanitizer alone
                test, why = first_failure("asan")
        except subprocess.TimeoutExpired:
            test, why = "timeout", ""
        patch(name, "-R")
        title = name.removesuffix(".patch")
        seconds = time.monotonic() - begin
        if test:
            print(f"ok   {title} {seconds:.1f} s: {test}: {why[:100]}",
                  flush=True)
        else:
            survived.append(title)
            print(f"FAIL {title} {seconds:.1f} s: survives", flush=True)
    print(f"{len(wanted) - len(survived)} of {len(wanted)} faults caught in "
          f"{time.monotonic() - start:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
