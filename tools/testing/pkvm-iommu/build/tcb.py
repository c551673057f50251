#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Lines of code at EL2, by folder and by option: neither comments nor blank lines.

With --ceiling it prints only what is too much: a folder that everybody trusts may not grow
unnoticed.
"""

import os
import re
import sys

EL2 = "arch/arm64/kvm/hyp/nvhe/iommu"
BASE = "PKVM_IOMMU"
SMMU_V3 = "ARM_SMMU_V3_PKVM"
FOLDER = re.compile(r"\$\(addprefix (\S+)/,")
OBJECTS = re.compile(r"^hyp-obj-\$\(CONFIG_(\w+)\) \+= (.*)$", re.MULTILINE)
# What every machine with DMA isolation trusts: calls, core, memory and the SMMUv3
TRUSTED = ("", "core", "memory", "smmu_v3")
# Lower it with the code; a commit that raises it says what for
CEILING = 4265

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\])*")', re.DOTALL)


def code_lines(text):
    """Lines on which something is left without comments."""
    def without(match):
        return match[1] or "\n" * match[0].count("\n")
    return sum(bool(line.strip()) for line in COMMENT.sub(without, text).split("\n"))


def options(root):
    """{file without its ending, or folder: option} of what the Makefile gives an option."""
    with open(os.path.join(root, "Makefile"), encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    found = {}
    for option, objects in OBJECTS.findall(text):
        folder = FOLDER.search(objects)
        names = [folder[1]] if folder else re.findall(r"(\S+)\.o\b", objects)
        found.update((name.removeprefix("iommu/"), option) for name in names)
    return found


def count(root):
    """{(folder, option): lines}"""
    option, lines = options(root), {}
    for where, _, names in os.walk(root):
        for name in names:
            if not name.endswith((".c", ".h")):
                continue
            path = os.path.normpath(os.path.relpath(os.path.join(where, name), root))
            with open(os.path.join(root, path), encoding="utf-8") as f:
                nr = code_lines(f.read())
            stem, folder = os.path.splitext(path)[0], os.path.dirname(path)
            key = folder, option.get(stem, option.get(folder, BASE))
            lines[key] = lines.get(key, 0) + nr
    return lines


def main():
    lines = count(os.path.join(sys.argv[1], EL2))
    trusted = sum(nr for (folder, option), nr in lines.items()
                  if folder in TRUSTED and option in (BASE, SMMU_V3))
    if "--ceiling" in sys.argv[2:]:
        if trusted > CEILING:
            print(f"{trusted} lines of core, memory and SMMUv3 are more than {CEILING}")
        return 0
    for (folder, option), nr in sorted(lines.items()):
        print(f"{nr:6} {folder + '/' if folder else '(calls, hw.h)':14} CONFIG_{option}")
    print(f"{trusted:6} core + memory + SMMUv3")
    print(f"{sum(lines.values()):6} in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
