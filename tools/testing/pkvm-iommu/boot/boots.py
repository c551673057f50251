# SPDX-License-Identifier: GPL-2.0-only
"""The boots of the test suite: which machine, which groups of tests."""

import itertools
from dataclasses import dataclass, field, replace

from plan import group_tests

@dataclass
class Boot:
    name: str
    groups: list                    # tests/GROUP.sh
    machine: dict = field(default_factory=dict)   # arguments of Machine
    disks: int = 0                  # images to make
    gdb: bool = False               # "# inject FAULT" breaks hardware: inject.py
    expected: str = ""              # trouble that the tests make on purpose
    filesystems: int = 0            # the first of them with a file system
    silence: int = 240              # seconds without a line that mean a hang
    total: int = 1200
    minutes: int = 0                # roughly; the longest boots start first

    def planned(self):
        """Names of all tests that must report."""
        return [f"{group}.{name}" for group in self.groups
                for name in group_tests(group)]


EDUS = ["edu", "edu"]

# Two disks, and two network devices on one wire
IO = {
    "devices": EDUS + [
        "ahci", "sata-disk", "nvme", "igb,romfile=,netdev=wire0",
        "virtio-net-pci,iommu_platform=on,disable-legacy=on,romfile=,"
        "netdev=wire1"],
    "qemu": ["-netdev", "hubport,id=wire0,hubid=0",
             "-netdev", "hubport,id=wire1,hubid=0"],
}
PAGING = "iommu.passthrough=0 iommu.strict=1"
STRICT = "iommu.strict=1"       # asks for the same, if not that loudly
LAZY = "iommu.passthrough=0 iommu.strict=0"


def with_io(**options):
    return {**IO, **options}


BOOTS = [
    Boot("control", ["control", "hostile_control"], {"devices": EDUS, "smmu": "none"}),
    Boot("stock", ["control_stock", "domain", "io", "platform", "plain_nvme"],
         with_io(mode="nvhe", append="iommu.passthrough=1"), disks=2),
    Boot("hypercall", ["cpu", "hypercall", "own", "paging", "domain"],
         {"devices": EDUS, "cpus": 1, "counters": True, "repeat": True}),
    Boot("hypercall-4cpu", ["hypercall", "paging", "domain"],
         {"devices": EDUS, "cpus": 4, "cpu": "cortex-a72", "memory": "3G"}, minutes=1),
    Boot("guest-calls", ["guest_calls", "guest_maps", "guest_memory", "guest_android"],
         {"devices": EDUS}, minutes=3),
    Boot("guest-plain", ["guest_plain"], {"devices": EDUS}, minutes=2),
    Boot("guest-events", ["guest_events"], {"devices": EDUS}),
    Boot("debug-16k", ["kunit", "hypercall", "trace", "guest_calls", "vm_streams", "checks"],
         {"devices": EDUS, "page": "16k", "debug": True,
          "append": "kunit.enable=1"}, minutes=2),
    Boot("assigned", ["assigned"],
         {"devices": EDUS, "assignable": "qemu,edu-pair"}),
    Boot("assigned-control", ["assigned_control"],
         {"devices": EDUS, "coherent": False}),
    Boot("assigned-lost", ["assigned_lost"],
         {"devices": EDUS, "assignable": "qemu,edu-pair"}),
    Boot("assigned-no-reset", ["assigned_no_reset"],
         {"devices": EDUS + ["nec-usb-xhci"], "assignable": "test,no-reset",
          "edu_coherent": False}),
    Boot("assigned-reset-optional", ["assigned_reset_optional"],
         {"devices": EDUS, "assignable": "test,no-reset", "quiet": True,
          "append": "arm_smmu_v3_pkvm.reset=optional"}),
    Boot("hostile-host", ["hostile"],
         {"devices": EDUS, "cpus": 4, "assignable": "qemu,edu-pair"}, total=2400, minutes=1),
    Boot("hostile-guest", ["hostile_guest"],
         {"devices": EDUS, "assignable": "qemu,edu-pair"}),
    Boot("churn", ["churn"], with_io(cpus=4), disks=2, minutes=2),
    Boot("churn-paging", ["churn"], with_io(append=PAGING), disks=2, minutes=1),
    Boot("identity", ["pvm", "attack", "io", "platform", "plain_nvme"],
         with_io(high_mmio=True), disks=2, minutes=1),
    Boot("paging", ["attack_paging", "sg", "io", "platform", "dma_api"],
         with_io(append=STRICT), disks=2),
    Boot("lazy", ["lazy", "io", "platform"], with_io(append=LAZY), disks=2),
    Boot("churn-lazy", ["churn"], with_io(append=LAZY), disks=2, minutes=1),
    Boot("stock-lazy", ["lazy"],
         {"devices": EDUS, "mode": "nvhe", "append": LAZY}),
    Boot("vm-lazy", ["vm_lazy"], {"platform_ahci": True},
         disks=1, filesystems=1, minutes=1),
    Boot("endpoints", ["endpoints"], minutes=1),
    Boot("stat", ["stat"], {"devices": EDUS, "reserved": True,
                            "append": "pkvm_iommu=required"}),
    Boot("isolation", ["isolation"],
         {"spare_smmu": True, "append": "pkvm_iommu=required"}),
    Boot("polled", ["polled"], {"devices": EDUS, "wired": False}, gdb=True),
    Boot("kdump", ["kdump", "kdump_crash"],
         {"devices": ["nvme"], "append": "crashkernel=256M"}, disks=1,
         # pKVM never lets CPUs go, which the kernel warns of
         expected=r"Kernel panic - not syncing: sysrq triggered crash|"
                  r"^WARNING: .*machine_kexec\+"),
    Boot("vm-driver", ["vm_driver", "vm_dma_api"]),
    Boot("noncoherent", ["dma_api", "vm_dma_api"],
         {"edu_coherent": False, "devices": ["nvme"], "append": PAGING}, disks=1),
    Boot("vm", ["vm_streams", "vm_disk"], {"platform_ahci": True},
         disks=1, filesystems=1),
    Boot("vm-two", ["vm_two"], {"platform_ahci": True, "cpus": 4},
         disks=1, filesystems=1),
    Boot("vm-maps", ["vm_maps"], {"memory": "2G", "cpus": 4}),
    Boot("vm-kill", ["vm_kill"], {"platform_ahci": True},
         disks=1, filesystems=1, minutes=3),
    Boot("vm-plain", ["vm_plain"], minutes=1),
    Boot("vm-assigned", ["vm_assigned"], {"assignable": "qemu,edu-pair"}),
    Boot("vm-unverified", ["vm_unverified"], {"spare_smmu": True}),
    Boot("vm-faults", ["vm_faults"]),
    Boot("smmu-error", ["smmu_error"], {"devices": EDUS}, gdb=True),
    Boot("smmu-hangs", ["smmu_hangs"], {"devices": EDUS}, gdb=True),
    Boot("vm-stage1", ["vm_streams"], {"smmu": "1", "cpu": "neoverse-v1"}, minutes=1),
    Boot("vm-stage2", ["vm_streams"], {"smmu": "2", "cpu": "cortex-a72"}),
]

