#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot a test machine to a prompt: a described one, or that of a boot test.

With --gdb it waits for a debugger before its first instruction; the command that
starts one is printed, with the symbols of the kernel and of the hypervisor.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

import launch
from inject import KERNEL
from machine import DEVICES, OUT, Machine, machine_options

# Where EL2 has the memory from DRAM on, in a kernel without CONFIG_RANDOMIZE_BASE:
# kvm_compute_layout() flips the top bit of the address that the identity map has.
DRAM, HYP_VA = 0x40000000, 1 << 47


def hyp_offset(build):
    """From an address of the hypervisor in vmlinux to where EL2 runs it."""
    with open(os.path.join(build, "System.map"), encoding="ascii") as f:
        text = int(re.search(r"^(\w+) \w _text$", f.read(), re.M)[1], 16)
    return (HYP_VA + KERNEL - DRAM - text) % (1 << 64)


def debugger(build, socket):
    """The command that attaches; the hypervisor's symbols are __kvm_nvhe_*."""
    vmlinux = os.path.relpath(os.path.join(build, "vmlinux"))
    return (f"gdb-multiarch {vmlinux} \\\n"
            f"    -ex 'add-symbol-file {vmlinux} -o {hyp_offset(build):#x}' \\\n"
            f"    -ex 'target remote {socket}'")


def boot_options(parser):
    parser.add_argument("--boot", metavar="NAME",
                        help="the machine of this boot test; the name of a test will do")
    parser.add_argument("--variant", action="store_true",
                        help="print which kernel it boots (PAGE= DEBUG=), and end")
    parser.add_argument("--gdb", action="store_true", help="wait for a debugger")
    parser.add_argument("--seed", type=int, default=1)


def described_options(parser):
    machine_options(parser)
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--non-coherent", action="store_true")
    parser.add_argument("--assignable", default="",
                        help="give the platform device this compatible string "
                        "and let protected VMs have it")
    parser.add_argument("--device", action="append", default=[],
                        help="one of: " + ", ".join(DEVICES))
    parser.add_argument("--disk", action="append", default=[])
    parser.add_argument("--append", default="")
    parser.add_argument("--print", action="store_true",
                        help="print the command instead")
    parser.add_argument("--workdir", default=os.path.join(OUT, "shell"))


def described(args):
    return Machine(cpu=args.cpu, smmu=args.smmu, mode=args.mode, page=args.page,
                   debug=args.debug, cpus=args.cpus, memory=args.memory,
                   coherent=not args.non_coherent, assignable=args.assignable,
                   devices=args.device, disks=args.disk, append=args.append)


def of_boot(args, boot):
    return launch.machine(boot, args.workdir, "pkvm_groups=" + ",".join(boot.groups),
                          f"pkvm_seed={args.seed}", *filter(None, [args.append]))


def command_of(args, machine):
    command = machine.command(args.workdir)
    if args.gdb:
        socket = launch.gdb_socket(args.workdir)
        command += ["-S", "-gdb", f"unix:{socket},server=on,wait=off"]
        print(f"It waits for a debugger. In another terminal, from here:\n"
              f"{debugger(machine.build, socket)}\n"
              f"then \"hbreak __kvm_nvhe_SYMBOL\" and \"continue\".", flush=True)
    return command


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    boot_options(parser)
    described_options(parser)
    args = parser.parse_args()
    try:
        boot = launch.named(args.boot) if args.boot else None
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if args.variant:
        options = boot.machine if boot else vars(args)
        print(options.get("page", "4k"), "1" if options.get("debug") else "")
        return 0

    shutil.rmtree(args.workdir, ignore_errors=True)
    os.makedirs(args.workdir)
    command = command_of(args, of_boot(args, boot) if boot else described(args))
    if args.print:
        print(" ".join(f"'{a}'" if " " in a else a for a in command))
        return 0
    try:
        return subprocess.run(command).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
