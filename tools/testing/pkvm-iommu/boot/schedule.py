# SPDX-License-Identifier: GPL-2.0-only
"""Run boots as soon as they can, and beside them what else there is to do.

Boots wait for devices and for each other's CPUs, which leaves time for compilers. So the
kernels that only some boots need are built, and the native suites run, while other boots
run: one after the other, at the lowest priority, so that no boot waits for them.
"""

import os
import threading

import timing

LOWEST = 19


class Background(threading.Thread):
    """Does tasks, (what, key, function), one after the other; keeps the seconds of each."""

    def __init__(self, tasks, changed):
        super().__init__(daemon=True)
        self._tasks, self._changed = tasks, changed
        self._left = {key for _, key, _ in tasks}
        self.spent, self.error = [], None

    def run(self):
        os.nice(LOWEST)     # Linux: of this thread, and of what it starts
        for what, key, function in self._tasks:
            try:
                timing.timed(self.spent, what, function)
            except Exception as error:      # whoever waits for this must not wait on
                self.error = error
            with self._changed:
                if not self.error:
                    self._left.discard(key)
                self._changed.notify_all()
            if self.error:
                return

    def done(self, key):
        """Nothing that it has still to do is called key. Raises the error of a task."""
        if self.error:
            raise self.error
        return key not in self._left


def run_beside(selected, run, jobs, tasks, key):
    """run(boot) for each, as many at a time as the jobs allow, and the tasks beside them.

    A boot starts when the task called key(boot) is done, if there is any. When a task
    fails, its exception comes from here, and what runs goes on. Returns the pairs of
    task and seconds.
    """
    changed, free, threads = threading.Condition(), jobs, []
    background = Background(tasks, changed)

    def work(boot):
        nonlocal free
        run(boot)
        with changed:
            free += timing.weight(boot, jobs)
            changed.notify_all()

    def next_boot():
        """The first that can start now, if there is one."""
        return next((b for b in left if background.done(key(b)) and
                     timing.weight(b, jobs) <= free), None)

    background.start()
    left = timing.longest_first(selected, jobs)
    while left:
        with changed:
            boot = changed.wait_for(next_boot)
            free -= timing.weight(boot, jobs)
        left.remove(boot)
        threads.append(threading.Thread(target=work, args=(boot,), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()
    background.join()
    background.done(None)
    return background.spent
