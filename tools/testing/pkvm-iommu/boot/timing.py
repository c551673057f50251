# SPDX-License-Identifier: GPL-2.0-only
"""In which order boots start, and where the time of a test run went."""

import time


def weight(boot, jobs):
    """A machine with many CPUs keeps as many of ours busy, if we have them."""
    return min(jobs, max(1, boot.machine.get("cpus", 2) // 2))


def longest_first(selected, jobs):
    """In an order in which no job waits for the others to end, but once."""
    return sorted(selected, key=lambda boot: (-weight(boot, jobs), -boot.minutes))


def jobs_of(cpus):
    """How many boots at a time keep the CPUs busy: each waits for a third of its time."""
    return cpus + cpus // 2


def parts(spent):
    """The pairs as text, with those of one name added up."""
    total = {}
    for what, seconds in spent:
        total[what] = total.get(what, 0) + seconds
    return ", ".join(f"{what} {seconds:.0f} s" for what, seconds in total.items())


def spent_line(spent, beside):
    """Where the time went. What ran beside the boots took none of its own."""
    return ("time: " + parts(spent) +
            (f" (beside them {parts(beside)})" if beside else "") +
            f"; {sum(seconds for _, seconds in spent):.0f} s in all")


def spent_before(text):
    """WHAT=SECONDS,... of who called us, as pairs."""
    pairs = (part.split("=") for part in text.split(",") if part)
    return [(what, float(seconds)) for what, seconds in pairs]


def timed(spent, what, run, *args):
    """Call, and note the seconds that it took; its result."""
    start = time.monotonic()
    result = run(*args)
    spent.append((what, time.monotonic() - start))
    return result
