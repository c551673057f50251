#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make out/linux equal to: pristine kernel + patches/ + the overlay folders.

The wanted content of every file that differs from the pristine kernel is
computed first, then compared with what is there, so that only files that
really changed are written (and rebuilt), and files that left the overlay go
back to what they were. The originals are kept under out/pristine.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

OVERLAY = ("arch", "drivers", "include", "tools", "Documentation")
IGNORED = (".o", ".ko", ".pyc", ".a")


def overlay_files(top):
    """Yield the overlay's files, relative to the repository's top."""
    for part in OVERLAY:
        for folder, subfolders, names in os.walk(os.path.join(top, part)):
            subfolders[:] = [s for s in subfolders
                             if s != "__pycache__" and not s.startswith(".")]
            for name in names:
                if not name.endswith(IGNORED) and not name.startswith("."):
                    yield os.path.relpath(os.path.join(folder, name), top)


def patch_files(top):
    folder = os.path.join(top, "patches")
    if not os.path.isdir(folder):
        return []
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder))
            if n.endswith(".patch")]


def touched_by(patch):
    """The paths a patch changes, creates or removes."""
    paths = set()
    with open(patch, encoding="utf-8") as f:
        for line in f:
            if line.startswith(("--- a/", "+++ b/")):
                paths.add(line[6:].split("\t")[0].strip())
    return paths


class Tree:
    def __init__(self, top, out):
        self.top = top
        self.tree = os.path.join(out, "linux")
        self.pristine = os.path.join(out, "pristine")
        self.manifest = os.path.join(out, "linux.manifest")
        self.managed = set()
        if os.path.exists(self.manifest):
            with open(self.manifest, encoding="utf-8") as f:
                self.managed = set(json.load(f))

    def keep_original(self, path):
        """Before a file is managed for the first time, keep the kernel's."""
        src, dst = os.path.join(self.tree, path), os.path.join(self.pristine, path)
        if path not in self.managed and os.path.exists(src):
            os.makedirs(os.path.dirname(dst), exist_ok=True)
            shutil.copy2(src, dst)

    def original(self, path):
        kept = os.path.join(self.pristine, path)
        return kept if os.path.exists(kept) else None

    def patched(self, work):
        """Apply patches/ to originals copied into work; the paths touched."""
        patches = patch_files(self.top)
        paths = set().union(*map(touched_by, patches)) if patches else set()
        for path in paths:
            self.keep_original(path)
            if self.original(path):
                dst = os.path.join(work, path)
                os.makedirs(os.path.dirname(dst), exist_ok=True)
                shutil.copy2(self.original(path), dst)
        for patch in patches:
            run = subprocess.run(
                ["patch", "-p1", "-s", "-F0", "--no-backup-if-mismatch",
                 "-d", work, "-i", patch], capture_output=True, text=True)
            if run.returncode:
                sys.exit(f"{os.path.relpath(patch, self.top)} does not apply:\n"
                         f"{run.stdout}{run.stderr}")
        return paths

    def write(self, path, source):
        """Make path equal to source (None: absent); True if it changed."""
        dst = os.path.join(self.tree, path)
        if source is None:
            if not os.path.exists(dst):
                return False
            os.remove(dst)
            return True
        with open(source, "rb") as f:
            data = f.read()
        if os.path.exists(dst):
            with open(dst, "rb") as f:
                if f.read() == data:
                    return False
        os.makedirs(os.path.dirname(dst), exist_ok=True)
        with open(dst, "wb") as f:
            f.write(data)
        shutil.copymode(source, dst)
        return True

    def sync(self):
        """Bring the tree up to date; the list of files that changed."""
        with tempfile.TemporaryDirectory() as work:
            paths = self.patched(work)
            wanted = {p: os.path.join(work, p) for p in paths}
            wanted = {p: s if os.path.exists(s) else None
                      for p, s in wanted.items()}
            for path in overlay_files(self.top):
                self.keep_original(path)
                wanted[path] = os.path.join(self.top, path)
            for path in self.managed - set(wanted):
                wanted[path] = self.original(path)
                paths.discard(path)
            managed = {p for p in wanted if p in paths or
                       os.path.exists(os.path.join(self.top, p))}
            # The manifest first: an interrupted run must not take a
            # half-written file for an original.
            with open(self.manifest, "w", encoding="utf-8") as f:
                json.dump(sorted(managed | self.managed), f, indent=0)
            changed = [p for p, s in sorted(wanted.items()) if self.write(p, s)]
            for path in self.managed - managed:
                kept = self.original(path)
                if kept:
                    os.remove(kept)
            with open(self.manifest, "w", encoding="utf-8") as f:
                json.dump(sorted(managed), f, indent=0)
        self.managed = managed
        return changed

    def digest(self, only=""):
        """Changes whenever a managed file whose name starts with only does.

        What lies in tools and Documentation is not built with the kernel.
        """
        digest = hashlib.sha256()
        for path in sorted(self.managed):
            name = os.path.join(self.tree, path)
            if path.startswith(("tools/", "Documentation/")):
                continue
            if os.path.basename(path).startswith(only) and os.path.exists(name):
                digest.update(path.encode())
                with open(name, "rb") as f:
                    digest.update(f.read())
        return digest.hexdigest()


def main():
    top, out = sys.argv[1:3]
    tree = Tree(top, out)
    for path in tree.sync():
        print(path)
    # For the builds: is there anything to configure, to compile?
    for name, only in (("linux.kconfig", "Kconfig"), ("linux.state", "")):
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            f.write(tree.digest(only) + "\n")


if __name__ == "__main__":
    main()
