#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Export the overlay and patches/ as patches for git am, to out/series.

The patches are made in a throw-away repository that holds only the kernel's
files that they touch; then they are applied once more to the pristine files,
compared with out/linux, and given to checkpatch.
"""

import configparser
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from repository import Repository, identity
from tree import Tree, overlay_files, patch_files, touched_by

CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "series.conf")
# Said by checkpatch of every new file, before MAINTAINERS names its owner.
IGNORE = "FILE_PATH_CHANGES"


def sections():
    conf = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",),
                                     interpolation=None)
    conf.read(CONF, encoding="utf-8")
    return conf


def assign(files, conf):
    """Section to its files; each file in the first section that matches."""
    groups = {name: [] for name in conf.sections()}
    for path in files:
        for name in groups:
            patterns = conf[name].get("files", "").split()
            if any(fnmatch.fnmatch(path, p) for p in patterns):
                groups[name].append(path)
                break
        else:
            sys.exit(f"series.conf has no section for {path}")
    return groups


class Throwaway(Repository):
    """A repository that starts with the touched originals."""

    def __init__(self, path, tree, touched, env):
        super().__init__(path, env)
        os.makedirs(path)
        for name in touched:
            original = tree.original(name)
            if original:
                self.put(name, original)
        self.start()
        self.base = self.git("rev-parse", "HEAD").strip()

    def am(self, patch):
        self.git("am", "-q", "--keep-non-patch", patch)


def commit_all(repo, top, conf, groups):
    patches = patch_files(top)
    for name in conf.sections():
        if groups[name]:
            for path in groups[name]:
                repo.put(path, os.path.join(top, path))
            repo.git("add", "-A")
            repo.git("commit", "-q", "-F", "-",
                     input=f"{name}\n\n{conf[name]['why']}\n")
        for pattern in conf[name].get("apply", "").split():
            for patch in list(patches):
                if fnmatch.fnmatch(os.path.basename(patch), pattern):
                    repo.am(patch)
                    patches.remove(patch)
    if patches:
        sys.exit(f"series.conf applies none of {patches}")


def verify(repo, tree, names):
    """What git am made must be what the build uses."""
    for name in names:
        made = os.path.join(repo.path, name)
        built = os.path.join(tree.tree, name)
        if os.path.exists(made) != os.path.exists(built):
            sys.exit(f"{name}: in the series and the tree, or in neither")
        if os.path.exists(made):
            with open(made, "rb") as a, open(built, "rb") as b:
                if a.read() != b.read():
                    sys.exit(f"{name}: the series differs from the tree")


def checkpatch(tree, series):
    """The number of patches with errors; all that checkpatch says is kept."""
    def check(patch):
        return subprocess.run(
            ["perl", "scripts/checkpatch.pl", "--strict", "--quiet",
             f"--ignore={IGNORE}", os.path.join(series, patch)],
            cwd=tree.tree, capture_output=True, text=True)

    patches = [name for name in sorted(os.listdir(series))
               if name.endswith(".patch")]
    bad = 0
    with open(os.path.join(series, "checkpatch.log"), "w", encoding="utf-8") as log, \
         ThreadPoolExecutor(os.cpu_count()) as pool:
        for patch, done in zip(patches, pool.map(check, patches)):
            log.write(done.stdout + done.stderr)
            total = re.search(r"total: (\d+) errors?, (\d+) warnings?",
                              done.stdout)
            errors, warnings = map(int, total.groups()) if total else (0, 0)
            bad += errors > 0
            print(f"  {patch}: {errors} errors, {warnings} warnings")
    return bad


def main():
    top, out = sys.argv[1:3]
    tree, series = Tree(top, out), os.path.join(out, "series")
    tree.sync()
    conf, overlay = sections(), sorted(overlay_files(top))
    groups = assign(overlay, conf)
    names = set(overlay).union(*map(touched_by, patch_files(top)))
    env = identity(top)

    shutil.rmtree(series, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        repo = Throwaway(os.path.join(work, "make"), tree, names, env)
        commit_all(repo, top, conf, groups)
        repo.git("format-patch", "-q", "-s", "-N", "--no-signature",
                 "-o", series, f"{repo.base}..HEAD")
        again = Throwaway(os.path.join(work, "apply"), tree, names, env)
        for patch in sorted(os.listdir(series)):
            again.am(os.path.join(series, patch))
        verify(again, tree, names)
    bad = checkpatch(tree, series)
    if bad:
        sys.exit(f"checkpatch finds errors in {bad} patches: "
                 f"{series}/checkpatch.log")
    print(f"{series}: applies to a pristine tree with git am")


if __name__ == "__main__":
    main()
