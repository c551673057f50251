# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels the boots need, and the scripts that build them."""

import collections
import os
import subprocess

from children import Child

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../build")


class Failed(Exception):
    """What a script of build/ said of it."""


def kernel(boot):
    """The kernel of a boot as the scripts of build/ are told: PAGE and DEBUG."""
    return boot.machine.get("page", "4k"), "1" if boot.machine.get("debug") else ""


def kernels(selected):
    """Those of all boots; first the one that most of them need."""
    return [k for k, _ in collections.Counter(map(kernel, selected)).most_common()]


def build(script, page, debug):
    """Run a script of build/, and say when it has done something, or how it failed."""
    env = {**os.environ, "PAGE": page, "DEBUG": debug, "QUIET": "1"}
    with Child([os.path.join(BUILD, script)], stdin=subprocess.DEVNULL,
               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
               env=env) as child:
        said = child.stdout.read()
    if child.returncode:
        raise Failed(said.rstrip())
    if said:
        print(said.rstrip().split("\n")[-1], flush=True)


def tasks(selected):
    """For schedule.run_beside(): build the kernels of these boots, but for the first."""
    return [(what, wanted if what == "initramfs" else None,
             lambda script=script, wanted=wanted: build(script, *wanted))
            for wanted in kernels(selected)[1:]
            for what, script in (("kernels", "kernel.sh"), ("initramfs", "initramfs.sh"))]
