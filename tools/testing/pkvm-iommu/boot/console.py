# SPDX-License-Identifier: GPL-2.0-only
"""What the console of one test boot says: results, and what must not happen."""

import re
from dataclasses import dataclass

STAMP = re.compile(r"^\[ *(\d+\.\d+)\](?:\[ *[TC]\d+\])? ?")
# A VM's console is in its host's. What it reports, the host does too.
VM = re.compile(r"^[\w-]+\| ")
# Ours are named GROUP.NAME. KUnit has results in the same log, without a group; what
# they are its files in debugfs say, which kunit.sh reads.
RESULT = re.compile(r"^(ok|not ok) \d+ ([\w-]+\.\S+)(?:\s+# SKIP\s*(.*))?$")
PLAN = re.compile(r"^1\.\.(\d+)$")

# Any of these makes the boot a failure, whatever the tests say. EL2 reports
# its own panics as "nVHE hyp panic" and a BUG at EL2 as "kvm: nVHE hyp BUG".
# A console that falls behind drops lines, and any of these could be among them.
TROUBLE = re.compile(
    r"Kernel panic|\bhyp panic|\bhyp BUG|^WARNING: |^kernel BUG|^BUG: |"
    r"Internal error: |Unable to handle kernel |self-detected stall|"
    r"detected stalls|soft lockup|blocked for more than|Bad page |"
    r"\bOops\b|KASAN: |UBSAN: |RIP: |"
    r"^\*\* \d+ printk messages dropped \*\*|"
    # Of a debug kernel: what it finds, and what it says when it stops looking
    r"^\[ BUG: |^INFO: trying to register non-static key|list_\w+ corruption|"
    r"^CPU \d+ left hardirqs enabled|preemption imbalance|^huh, entered |"
    r"Detected page leak|locking correctness validator|lockdep is turned off|"
    r"^DMA-API: (?!preallocated |debugging enabled |dma_debug_entry pool grown )")


@dataclass
class Result:
    name: str
    status: str             # ok, FAIL or skip
    seconds: float = 0.0
    why: str = ""


class Console:
    """Feed it lines; ask for results() when the machine is off."""

    def __init__(self, expected=""):
        self._expected = re.compile(expected) if expected else None
        self.found = {}         # name to Result, in order
        self.trouble = []       # lines that must not be there
        self.plan = None        # how many results the guest says it gave
        self.given = 0          # how many came
        self.seconds = 0.0      # guest time stamp of the last line
        self._last = 0.0        # of the last result
        self._notes = []        # "# ..." lines since the last result
        self._repeated = set()

    def feed(self, line):
        """One line without its end; returns a Result if the line is one."""
        line = line.rstrip()
        stamp = STAMP.match(line)
        if stamp:
            self.seconds = float(stamp[1])
            line = line[stamp.end():]
        vm = VM.match(line)
        if vm:
            self._look_for_trouble(STAMP.sub("", line[vm.end():]))
            return None
        if line.startswith("# "):
            self._notes.append(line[2:])
            return None
        self._look_for_trouble(line)
        plan = PLAN.match(line)
        if plan:
            self.plan = int(plan[1])
        match = RESULT.match(line)
        return self._result(match) if match else None

    def _look_for_trouble(self, line):
        if self._expected and self._expected.search(line):
            return
        if TROUBLE.search(line):
            self.trouble.append(line)

    def _result(self, match):
        verdict, name, skipped = match.groups()
        status = "ok" if verdict == "ok" else "FAIL"
        if status == "ok" and skipped is not None:
            status = "skip"
        why = skipped or ""
        if status == "FAIL":
            why = "; ".join(self._notes) or "no reason given"
        result = Result(name, status, self.seconds - self._last, why)
        self._last, self._notes = self.seconds, []
        self.given += 1
        if name in self.found:
            self._repeated.add(name)
        self.found[name] = result
        return result

    def results(self, planned, ended):
        """All results of the boot by name, in order of the plan.

        planned: names that had to come. ended: "" if the machine switched
        itself off, else what happened instead. A planned test without a result
        failed; one result more, "boot", is about the boot as a whole.
        """
        boot = self._boot_result(planned, ended)
        lost = "no result: " + (boot.why or "not run")
        out = [self.found.get(name) or Result(name, "FAIL", 0.0, lost)
               for name in planned]
        out += [r for name, r in self.found.items() if name not in planned]
        return out + [boot]

    def _boot_result(self, planned, ended):
        why = []
        if ended:
            why.append(ended)
        if self.trouble:
            why.append(f"{len(self.trouble)} bad lines, first: "
                       + self.trouble[0])
        extra = [name for name in self.found if name not in planned]
        if extra:
            why.append("results nobody planned: " + " ".join(extra))
        if self._repeated:
            why.append("results twice: " + " ".join(sorted(self._repeated)))
        if self.plan is None and not ended:
            why.append("the tests did not come to an end")
        if self.plan is not None and self.plan != self.given:
            why.append(f"{self.given} results came, {self.plan} were given")
        return Result("boot", "FAIL" if why else "ok", self.seconds,
                      "; ".join(why))