def checked(boot):
    """The same boot, of the kernel that checks itself. It takes its time."""
    machine = {**boot.machine, "page": "16k", "debug": True}
    if not exists(machine):
        del machine["cpu"]
    return replace(boot, machine=machine, silence=4 * boot.silence,
                   total=4 * boot.total)


# The machine's properties that the hypervisor's code depends on
AXES = {
    "smmu": ("nested", "1", "2"),
    "page": ("4k", "16k", "64k"),
    "cpus": (1, 4),
    "memory": ("512M", "8G"),
    "cpu": ("neoverse-v1", "cortex-a72", "max"),
    "coherent": (True, False),
    "features": ("all", "least"),
}

# Whose kernel checks itself: not one more kernel to build
CHECKED = ("16k",)

# A kernel parameter makes EL2 do without optional features of the SMMU
FEATURES = {"all": "", "least": "arm_smmu_v3_pkvm.without=2lvl,ril,bbml2"}


def owned_line(machine):
    """What the host's driver says of EL2's SMMU; dots stand for spaces."""
    stage = 1 if machine["smmu"] == "1" else 2
    least = machine["features"] == "least"
    line = (f"stage {stage}, [0-9]*-bit, "
            f"{'linear' if least else '2-level'} stream table, "
            f"{'' if machine['coherent'] else 'non-'}coherent"
            f"{'' if least else ', range invalidation, BBM level 2'}")
    return line.replace(" ", ".")


def pairs_of(machine):
    """Every two properties of a machine with their values."""
    return set(itertools.combinations(sorted(machine.items()), 2))


def exists(machine):
    """A Cortex-A72 has no 16k pages: a kernel built for them does not start."""
    return (machine.get("cpu"), machine["page"]) != ("cortex-a72", "16k")


def all_machines():
    machines = [dict(zip(AXES, values))
                for values in itertools.product(*AXES.values())]
    return [m for m in machines if exists(m)]


def covering(machines):
    """A small selection in which every two values still occur together."""
    left = set().union(*map(pairs_of, machines))
    chosen = []
    while left:
        best = max(machines, key=lambda m: len(pairs_of(m) & left))
        chosen.append(best)
        left -= pairs_of(best)
    return chosen


def matrix_boot(machine):
    name = "-".join(("matrix", "s" + machine["smmu"], machine["page"],
                     f"{machine['cpus']}cpu", machine["memory"],
                     machine["cpu"],
                     "coherent" if machine["coherent"] else "noncoherent",
                     machine["features"]))
    options = {k: v for k, v in machine.items() if k != "features"}
    options["debug"] = machine["page"] in CHECKED
    append = f"{FEATURES[machine['features']]} pkvm_owned={owned_line(machine)}"
    groups = ["matrix", "checks"] if options["debug"] else ["matrix"]
    return Boot(name, groups, with_io(**options, append=append), disks=2)


def every_second(machines):
    """All that differ in more than the last two properties.

    Those two alternate, so that each value still meets most of the others.
    """
    return [m for n, m in enumerate(machines) if n % 4 == (n // 4) % 4]


def matrix(everything):
    """All machines, or a selection that covers every two properties."""
    machines = all_machines()
    if everything:
        return [matrix_boot(m) for m in every_second(machines)]
    return [matrix_boot(m) for m in covering(machines)]
