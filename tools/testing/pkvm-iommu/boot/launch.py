# SPDX-License-Identifier: GPL-2.0-only
"""From one of the boots to its QEMU command, for the tests and for a prompt."""

import difflib
import os

import boots
import disk
from machine import Machine

LOG = "log_buf_len=1M"      # holds a whole boot: dmesg counts, consoles fall behind


def gdb_socket(work):
    """The name of a socket must be short."""
    return os.path.relpath(os.path.join(work, "gdb"))


def machine(boot, work, *words):
    """The machine of a boot, with new disks; words end its command line."""
    options = dict(boot.machine)
    options["disks"] = [
        (disk.make_filesystem if n < boot.filesystems else disk.make)(
            os.path.join(work, f"disk{n}.img"), n) for n in range(boot.disks)]
    options["append"] = " ".join(filter(None, (
        options.get("append"), "printk.devkmsg=on", "ignore_loglevel", LOG, *words,
        disk.parameter(boot.disks))))
    return Machine(**options)


def test_machine(boot, work, seed):
    """The machine that runs the groups of a boot and ends."""
    return machine(boot, work, "pkvm_test=" + ",".join(boot.groups), f"pkvm_seed={seed}")


def test_command(boot, work, seed):
    command = test_machine(boot, work, seed).command(work)
    if boot.gdb:
        command += ["-gdb", f"unix:{gdb_socket(work)},server=on,wait=off"]
    return command


def named(name):
    """The boot with this name, also if it is that of a test, BOOT/GROUP.NAME.

    Whoever mistypes it gets a ValueError that says which names are like it.
    """
    known = {b.name: b for b in boots.BOOTS + boots.matrix(True) + boots.matrix(False)}
    wanted = name.split("/")[0]
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=6, cutoff=0.5)
    near += [n for n in known if wanted in n and n not in near][:6 - len(near)]
    raise ValueError(f"no boot is called {wanted}; " + (
        "like it are: " + ", ".join(near) if near else
        "there are: " + ", ".join(b.name for b in boots.BOOTS)))
