# SPDX-License-Identifier: GPL-2.0-only
"""Run one program and follow what it prints, for as long as it does something."""

import os
import selectors
import subprocess
import time

from children import Child


def run_command(command, log_path, on_line, silence, total):
    """Run until the end; on_line() gets each line, log_path all of the bytes.

    Returns "" when it ended by itself and well, else what happened. It is
    killed after silence seconds without output, or after total seconds.
    """
    start = time.monotonic()
    with open(log_path, "wb") as log, \
         Child(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
               stderr=subprocess.STDOUT) as process:
        try:
            ended = _follow(process, log, on_line, silence, start + total)
        finally:
            if process.poll() is None and process.stdout.closed is False:
                _reap(process)
    if ended:
        return f"{ended} {time.monotonic() - start:.0f} s"
    if process.returncode:
        return f"QEMU ended with status {process.returncode}"
    return ""


def _reap(process):
    """It closed its output or was given up: it gets a moment, then ends."""
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()


def _follow(process, log, on_line, silence, deadline):
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                process.kill()
                return "not done after"
            if not selector.select(min(silence, left)):
                if left > silence:
                    process.kill()
                    return "no output, given up after"
                continue
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            log.write(data)
            log.flush()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                on_line(line.decode(errors="replace").rstrip("\r"))
    if rest:
        on_line(rest.decode(errors="replace"))
    return ""
