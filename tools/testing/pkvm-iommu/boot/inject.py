# SPDX-License-Identifier: GPL-2.0-only
"""Faults of the test machine's hardware, by QEMU's GDB stub.

In its physical mode the stub reaches registers of devices as a CPU would, also those
that the hypervisor keeps from everybody. The machine stands still meanwhile.
"""

import os
import re
import socket
import struct

import fdt

CMDQ_BASE, CMDQ_PROD, CMDQ_CONS = 0x90, 0x98, 0x9c
CMDQ_ADDR, CMDQ_LOG2SIZE = 0x000fffffffffffe0, 0x1f
BAD_OPCODE = 0xff

KERNEL = 0x40200000     # where QEMU puts the Image: its first byte is _text
MOV_W0_MINUS_EIO, RET = 0x12800080, 0xd65f03c0


class Stub:
    """As much of the GDB remote protocol as it takes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.rest = b""

    def close(self):
        self.socket.close()

    def _read(self):
        while True:
            start = self.rest.find(b"$")
            end = self.rest.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.rest) - 3:
                packet = self.rest[start + 1:end]
                self.rest = self.rest[end + 3:]
                self.socket.sendall(b"+")
                return packet.decode()
            data = self.socket.recv(4096)
            if not data:
                raise OSError("the GDB stub closed the connection")
            self.rest += data

    def call(self, text, answer=True):
        packet = text.encode()
        self.socket.sendall(b"$%s#%02x" % (packet, sum(packet) & 0xff))
        return self._read() if answer else ""

    def read(self, addr, size):
        return int.from_bytes(bytes.fromhex(self.call(f"m{addr:x},{size:x}")),
                              "little")

    def write(self, addr, data):
        got = self.call(f"M{addr:x},{len(data):x}:{data.hex()}")
        if got != "OK":
            raise OSError(f"the GDB stub does not write to {addr:#x}: {got}")


def address_of(symbol, image):
    """The physical address of a symbol of the kernel."""
    with open(os.path.join(os.path.dirname(image), "../../../System.map"),
              encoding="ascii") as f:
        symbols = f.read()
    text, addr = (int(re.search(rf"^(\w+) \w {name}$", symbols, re.M)[1], 16)
                  for name in ("_text", symbol))
    return KERNEL + addr - text


def smmu_of(dtb):
    """Where the SMMU is that the platform device of the tests is behind."""
    with open(dtb, "rb") as f:
        root = fdt.parse(f.read())
    edu_pair = next(node for name, node in root.children.items()
                    if name.startswith("edu-pair@"))
    phandle = edu_pair.cells("iommus")[:1]
    smmu = next(node for node in root.children.values()
                if "phandle" in node.props and node.cells("phandle") == phandle)
    high, low = smmu.cells("reg")[:2]
    return high << 32 | low


def smmu_bad_command(stub, smmu, _image):
    """A command that the SMMU does not know, behind what EL2 wrote last."""
    base = stub.read(smmu + CMDQ_BASE, 8)
    prod = stub.read(smmu + CMDQ_PROD, 4)
    if prod != stub.read(smmu + CMDQ_CONS, 4):
        raise OSError("the SMMU is at work")
    size = 1 << (base & CMDQ_LOG2SIZE)
    stub.write((base & CMDQ_ADDR) + prod % size * 16,
               struct.pack("<QQ", BAD_OPCODE, 0))
    stub.write(smmu + CMDQ_PROD,
               struct.pack("<I", (prod + 1) % (2 * size)))


def smmu_hangs(stub, smmu, image):
    """QEMU's SMMU can always be switched off: have EL2 find that it was not."""
    stub.write(address_of("__kvm_nvhe_smmu_disable", image),
               struct.pack("<II", MOV_W0_MINUS_EIO, RET))
    smmu_bad_command(stub, smmu, image)


FAULTS = {"smmu-bad-command": smmu_bad_command, "smmu-hangs": smmu_hangs}


def inject(name, path, image, dtb):
    """Stop the machine, do it, let it go on."""
    stub = Stub(path)
    try:
        stub.call("?")
        stub.call("Qqemu.PhyMemMode:1")
        FAULTS[name](stub, smmu_of(dtb), image)
        stub.call("D")
    finally:
        stub.close()
