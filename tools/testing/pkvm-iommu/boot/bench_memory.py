# SPDX-License-Identifier: GPL-2.0-only
"""What a protected VM without a device pays: instructions of the whole machine.

Each page that the host gives to a VM must leave the reach of the host's devices. What
that costs is the difference between memory that the VM touches for the first time, and
the same memory again: with an SMMU that EL2 owns, and with pKVM on a machine that has
none. The life of a VM is all that the machine executes from its start to its end.
"""

import os

from bench_boot import BEGIN, END, attempt, boot_marked
from bench_rows import Row

PAGES = 64 << 20 >> 12      # initramfs/tests/bench_vm_memory.sh
MEASURED = 5                # memory twice in each of two VMs, and the life of one
COMMON = dict(icount=True, waits=True, cpus=1, memory="1G", mode="protected",
              append="kvm.halt_poll_ns=0 norandmaps printk.devkmsg=on "
                     "pkvm_test=bench_vm_memory")
BOOTS = {
    "ours-memory": dict(COMMON, devices=["edu"]),
    "bare-memory": dict(COMMON, devices=[], smmu="none"),
}


def measure(name):
    """Boot one of BOOTS: (of a page that is given, million of the life of a VM)."""
    _, path = boot_marked(name, BOOTS[name])
    begun, spent = [], []
    with open(path, encoding="ascii", errors="replace") as f:
        for line in f:
            mark, number, executed = line.split()[:3]
            if (mark, number) == ("mark", str(BEGIN)):
                begun.append(int(executed))
            elif (mark, number) == ("mark", str(END)):
                spent.append(int(executed) - begun.pop())
    os.remove(path)
    # Those of a VM that ran before, of this one, and all of this one
    if len(spent) != MEASURED:
        raise ValueError(f"{len(spent)} parts were measured, not {MEASURED}")
    *_, new, again, life = spent
    return (new - again) / PAGES, life / 1e6


def rows():
    """Boot all of BOOTS."""
    ours, bare = (attempt(name, (None, None), measure, name) for name in BOOTS)
    return [Row("VM without device: page given to it", "instructions", ours[0], bare[0]),
            Row("VM without device: all of its life", "million instructions",
                ours[1], bare[1], target=1.0)]
