# SPDX-License-Identifier: GPL-2.0-only
"""The test machine: from a short description to a QEMU command and its DTB.

    machine = Machine(cpu="cortex-a72", smmu="2", devices=["edu", "nvme"])
    subprocess.run(machine.command("/some/empty/folder"))
"""

import os
import re
import subprocess
from dataclasses import dataclass, field

import fdt

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../../.."))
OUT = os.environ.get("OUT") or os.path.join(TOP, "out")

CPUS = {"neoverse-v1": "neoverse-v1",       # VHE hardware: pKVM uses hVHE
        "cortex-a72": "cortex-a72",         # no VHE: pKVM uses nVHE
        "max": "max,pauth-impdef=on"}       # newest; cheap pointer signatures

# 10.0 was the first machine with a nested SMMU; before, one stage or the other.
SMMU_10 = ["-machine", "virt-10.0,iommu=smmuv3"]
SMMU_9 = ["-machine", "virt-9.1,iommu=smmuv3"]
SMMUS = {"nested": SMMU_10,
         "1": SMMU_9 + ["-global", "arm-smmuv3.stage=1"],
         "2": SMMU_9 + ["-global", "arm-smmuv3.stage=2"],
         "none": ["-machine", "virt-10.0"]}

# Short names of devices; {disk} takes the next of the disks. Any other text
# is given to -device as it is.
DEVICES = {
    "edu": "edu,dma_mask=0xffffffffffffffff",
    "ahci": "ich9-ahci,id=ahci",
    "nvme": "nvme,serial=nvme0,drive={disk}",
    "sata-disk": "ide-hd,bus=ahci.0,drive={disk}",
    "virtio-blk": "virtio-blk-pci,iommu_platform=on,disable-legacy=on,drive={disk}",
    "virtio-net": "virtio-net-pci,iommu_platform=on,disable-legacy=on,"
                  "romfile=,netdev=net0",
    "igb": "igb,romfile=,netdev=net1",
    "xhci": "qemu-xhci",
    "usb-disk": "usb-storage,drive={disk}",
    "bridge": "pcie-pci-bridge,id=bridge",
    "edu-behind-bridge": "edu,bus=bridge,addr=1.0,"
                         "dma_mask=0xffffffffffffffff",
}

# The platform device is made of two edu functions in these slots, another
# platform device of an AHCI function behind a root port in the next.
EDU_SLOTS = (1, 2)
AHCI_PORT_SLOT = 3
QUIET_SLOT = 3          # an edu function that is only registers
FIRST_FREE_SLOT = 3     # if there is neither

# Their registers. Nothing but Linux's PCI core assigns BARs here, always the
# same way: from the bottom of the 32-bit window, largest alignment first, and
# in slot order among equals. An edu BAR has 1 MiB, as have a root port's and a
# bridge's window, and no other device above has more, so the first are always
# those of slots 1 to 3 (seen with all devices above). That is what the root
# port is for: AHCI's own BAR has 4 KiB.
# No PCI driver binds these functions, so nobody switches them on: before the
# first access the guest writes 1 to /sys/bus/pci/devices/*/enable, and the bus
# master bit to config; pkvm_platform= on its command line names them.
EDU_SIZE = 0x100000
EDU_BARS = (0x10000000, 0x10100000)
QUIET_BAR = 0x10200000
AHCI_BAR = 0x10200000
AHCI_SIZE = 0x1000
AHCI_RID = 1 << 8       # the root port's is the first bus behind the root's
EDU_PHANDLE = 0xed00    # QEMU counts its own up from 0x8000
QUIET_PHANDLE = 0xed01

# An SMMU that nobody needs is where QEMU's virt machine has flash: nothing may use it,
# but an access would do no harm.
SPARE_SMMU = 0x04000000
SPARE_PHANDLE = 0x5a00

# Memory that the device in this slot needs mapped as it is, if there is any
RESERVED_SLOT = 4
RESERVED_PHANDLE, RESERVED_USER_PHANDLE = 0x5e00, 0x5e01
RESERVED_MEMORY, RESERVED_SIZE = 0x60000000, 0x10000

# Counters of an SMMU, in its registers and beside them: where QEMU's virt machine has
# flash, since an access that nothing stops must do no harm.
INNER_COUNTERS_OFFSET = 0x2000
COUNTERS = 0x06000000

