# SPDX-License-Identifier: GPL-2.0-only
"""Tests of what starts when, what waits for a kernel, and how all of it is ended."""

import os
import select
import subprocess
import sys
import tempfile
import threading

import boots
import builds
import schedule
import timing

HERE = os.path.dirname(os.path.abspath(__file__))

# A runner that waits for a program, which waits for its own, and is told to end
ENDED = """
import builds, children, os, signal, sys, threading
signal.signal(signal.SIGTERM, lambda *_: (children.end_all(), os._exit(3)))
builds.BUILD = sys.argv[1]
threading.Thread(target=builds.build, args=("long.sh", "4k", ""), daemon=True).start()
signal.pause()
"""
# It holds the pipe for as long as it, or what it started, is there
LONG = """#!/bin/bash
. %s/lib.sh
work() { echo >&8; sleep 100; }
exec 8>"$PIPE"
step Waiting long work
"""


def check_ready():
    """No boot starts before its kernel is there; the others do not wait for it."""
    order, may_build = [], threading.Event()

    def run(boot):
        order.append(boot)
        if boot == "b":
            may_build.set()

    def build():
        if not may_build.wait(60):
            raise RuntimeError("b waits for the kernel of a")
        order.append("kernel")

    spent = schedule.run_beside(
        [Named(n) for n in "ab"], lambda b: run(b.name), 1,
        [("kernels", "a", build), ("native", "x", lambda: None)], lambda b: b.name)
    if order != ["b", "kernel", "a"] or [s[0] for s in spent] != ["kernels", "native"]:
        return f"order {order}, {spent}"
    return ""


class Named(boots.Boot):
    """A boot of which only the name matters."""
    def __init__(self, name, **options):
        super().__init__(name, [], **options)


def check_failure():
    """A task that fails is told at once, while a boot runs and another waits."""
    release = threading.Event()

    def build():
        raise RuntimeError("no compiler")

    try:
        schedule.run_beside([Named("a"), Named("b")], lambda boot: release.wait(), 2,
                            [("kernels", "b", build)], lambda b: b.name)
    except RuntimeError as error:
        return "" if str(error) == "no compiler" else repr(error)
    finally:
        release.set()
    return "a boot without a kernel was run"


def check_jobs():
    """As many CPUs are used as there are, by the longest boots first."""
    lock, used, most, order = threading.Lock(), 0, 0, []

    def run(boot):
        nonlocal used, most
        with lock:
            order.append(boot.name)
            used += timing.weight(boot, 3)
            most = max(most, used)
        with lock:
            used -= timing.weight(boot, 3)

    all_boots = boots.BOOTS + boots.matrix(False)
    schedule.run_beside(all_boots, run, 3, [], builds.kernel)
    if most > 3 or sorted(order) != sorted(b.name for b in all_boots):
        return f"{most} at a time, {len(order)} boots"
    weights = [timing.weight(b, 2) for b in timing.longest_first(all_boots, 2)]
    return "" if weights == sorted(weights, reverse=True) and set(weights) == {1, 2} \
        else f"weights {weights}"


def check_kernels():
    got = builds.kernels(boots.BOOTS + boots.matrix(False))
    tasks = [task[:2] for task in builds.tasks(boots.BOOTS + boots.matrix(False))]
    want = [("4k", ""), ("16k", "1"), ("64k", "")]
    if got != want or tasks != [("kernels", None), ("initramfs", want[1]),
                                ("kernels", None), ("initramfs", want[2])]:
        return f"{got}, {tasks}"
    return ""


def check_end():
    """Whoever ends the runner ends a build, and what the build has started."""
    with tempfile.TemporaryDirectory() as work:
        script, pipe = os.path.join(work, "long.sh"), os.path.join(work, "pipe")
        with open(script, "w", encoding="ascii") as f:
            f.write(LONG % builds.BUILD)
        os.chmod(script, 0o755)
        os.mkfifo(pipe)
        env = {**os.environ, "PIPE": pipe, "OUT": work, "PYTHONPATH": HERE}
        with subprocess.Popen([sys.executable, "-c", ENDED, work], env=env) as runner:
            with open(pipe, encoding="ascii") as f:
                f.readline()            # it runs
                runner.terminate()
                # Ends when nothing holds the pipe
                ended, _, _ = select.select([f], [], [], 60)
    if not ended:
        return "what a build has started goes on without it"
    return "" if runner.returncode == 3 else f"the runner ended with {runner.returncode}"


def check():
    """What went wrong, "" if nothing."""
    return "; ".join(filter(None, (check_ready(), check_failure(), check_jobs(),
                                   check_kernels(), check_end())))
