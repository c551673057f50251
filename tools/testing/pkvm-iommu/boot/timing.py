# SPDX-License-Identifier: GPL-2.0-only
"""In which order boots start, and where the time of a test run went."""

import time


def weight(boot, jobs):
    """A machine with many CPUs keeps as many of ours busy, if we have them."""
    return min(jobs, max(1, boot.machine.get("cpus", 2) // 2))


def heavy_first(selected, jobs):
    """In an order in which no job waits for the others to end, but once."""
    return sorted(selected, key=lambda boot: -weight(boot, jobs))


def spent_line(spent):
    """Where the time went, of what took any."""
    return ("time: " + ", ".join(f"{what} {seconds:.0f} s" for what, seconds in spent) +
            f"; {sum(seconds for _, seconds in spent):.0f} s in all")


def spent_before(text):
    """WHAT=SECONDS,... of who called us, as pairs."""
    pairs = (part.split("=") for part in text.split(",") if part)
    return [(what, float(seconds)) for what, seconds in pairs]


def timed(spent, what, run, *args):
    start = time.monotonic()
    run(*args)
    spent.append((what, time.monotonic() - start))