# How QEMU wires INTA of a slot on the root bus: SPIs 3 to 6 in turn.
PCI_SPI, SPI, LEVEL_HIGH = 3, 0, 4


def qemu_program():
    return os.environ.get("QEMU") or "qemu-system-aarch64"


@dataclass
class Machine:
    """What to boot. Every field has a default that gives the usual machine."""

    cpu: str = "neoverse-v1"    # a key of CPUS
    smmu: str = "nested"        # the stages it has: nested, 1, 2; or none
    mode: str = "protected"     # kvm-arm.mode=: protected, nvhe, ...
    page: str = "4k"            # page size of the kernel: 4k, 16k, 64k
    debug: bool = False         # kernel that checks itself: debug.config
    cpus: int = 2
    memory: str = "1G"
    coherent: bool = True       # False: the SMMU's table walks do not snoop
    wired: bool = True          # False: the SMMU has no interrupts
    spare_smmu: bool = False    # the device tree has one more, switched off, and
                                # a device behind it
    reserved: bool = False      # firmware demands direct mappings for a device
    counters: bool = False      # the SMMU has performance counters (PMCG)
    repeat: bool = False        # ... an erratum: invalidations have to come twice
    high_mmio: bool = False     # large registers of PCI devices are above 1 TiB
    platform_edu: bool = True   # the platform device with two stream IDs
    edu_coherent: bool = True   # False: the DMA of that device does not snoop
    platform_ahci: bool = False  # AHCI as a platform device, has the first disk
    assignable: str = ""        # the compatible string of the platform device, if
                                # a protected VM can get it as a whole
    quiet: bool = False         # ... with another one that has no streams
    devices: list = field(default_factory=list)  # keys of DEVICES, or text
    disks: list = field(default_factory=list)    # raw images, in order of use
    append: str = ""            # more kernel command line
    icount: bool = False        # time is counted in instructions
    waits: bool = False         # with icount: a machine that waits takes its time,
                                # otherwise what it waits for comes at once
    qemu: list = field(default_factory=list)     # more QEMU arguments
    kernel: str = ""            # default: this build's Image
    initrd: str = ""            # default: this build's initramfs

    def __post_init__(self):
        if self.cpu not in CPUS:
            raise ValueError(f"cpu {self.cpu}: not one of {', '.join(CPUS)}")
        if self.smmu not in SMMUS:
            raise ValueError(f"smmu {self.smmu}: not one of {', '.join(SMMUS)}")
        if self.smmu == "none":     # they would have no IOMMU to be behind
            self.platform_edu = self.platform_ahci = False
        if self.platform_ahci and not self.platform_edu:
            raise ValueError("platform_ahci is where it is behind platform_edu")
        if self.quiet and (self.platform_ahci or not self.assignable):
            raise ValueError("quiet is a part of assignable, in platform_ahci's place")
        variant = ("" if self.page == "4k" else "-" + self.page) + \
                  ("-debug" if self.debug else "")
        self.build = os.path.join(OUT, "build" + variant)
        self.kernel = self.kernel or os.path.join(self.build, "arch/arm64/boot/Image")
        self.initrd = self.initrd or os.path.join(
            OUT, f"initramfs{variant}.cpio")

    def command(self, workdir):
        """The QEMU command; puts the device tree it needs into workdir.

        The console is on standard input and output. QEMU ends when the guest
        powers off or reboots.
        """
        dtb = os.path.join(workdir, "machine.dtb")
        self._write_dtb(dtb)
        return self._board() + self._devices() + self.qemu + [
            "-nographic", "-no-reboot", "-dtb", dtb,
            "-kernel", self.kernel, "-initrd", self.initrd,
            "-append", self.cmdline()]

    def cmdline(self):
        line = f"console=ttyAMA0 panic=-1 kvm-arm.mode={self.mode}"
        if self.debug:      # the one check that is off otherwise
            line += " iommu.debug_pagealloc=1"
        if self.platform_edu:
            functions = [f"0000:00:{s:02x}.0" for s in EDU_SLOTS]
            if self.quiet:
                functions.append(f"0000:00:{QUIET_SLOT:02x}.0")
            if self.platform_ahci:
                functions.append("0000:01:00.0")
                # It would find the function and nothing that its DMA may reach
                line += " initcall_blacklist=ahci_pci_driver_init"
            line += (" vfio_platform.reset_required=0 pkvm_platform=" +
                     ",".join(functions))
        return f"{line} {self.append}".strip()

    def _board(self):
        """What the device tree depends on."""
        accel = ["-accel", "tcg,thread=multi"]
        if self.icount:
            accel = ["-accel", "tcg", "-icount",
                     f"shift=0,sleep={'on' if self.waits else 'off'}"]
        if self.high_mmio:
            accel += ["-machine", "highmem-mmio-size=4T"]
        return [qemu_program(), *SMMUS[self.smmu],
                "-machine", "virtualization=on,gic-version=3",
                "-cpu", CPUS[self.cpu], "-smp", str(self.cpus),
                "-m", self.memory, "-nic", "none", *accel]

    def _devices(self):
        args, disks, slot = [], 0, FIRST_FREE_SLOT
        devices = list(self.devices)
        if self.platform_edu:
            for edu_slot in EDU_SLOTS:
                args += ["-device", f"{DEVICES['edu']},addr={edu_slot}.0"]
        if self.platform_ahci:
            args += ["-device", "pcie-root-port,id=ahci-port,hotplug=off,"
                     f"addr={AHCI_PORT_SLOT}.0",
                     "-device", "ich9-ahci,id=platform-ahci,bus=ahci-port"]
            devices.insert(0, "ide-hd,bus=platform-ahci.0,drive={disk}")
            slot = AHCI_PORT_SLOT + 1
        if self.quiet:
            args += ["-device", f"edu,addr={QUIET_SLOT}.0"]
            slot = QUIET_SLOT + 1
        for path in self.disks:
            args += ["-drive", f"if=none,id=disk{disks},format=raw,file={path}"]
            disks += 1
        taken = 0
        for name in devices:
            device = DEVICES.get(name, name)
            if "{disk}" in device:
                device = device.replace("{disk}", f"disk{taken}")
                taken += 1
            net = re.search(r"netdev=(net\d+)", device)
            if net:
                args += ["-netdev", f"user,id={net[1]},restrict=on"]
            if "bus=" not in device and not device.startswith("usb-"):
                device += f",addr={slot}.0"
                slot += 1
            args += ["-device", device]
        if taken > disks:
            raise ValueError(f"{taken} disks needed, {disks} given")
        return args

    def _write_dtb(self, path):
        board = self._board()
        board += ["-machine", f"dumpdtb={path}"]
        run = subprocess.run(board, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"QEMU made no device tree: {run.stderr}")
        with open(path, "rb") as f:
            root = fdt.parse(f.read())
        if self.smmu != "none":
            smmu = root.find("arm,smmu-v3")
            if not self.coherent:   # what the root node says would go down
                del smmu.props["dma-coherent"]
                smmu.props["dma-noncoherent"] = b""
            if self.repeat:
                smmu.props["compatible"] = fdt.strings("nvidia,tegra264-smmu",
                                                       "arm,smmu-v3")
            if self.counters:
                inner = smmu.cells("reg")[1] + INNER_COUNTERS_OFFSET
                for name, base in (("inner-counters", inner),
                                   ("counters", COUNTERS)):
                    root.add(f"{name}@{base:x}", reg=fdt.cells(0, base, 0, 0x1000),
                             compatible=fdt.strings("arm,smmu-v3-pmcg"))
            if self.platform_edu:
                edu_pair = add_platform_device(
                    root, "edu-pair", self.assignable or "qemu,edu-pair",
                    regs=[(bar, EDU_SIZE) for bar in EDU_BARS],
                    rids=[slot << 3 for slot in EDU_SLOTS], slots=EDU_SLOTS,
                    coherent=self.edu_coherent)
            if self.platform_edu and self.assignable:
                edu_pair.props["phandle"] = fdt.cells(EDU_PHANDLE)
                members = [EDU_PHANDLE]
                if self.quiet:
                    members.append(QUIET_PHANDLE)
                    root.add(f"registers@{QUIET_BAR:x}",
                             compatible=fdt.strings("test,registers"),
                             reg=fdt.cells(0, QUIET_BAR, 0, EDU_SIZE),
                             phandle=fdt.cells(QUIET_PHANDLE))
                root.add("device-assignment",
                         compatible=fdt.strings("pkvm,device-assignment")).add(
                             "group-0", devices=fdt.cells(*members))
            if self.platform_ahci:
                # A VMM calls it generic-ahci; the host's driver for that would
                # bind to it at boot, when the function is still off
                add_platform_device(
                    root, "sata", "qemu,ich9-ahci",
                    regs=[(AHCI_BAR, AHCI_SIZE)], rids=[AHCI_RID],
                    slots=[AHCI_PORT_SLOT])
        if self.smmu != "none" and not self.wired:
            del smmu.props["interrupts"], smmu.props["interrupt-names"]
        if self.spare_smmu:
            add_spare_smmu(root)
        if self.reserved:
            add_reserved_memory(root)
        with open(path, "wb") as f:
            f.write(fdt.serialize(root))


