# SPDX-License-Identifier: GPL-2.0-only
"""Disk images with known contents: the guest's reads have a truth outside."""

import hashlib
import random

KNOWN = 1 << 20         # bytes at the start that the guest reads and compares
SIZE = 64 << 20         # the rest is for the guest to write


def known_bytes(number):
    return random.Random(number).randbytes(KNOWN)


def make(path, number):
    with open(path, "wb") as image:
        image.write(known_bytes(number))
        image.truncate(SIZE)
    return path


def parameter(count):
    """Kernel command line: what the known part of each disk sums up to."""
    sums = (hashlib.md5(known_bytes(n)).hexdigest() for n in range(count))
    return "pkvm_disks=" + ",".join(sums) if count else ""
