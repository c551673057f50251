# SPDX-License-Identifier: GPL-2.0-only
"""Tests of edit.py on a kernel of one file, with two patches and an overlay of two."""

import contextlib
import io
import os
import subprocess
import tempfile

from edit import Edit
from repository import PLAIN
from tree import Tree

MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None     # git is in a hurry
LINES = [f"line {n}\n" for n in range(40)]
PATCH = """From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: A. Uthor <a@uthor.example>
Date: Sun, 22 Nov 2026 19:41:56 +0100
Subject: [PATCH] virt: {subject}

Because.
---
 virt/x.c | 3 ++-
 1 file changed, 2 insertions(+), 1 deletion(-)

diff --git a/virt/x.c b/virt/x.c
--- a/virt/x.c
+++ b/virt/x.c
@@ -{at},3 +{to},4 @@ as somebody wrote it by hand
 line {before}
-line {line}
+{subject}
+more of it
 line {after}
"""
FIRST, SECOND = "patches/0001-one.patch", "patches/0002-two.patch"


def patch(subject, line, shift):
    return PATCH.format(subject=subject, at=line, to=line + shift, before=line - 1,
                        line=line, after=line + 1)


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Fixture:
    def __init__(self, work):
        self.top, self.out = os.path.join(work, "top"), os.path.join(work, "out")
        put(self.out + "/linux/virt/x.c", "".join(LINES))
        put(self.out + "/linux/.gitignore", "/*\n")
        put(self.out + "/linux.source", "test")
        put(f"{self.top}/{FIRST}", patch("one", 10, 0))
        put(f"{self.top}/{SECOND}", patch("two", 30, 1))
        put(self.top + "/drivers/ours.c", "ours\n")
        put(self.top + "/tools/fault.patch", "a seeded fault\n")
        self.run("init", "-q", at=self.top)
        for key in ("name", "email"):
            self.run("config", f"user.{key}", "test", at=self.top)
        self.edit = os.path.join(self.out, "edit")
        self.before = self.files()
        Tree(self.top, self.out).sync()
        self.open()

    def open(self):
        with contextlib.redirect_stdout(io.StringIO()):
            Edit(self.top, self.out).open()

    def export(self):
        """What it changes; what it refuses with."""
        try:
            return sorted(Edit(self.top, self.out).export()), ""
        except SystemExit as refused:
            return [], str(refused)

    def run(self, *args, at=None, **env):
        done = subprocess.run(["git", *args], cwd=at or self.edit, text=True,
                              env={**os.environ, **PLAIN, **env},
                              capture_output=True)
        return done.stdout

    def files(self):
        found = {}
        for folder, _, names in os.walk(self.top):
            if ".git" not in folder:
                for name in names:
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as f:
                        found[os.path.relpath(path, self.top)] = f.read()
        return found

    def change(self, path, old, new):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        put(path, text.replace(old, new))

    def amend_first(self, old, new):
        """As the documentation says it."""
        commit = self.run("rev-list", "--reverse", "base..HEAD").split()[0]
        self.change(self.edit + "/virt/x.c", old, new)
        self.run("commit", "-q", "-a", "--fixup", commit)
        self.run("rebase", "-q", "-i", "--autosquash", "base", GIT_SEQUENCE_EDITOR=":")


def nothing_edited(f):
    """A round trip leaves every byte alone, also what git would write otherwise."""
    changed, why = f.export()
    f.open()
    return why or str(changed or "") or ("" if f.files() == f.before else "files differ")


def patch_edited(f):
    """One patch changes and keeps its date; the next moves by a line and stays."""
    f.amend_first("one\n", "one\nand a half\n")
    changed, why = f.export()
    text = f.files()[FIRST]
    if why or changed != [FIRST] or "+and a half" not in text:
        return f"{changed} {why}"
    if "Patch:" in text or "Date: Sun, 22 Nov 2026 19:41:56 +0100" not in text:
        return text
    changed, why = f.export()
    return f"again: {changed} {why}" if changed or why else ""


def overlay_edited(f):
    f.change(f.edit + "/drivers/ours.c", "ours", "still ours")
    put(f.edit + "/include/new.h", "new\n")
    f.run("rm", "-q", "tools/fault.patch")
    f.run("add", "-A")
    f.run("commit", "-q", "--amend", "--no-edit")
    changed, why = f.export()
    if why or changed != ["drivers/ours.c", "include/new.h", "tools/fault.patch"]:
        return f"{changed} {why}"
    now = f.files()
    return "" if now["drivers/ours.c"] == "still ours\n" and \
        "tools/fault.patch" not in now else str(now)