def add_spare_smmu(root):
    """As board files have it: the SMMU is off, the device behind it is not."""
    root.add(f"smmuv3@{SPARE_SMMU:x}", compatible=fdt.strings("arm,smmu-v3"),
             reg=fdt.cells(0, SPARE_SMMU, 0, 0x20000),
             status=fdt.strings("disabled"),
             phandle=fdt.cells(SPARE_PHANDLE)).props["#iommu-cells"] = fdt.cells(1)
    root.add("behind-spare-smmu", compatible=fdt.strings("test,behind-spare-smmu"),
             iommus=fdt.cells(SPARE_PHANDLE, 0))


def add_reserved_memory(root):
    """Memory that one PCI device goes on using, whatever the kernel does."""
    region = [0, RESERVED_MEMORY, 0, RESERVED_SIZE]
    two = fdt.cells(2)
    memory = root.add("reserved-memory", ranges=b"")
    memory.props.update({"#address-cells": two, "#size-cells": two})
    memory.add(f"buffer@{RESERVED_MEMORY:x}", reg=fdt.cells(*region),
               # An address of PCI has three cells, without type here
               iommu_addresses=fdt.cells(RESERVED_USER_PHANDLE, 0, *region),
               phandle=fdt.cells(RESERVED_PHANDLE))
    root.find("pci-host-ecam-generic").add(
        f"device@{RESERVED_SLOT:x},0",
        reg=fdt.cells(RESERVED_SLOT << 11, 0, 0, 0, 0),
        memory_region=fdt.cells(RESERVED_PHANDLE),
        phandle=fdt.cells(RESERVED_USER_PHANDLE))


