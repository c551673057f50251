#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does the EL2 code keep to its layers? Prints what does not.

The core, devices and memory know no SMMUv3: none of its terms stands there, in code
or comments. Includes point downwards: what a folder may include is listed below.
"""

import os
import re
import sys
import tempfile

EL2 = "arch/arm64/kvm/hyp/nvhe/iommu"
TOPMOST = {"hw.h", "deadline.h"}
# folder: what it may include of ours besides its own
MAY_INCLUDE = {
    "": {"core", "device", "memory", "hw.h", "deadline.h"},
    "core": {"device", "memory", "hw.h", "deadline.h"},
    "device": {"core", "memory", "hw.h", "deadline.h"},
    "memory": set(),
    "smmu_v3": {"memory", "hw.h", "deadline.h"},
}
# What device/ may not know, though it is in core/: it is below VMs and their routes
HIDDEN = {"device": {"core/vm.h", "core/guest_page.h"}}
# hw.h is what both sides include
MAY_INCLUDE_FILE = {"hw.h": {"memory"}, "deadline.h": set()}
NEUTRAL = ("core", "device", "memory", "hw.h", "deadline.h")

# Whole words, or parts of a name between underscores. Page tables are those of CPUs,
# whose names have S1 or S2 in the middle.
TERMS = re.compile(
    r"(?<![A-Za-z0-9])(?:arm_smmu|smmu|SMMU|SMMUv3|STEs?|CDs?|L1STD|STRTAB|strtab|"
    r"CMDQ|cmdq|ECMDQ|ecmdq|EVTQ|evtq|EVENTQ|PRIQ|GERROR|GERRORN|GBPA|CR0|CR0ACK|"
    r"IDR\d|VMIDs?|vmid|ASIDs?|asid|TLBI|CFGI|CMD_SYNC|RIL|VATOS)"
    r"(?![A-Za-z0-9])|\bS[12]\b")
# Options keep the names that they have
OPTION = re.compile(r"\bCONFIG_\w+")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def ours(folder, name, root):
    """The path below EL2 that an include means, or None: it is not ours."""
    for path in (os.path.join(folder, name), name):
        if os.path.exists(os.path.join(root, path)):
            return os.path.normpath(path)
    return None


def include_errors(path, text, root):
    folder, name = os.path.split(path)
    may = MAY_INCLUDE_FILE.get(path, MAY_INCLUDE.get(folder))
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        target = ours(folder, match[1], root) if match else None
        if not target:
            continue
        part = target if target in TOPMOST else os.path.dirname(target)
        if part == folder and part not in TOPMOST:
            continue
        if may is None or part not in may or target in HIDDEN.get(folder, ()):
            yield f"{path}:{number}: {folder or name} must not include {target}"


def term_errors(path, text):
    if path.split("/")[0] not in NEUTRAL:
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = TERMS.search(OPTION.sub("", line))
        if match and not INCLUDE.match(line):
            yield f"{path}:{number}: {match[0]} is a term of the SMMUv3"


def errors(root):
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(n for n in names if n.endswith((".c", ".h"))):
            path = os.path.normpath(os.path.relpath(os.path.join(folder, name), root))
            with open(os.path.join(root, path), encoding="utf-8") as f:
                text = f.read()
            yield from include_errors(path, text, root)
            yield from term_errors(path, text)


# (file, its text, what is wrong or None)
SEEDED = (
    ("core/a.c", "#include <core/domain.h>\n#include <hw.h>\n/* an address space ID */", None),
    ("core/a.c", "\n/* The VMID is free */", "core/a.c:2: VMID is"),
    ("core/a.c", "smmu_issue(iommu);", "core/a.c:1: smmu is"),
    ("memory/a.h", "u64 strtab;", "memory/a.h:1: strtab is"),
    ("memory/a.c", "pte |= KVM_PTE_LEAF_ATTR_LO_S2_AF;", None),
    ("device/a.c", "#ifdef CONFIG_PKVM_IOMMU_RESET_EDU", None),
    ("core/a.c", "#include <smmu_v3/smmu.h>", "core/a.c:1: core must not include"),
    ("memory/a.c", "#include <core/domain.h>", "memory/a.c:1: memory must not include"),
    ("device/a.c", "#include <core/vm.h>", "device/a.c:1: device must not include"),
    ("smmu_v3/a.c", '#include "smmu.h"\n#include <hw.h>\n/* an STE */', None),
    ("smmu_v3/a.c", "#include <core/domain.h>", "smmu_v3/a.c:1: smmu_v3 must not include"),
    ("hw.h", "#include <core/domain.h>", "hw.h:1: hw.h must not include"),
)
HEADERS = ("hw.h", "core/domain.h", "core/vm.h", "smmu_v3/smmu.h")


def self_test():
    """Each seeded fault is found, and what is right is not."""
    for path, text, wrong in SEEDED:
        with tempfile.TemporaryDirectory() as root:
            for name in HEADERS + (path,):
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                    f.write(text if name == path else "")
            found = list(errors(root))
        if wrong and not (len(found) == 1 and found[0].startswith(wrong)):
            print(f"self-test: {text!r} in {path}: {found}, not {wrong!r}")
        if not wrong and found:
            print(f"self-test: {text!r} in {path}: {found}")


def main():
    if sys.argv[1] == "--self-test":
        self_test()
        return 0
    root = os.path.join(sys.argv[1], EL2)
    if not os.path.exists(os.path.join(root, "hw.h")):
        print(f"no {EL2}/hw.h")
    for error in errors(root):
        print(f"{EL2}/{error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
