# SPDX-License-Identifier: GPL-2.0-only
"""Disk images with known contents: the guest's reads have a truth outside."""

import hashlib
import os
import random
import subprocess
import tempfile

KNOWN = 1 << 20         # bytes at the start that the guest reads and compares
SIZE = 64 << 20         # the rest is for the guest to write


def known_bytes(number):
    return random.Random(number).randbytes(KNOWN)


def make(path, number):
    with open(path, "wb") as image:
        image.write(known_bytes(number))
        image.truncate(SIZE)
    return path


def make_filesystem(path, number):
    """An ext2 file system, prepared without mounting it, with one file."""
    with open(path, "wb") as image:
        image.truncate(SIZE)
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "known"), "wb") as known:
            known.write(known_bytes(number))
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-d", root, path],
                       check=True,
                       env={**os.environ, "PATH": os.environ.get("PATH", "") +
                            ":/sbin:/usr/sbin"})
    return path


def parameter(count):
    """Kernel command line: what the known bytes of each disk sum up to."""
    sums = (hashlib.md5(known_bytes(n)).hexdigest() for n in range(count))
    return "pkvm_disks=" + ",".join(sums) if count else ""