def add_platform_device(root, name, compatible, regs, rids, slots,
                        coherent=True):
    """Describe PCI functions as one platform device.

    On the bus they are PCI functions still; without an entry in the host
    bridge's iommu-map the PCI side has no IOMMU for them, so that their stream
    IDs belong to the platform device alone.
    """
    phandle, = root.find("arm,smmu-v3").cells("phandle")
    pci = root.find("pci-host-ecam-generic")
    pci.props["iommu-map"] = without_rids(pci.cells("iommu-map"), rids)
    return root.add(
        f"{name}@{regs[0][0]:x}", compatible=fdt.strings(compatible),
        reg=fdt.cells(*(c for bar, size in regs for c in (0, bar, 0, size))),
        iommus=fdt.cells(*(c for rid in rids for c in (phandle, rid))),
        interrupts=fdt.cells(*(c for slot in slots for c in
                               (SPI, PCI_SPI + slot % 4, LEVEL_HIGH))),
        **{"dma_coherent" if coherent else "dma_noncoherent": b""})


def without_rids(iommu_map, rids):
    """Take requester IDs out of an iommu-map of (rid, phandle, sid, count)."""
    entries = [iommu_map[i:i + 4] for i in range(0, len(iommu_map), 4)]
    for rid in rids:
        kept = []
        for first, phandle, sid, count in entries:
            before, after = rid - first, first + count - (rid + 1)
            if before < 0 or after < 0:
                kept.append([first, phandle, sid, count])
                continue
            if before:
                kept.append([first, phandle, sid, before])
            if after:
                kept.append([rid + 1, phandle, sid + before + 1, after])
        entries = kept
    return fdt.cells(*(cell for entry in entries for cell in entry))


def machine_options(parser):
    """The options of everything that boots one machine."""
    parser.add_argument("--cpu", default="neoverse-v1", choices=CPUS)
    parser.add_argument("--smmu", default="nested", choices=SMMUS)
    parser.add_argument("--mode", default="protected")
    parser.add_argument("--page", default="4k", choices=("4k", "16k", "64k"))
    parser.add_argument("--debug", action="store_true")
