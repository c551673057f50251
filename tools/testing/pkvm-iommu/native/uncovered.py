#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is every line that the native tests do not reach accounted for?

Reads the JSON report of gcovr. uncovered.txt has an entry for each function with
such lines: file, function, how many lines, and why. An entry that is missing, or
that no line needs any more, is an error.
"""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../../../..")
EL2 = "arch/arm64/kvm/hyp/nvhe/iommu/"
# A ~ before the number: some runs reach them
ENTRY = re.compile(r"^(\S+\.[ch]) (\w+)\(\): (~?)(\d+): \S")
START = re.compile(r"^[a-z].*?(\w+)\([^;]*$")


def function_of(lines, number):
    """The function that a line is in: kernel style starts it in column 0."""
    for text in reversed(lines[:number]):
        match = START.match(text)
        if match:
            return match[1]
    return "?"


def uncovered(report):
    with open(report, encoding="utf-8") as f:
        files = json.load(f)["files"]
    found = {}
    for entry in files:
        name = entry["file"].removeprefix(EL2)
        with open(os.path.join(TOP, EL2, name), encoding="utf-8") as f:
            text = f.read().split("\n")
        for line in entry["lines"]:
            if line["count"] or line.get("gcovr/noncode"):
                continue
            key = (name, function_of(text, line["line_number"]))
            found.setdefault(key, []).append(line["line_number"])
    return found


def explained():
    """{(file, function): lines}, and those that are never reached."""
    entries, never = {}, set()
    with open(os.path.join(HERE, "uncovered.txt"), encoding="utf-8") as f:
        for line in f:
            match = ENTRY.match(line)
            if match:
                entries[match[1], match[2]] = int(match[4])
                if not match[3]:
                    never.add((match[1], match[2]))
    return entries, never


def main():
    found = uncovered(sys.argv[1])
    entries, never = explained()
    bad = 0
    for key in sorted(found):
        # Which turn of a race is taken differs a little from run to run
        if len(found[key]) > entries.get(key, 0):
            print(f"FAIL {key[0]} {key[1]}(): {len(found[key])} lines, "
                  f"{found[key]}, are not in uncovered.txt")
            bad += 1
    for key in sorted(never - set(found)):
        print(f"FAIL {key[0]} {key[1]}(): uncovered.txt is stale, "
              "all lines are reached")
        bad += 1
    print(f"uncovered.txt accounts for {len(entries)} functions"
          f"{'' if bad else ', and that is all'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