def commit_added(f):
    """A commit on top of the overlay, with a hook and a file of ours."""
    f.change(f.edit + "/virt/x.c", "line 5\n", "hook\n")
    f.change(f.edit + "/drivers/ours.c", "ours", "hooked")
    f.run("commit", "-q", "-a", "-m", "virt: add a hook\n\nBecause.")
    changed, why = f.export()
    new = "patches/0003-virt-add-a-hook.patch"
    if why or changed != ["drivers/ours.c", new]:
        return f"{changed} {why}"
    text = f.files()[new]
    return "" if "+hook" in text and "ours.c" not in text else text


def commit_dropped(f):
    f.run("reset", "-q", "--hard", "HEAD~2")
    changed, why = f.export()
    return "" if changed == ["drivers/ours.c", SECOND, "tools/fault.patch"] and not why \
        else f"{changed} {why}"


def refuses(prepare, words):
    def test(f):
        prepare(f)
        before = f.files()
        changed, why = f.export()
        if words not in why or f.files() != before:
            return f"{changed} {why!r}, not a refusal with {words!r}"
        return ""
    return test


def loses_nothing(f):
    """make edit begins anew only where nothing is lost."""
    f.change(f.edit + "/virt/x.c", "line 5\n", "hook\n")
    for step in (lambda: None, lambda: f.run("commit", "-q", "-a", "-m", "virt: hook")):
        step()
        head = f.run("rev-parse", "HEAD")
        try:
            f.open()
            return "make edit overwrites an edit"
        except SystemExit:
            pass
        if f.run("rev-parse", "HEAD") != head or "hook" not in f.run("diff", "base"):
            return "the edit is lost"
    return ""


def follows_repository(f):
    """Nothing to lose, and the repository moved on."""
    put(f.top + "/drivers/ours.c", "newer\n")
    f.open()
    with open(f.edit + "/drivers/ours.c", encoding="utf-8") as x:
        return "" if x.read() == "newer\n" else "out/edit is not made anew"


def stop_in_rebase(f):
    f.run("rebase", "-q", "-i", "base", GIT_SEQUENCE_EDITOR="sed -i s/^pick/edit/")


def change_both(f):
    put(f.top + "/drivers/ours.c", "changed here\n")
    f.change(f.edit + "/drivers/ours.c", "ours", "and there")
    f.run("commit", "-q", "-a", "-m", "drivers: ours")


def swap(f):
    f.run("rebase", "-q", "-i", "base",
          GIT_SEQUENCE_EDITOR=r"sed -i '1{h;d};2{G}'")


def new_folder(f):
    put(f.edit + "/firmware/x.c", "x\n")
    f.run("add", "-A")
    f.run("commit", "-q", "-m", "firmware: x")


def squeeze(f):
    """A commit between two numbers that leave no room."""
    f.run("reset", "-q", "--hard", "HEAD~2")
    f.change(f.edit + "/virt/x.c", "line 5\n", "hook\n")
    f.run("commit", "-q", "-a", "-m", "virt: hook")
    f.run("cherry-pick", "exported~1", "exported")


TESTS = {
    "nothing_edited": nothing_edited,
    "patch_edited": patch_edited,
    "overlay_edited": overlay_edited,
    "commit_added": commit_added,
    "commit_dropped": commit_dropped,
    "loses_nothing": loses_nothing,
    "follows_repository": follows_repository,
    "refuses_uncommitted": refuses(
        lambda f: put(f.edit + "/drivers/b.c", "b\n"), "not committed"),
    "refuses_ignored": refuses(
        lambda f: put(f.edit + "/tools/b.patch", "b\n"), "not committed"),
    "refuses_rebase": refuses(stop_in_rebase, "unfinished"),
    "refuses_both": refuses(change_both, "changed in the repository"),
    "refuses_order": refuses(swap, "later than its number"),
    "refuses_folder": refuses(new_folder, "the overlay has no such"),
    "refuses_number": refuses(squeeze, "no number is free"),
}


def check():
    """What went wrong, "" if nothing."""
    wrong = []
    for name, test in TESTS.items():
        with tempfile.TemporaryDirectory(dir=MEMORY) as work:
            why = test(Fixture(work))
        if why:
            wrong.append(f"{name}: {why}")
    return "; ".join(wrong)
