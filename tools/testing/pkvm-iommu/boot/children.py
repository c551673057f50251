# SPDX-License-Identifier: GPL-2.0-only
"""The programs that the runner has started, so that it can end them before their time."""

import subprocess
import threading

_running = set()
_lock = threading.Lock()
_ended = False


class Child(subprocess.Popen):
    """A program that end_all() ends; "with" waits for it, as for any other."""

    def __init__(self, command, **options):
        with _lock:
            if _ended:
                raise RuntimeError("the runner ends")
            super().__init__(command, **options)
            _running.add(self)

    def __exit__(self, *exception):
        super().__exit__(*exception)
        with _lock:
            _running.discard(self)


def end_all():
    """End what runs, and let nothing new start."""
    global _ended
    with _lock:
        _ended = True
        for child in _running:
            child.terminate()
