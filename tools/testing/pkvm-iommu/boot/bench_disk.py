# SPDX-License-Identifier: GPL-2.0-only
"""What it costs to read a disk: instructions of the whole machine for one MiB.

All that the machine executes counts, at EL0 to EL2, in VM and host; that it waits
does not, nor what the disk does. The disk answers after a fixed time, so that the
machine waits for each request. It does so in real time: how often the timer ticks
meanwhile varies, and the figures with it, a little.
"""

import os
import re
import statistics

from bench_boot import BEGIN, END, MAP, attempt, boot_marked, names_in
from bench_rows import Row

MIB, ROUNDS = 4, 25      # of each round, and their number: programs/disk_read.c
# Zeroes, after 0.3 ms
DISK = "null-co://,file.size=64M,file.latency-ns=300000,file.read-zeroes=on"

# A host that polls while its VM waits would be busy doing nothing
COMMON = dict(icount=True, waits=True, cpus=1, memory="1G",
              append="iommu.strict=1 kvm.halt_poll_ns=0 norandmaps "
                     "printk.devkmsg=on pkvm_test=")
HOST = dict(COMMON, devices=["ahci", "sata-disk", "nvme"], disks=[DISK, DISK],
            append=COMMON["append"] + "bench_disk")
BOOTS = {
    "stock-disk": dict(HOST, mode="nvhe"),
    "ours-disk": HOST,
    "vm-disk": dict(COMMON, platform_ahci=True, disks=[DISK],
                    append=COMMON["append"] + "bench_vm_disk"),
}
NAME = re.compile(r"# disk (\S+)")

# (name, ours, stock)
TABLE = [(f"host, {domain}, {disk}, {kib} KiB", *2 * (f"{domain}.{key}-{kib}",))
         for domain in ("identity", "paging")
         for disk, key, kib in (("AHCI", "ahci", 128), ("AHCI", "ahci", 32),
                                ("NVMe", "nvme", 128))]
TABLE.append(("protected VM, AHCI, 32 KiB", "vm.ahci-32", "paging.ahci-32"))


def measure(name):
    """Boot one of BOOTS: {what is read: instructions per MiB}."""
    lines, path = boot_marked(name, BOOTS[name])
    with open(path, encoding="ascii", errors="replace") as f:
        series = series_in(f)
    os.remove(path)
    return medians(names_in(lines, NAME), series)


def series_in(log):
    """The rounds of each time that a disk was read, in instructions."""
    series, begin = [], 0
    for line in log:
        mark, number, executed = line.split()[:3]
        if (mark, number) == ("mark", str(MAP)):
            series.append([])
        elif (mark, number) == ("mark", str(BEGIN)):
            begin = int(executed)
        elif (mark, number) == ("mark", str(END)):
            series[-1].append(int(executed) - begin)
    return series


def medians(names, series):
    """Of those that came to their end; each was named before it began."""
    return {what: statistics.median(rounds) / MIB
            for what, rounds in zip(names, series) if len(rounds) == ROUNDS}


def rows():
    """Boot all of BOOTS."""
    stock, ours, vm = (attempt(name, {}, measure, name) for name in BOOTS)
    ours.update(vm)
    return [Row(f"read 1 MiB: {name}", "instructions per MiB", ours.get(key),
                stock.get(against)) for name, key, against in TABLE]
