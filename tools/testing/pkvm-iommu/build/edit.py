#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Edit the kernel as commits in out/edit, and bring the result back.

    edit.py open TOP OUT     make out/edit: the pristine kernel under the tag "base",
                             one commit for each of patches/, the overlay as the last
    edit.py export TOP OUT   write patches/ and the overlay folders from its commits
    edit.py check TOP OUT    what is opened and not edited must export to nothing new

A file that the pristine kernel has is changed by patches; one that it does not have
belongs to the overlay, in whichever commit it changes. A line "Patch: NAME" at the end
of a message says which file of patches/ a commit is; a commit without it is a new one.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from repository import Repository, identity
from tree import IGNORED, OVERLAY, Tree, overlay_files, patch_files, touched_by

PATCH_LINE = re.compile(r"^Patch: (\S+)\n?", re.M)
NAME = re.compile(r"\d{4}-[\w.-]+\.patch")
UNFINISHED = ("rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD",
              "REVERT_HEAD")
# Everything that git could derive from a configuration or a version is fixed here.
FORMAT = ("format-patch", "--stdout", "-1", "--zero-commit", "-N", "--no-signature",
          "--no-renames", "--abbrev=7", "--subject-prefix=PATCH")
# What building and editing leaves behind
EXCLUDE = "".join(f"{name}\n" for name in (
    "*.o", "*.ko", "*.a", "*.mod", "*.mod.c", "*.cmd", "*.pyc", "modules.order",
    "Module.symvers", "*.orig", "*.rej", "*~", ".*.swp"))
HOW = """{edit} has one commit for each of patches/, and the overlay as the last.
Edit there and commit; to change a commit below the last:
    git commit -a --fixup=COMMIT && git rebase -i --autosquash base
Then "make patches" writes patches/ and the overlay from the commits."""


def digest(path):
    """Contents and mode of a file; None if there is none."""
    if not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        kind = b"x" if os.access(path, os.X_OK) else b"-"
        return hashlib.sha256(kind + f.read()).hexdigest()


def with_name(patch):
    """The text of a patch for git am, with its name at the end of the message."""
    with open(patch, encoding="utf-8") as f:
        head, rest = f.read().split("\n---\n", 1)
    return f"{head.rstrip()}\n\nPatch: {os.path.basename(patch)}\n---\n{rest}"


def same_change(text):
    """A patch without what changes when only other patches do."""
    text = re.sub(r"^index [0-9a-f]+\.\.[0-9a-f]+( \d+)?$", "", text, flags=re.M)
    return re.sub(r"^@@ -\d+(,\d+)? \+\d+(,\d+)? @@", r"@@ \1 \2 @@", text, flags=re.M)


def slug(subject):
    """As git format-patch makes a file name of a subject."""
    return re.sub(r"[^\w.]+", "-", subject, flags=re.A).strip("-.")[:52].strip("-.")


class Edit(Repository):
    """out/edit, or a small one with only the files that the patches touch."""

    def __init__(self, top, out, path=None, whole=True):
        super().__init__(path or os.path.join(out, "edit"), identity(top))
        self.top, self.out, self.whole = top, out, whole
        self.state_file = os.path.join(self.path, ".git", "pkvm-iommu.json")
        self.state = None
        if os.path.exists(self.state_file):
            with open(self.state_file, encoding="utf-8") as f:
                self.state = json.load(f)

    def source(self):
        """Which pristine kernel this is."""
        with open(os.path.join(self.out, "linux.source"), encoding="utf-8") as f:
            return f.read()

    def save(self, texts):
        """Remember what out/edit and the repository have in common now."""
        self.git("tag", "-f", "exported")
        self.state = {"source": self.source(), "texts": texts,
                      "files": {path: digest(os.path.join(self.top, path))
                                for path in self.ours()}}
        with open(self.state_file, "w", encoding="utf-8") as f:
            json.dump(self.state, f)

    def ours(self):
        """What an export may write, relative to the repository's top."""
        return sorted([os.path.relpath(p, self.top) for p in patch_files(self.top)] +
                      list(overlay_files(self.top)))

    # ---- open ----

    def open(self):
        if self.state:
            self.refuse_to_lose_edits()
            if self.state["source"] != self.source():
                shutil.rmtree(self.path)
                self.state = None
            elif all(digest(os.path.join(self.top, p)) == self.state["files"].get(p)
                     for p in {*self.ours(), *self.state["files"]}):
                return
        if not self.state and os.path.exists(self.path):    # was interrupted
            shutil.rmtree(self.path)
        if not self.state:
            self.make_base()
        self.make_commits()

    def refuse_to_lose_edits(self):
        why = self.unfinished() or self.dirty()
        if not why and self.head() != self.git("rev-parse", "exported").strip():
            why = "has commits that were not exported"
        if why:
            sys.exit(f"{self.path} {why}.\nEither finish and export them by \"make "
                     f"patches\", or throw them away: rm -r {self.path}")

    def make_base(self):
        tree = Tree(self.top, self.out)
        tree.sync()
        if self.whole:
            print(f"Copying the kernel to {self.path}: some minutes, once ...",
                  flush=True)
            os.makedirs(self.path)
            # Debian's ignores everything but Debian's
            skip = [".gitignore", *tree.managed]
            subprocess.run(["rsync", "-a", "--exclude-from=-", tree.tree + "/",
                            self.path], check=True, text=True,
                           input="".join(f"/{p}\n" for p in skip))
            subprocess.run(["rsync", "-a", tree.pristine + "/", self.path], check=True)
        else:
            for patch in patch_files(self.top):
                for name in filter(tree.original, touched_by(patch)):
                    self.put(name, tree.original(name))
        self.git("init", "-q", "-b", "pkvm-iommu")
        with open(os.path.join(self.path, ".git/info/exclude"), "w",
                  encoding="utf-8") as f:
            f.write(EXCLUDE)
        # One pack instead of a file for each object
        self.git("-c", "core.bigFileThreshold=1", "-c", "core.compression=1",
                 "add", "-Af")
        self.git("commit", "-q", "--allow-empty", "-m", "The pristine kernel")
        self.git("tag", "base")
        for role in ("name", "email"):
            self.git("config", f"user.{role}", self.env[f"GIT_AUTHOR_{role.upper()}"])

    def make_commits(self):
        if os.path.exists(self.state_file):
            os.remove(self.state_file)
        self.git("reset", "-q", "--hard", "base")
        for patch in patch_files(self.top):
            done = subprocess.run(
                ["git", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false",
                 "am", "-q", "--keep-non-patch"], cwd=self.path, env=self.env,
                input=with_name(patch), capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{os.path.relpath(patch, self.top)} does not apply:\n"
                         f"{done.stdout}{done.stderr}")
        files = list(overlay_files(self.top))
        for path in files:
            self.put(path, os.path.join(self.top, path))
        self.git("add", "-f", "--pathspec-from-file=-", input="\n".join(files))
        self.git("commit", "-q", "--allow-empty", "-m",
                 "The overlay\n\nFiles that the kernel does not have. They belong to "
                 "no patch of patches/.")
        self.save(self.texts())

    # ---- export ----

    def head(self):
        return self.git("rev-parse", "HEAD").strip()

    def unfinished(self):
        """What git is in the middle of; "" if nothing."""
        folder = os.path.join(self.path, ".git")
        found = [n for n in UNFINISHED if os.path.exists(os.path.join(folder, n))]
        return f"has an unfinished rebase, am or merge ({found[0]})" if found else ""

    def dirty(self):
        """Which files are not committed; "" if all are."""
        files = self.lines("status", "--porcelain", "-uall")
        return "has files that are not committed:\n" + "\n".join(files) if files else ""

    def lines(self, *args, **options):
        return self.git(*args, **options).splitlines()

    def kernel_files(self):
        return set(self.lines("ls-tree", "-r", "--name-only", "base"))

    def texts(self):
        """Name to text of all patches, in the order of the commits."""
        kernel, texts, nameless = self.kernel_files(), {}, []
        for commit in self.lines("rev-list", "--reverse", "base..HEAD"):
            paths = kernel.intersection(self.lines(
                "diff-tree", "-r", "--no-renames", "--name-only", "--no-commit-id", commit))
            message = self.git("log", "-1", "--format=%B", commit)
            names = PATCH_LINE.findall(message)
            if not paths and not names:
                continue
            subject = message.split("\n", 1)[0]
            if len(names) > 1 or set(names) & set(texts):
                sys.exit(f"{commit[:12]} ({subject}): {names[-1]} is the name of two "
                         f"patches; each message has one line \"Patch: NAME\"")
            if not paths:
                sys.exit(f"{commit[:12]} ({subject}) changes nothing that the kernel has: "
                         f"drop it, or its line \"Patch: {names[0]}\"")
            name = names[0] if names else f"+{len(nameless)}"
            if names and not NAME.fullmatch(name):
                sys.exit(f"{commit[:12]} ({subject}): a patch is called "
                         f"NNNN-subject.patch, not {name}")
            nameless += [] if names else [(name, subject)]
            texts[name] = self.text(commit, sorted(paths))
        return self.numbered(texts, dict(nameless))

    def text(self, commit, paths):
        text = self.git(*FORMAT, commit, "--", *paths)
        head, rest = text.split("\n---\n", 1)
        return PATCH_LINE.sub("", head).rstrip() + "\n---\n" + rest.rstrip("\n") + "\n"

    def numbered(self, texts, nameless):
        """Give patches without a name a number between those of their neighbours."""
        out, last, names = {}, 0, list(texts)
        for n, name in enumerate(names):
            if name in nameless:
                after = [int(x[:4]) for x in names[n:] if x not in nameless]
                last += 1
                if last >= min(after, default=10000):
                    sys.exit(f"no number is free for \"{nameless[name]}\": end its "
                             f"message with a line \"Patch: NNNN-subject.patch\", or "
                             f"move it down")
                out[f"{last:04d}-{slug(nameless[name])}.patch"] = texts[name]
            else:
                last = int(name[:4])
                out[name] = texts[name]
        if list(out) != sorted(out):
            wrong = next(b for a, b in zip(out, list(out)[1:]) if b < a)
            sys.exit(f"{wrong} comes later than its number says: patches are applied "
                     f"by name, so change its line \"Patch: {wrong}\"")
        return out

    def export(self, write=True):
        """Path to its new contents for each file that changes; None: it goes."""
        if not self.state:
            sys.exit(f"there is no {self.path}: make edit first")
        why = self.unfinished() or self.dirty()
        if not why and self.lines("rev-list", "--merges", "base..HEAD"):
            why = "has a merge, which is no patch"
        if why:
            sys.exit(f"{self.path} {why}")
        texts = self.texts()
        with tempfile.TemporaryDirectory() as work:
            wanted = self.overlay()
            wanted.update(self.patches(work, texts))
            changed = {p: s for p, s in wanted.items()
                       if digest(os.path.join(self.top, p)) != (s and digest(s))}
            if write:
                self.refuse_to_overwrite(changed)
                for path, source in sorted(changed.items()):
                    self.write(path, source)
                self.save(texts)
        return changed

    def overlay(self):
        """Path to the file of out/edit for what the overlay has or had; None: absent."""
        here = set(self.lines("ls-files")) - self.kernel_files()
        for path in sorted(here):
            if not path.startswith(tuple(f"{o}/" for o in OVERLAY)) or \
               path.endswith(IGNORED) or os.path.basename(path).startswith("."):
                sys.exit(f"{path}: the overlay has no such files (OVERLAY in tree.py)")
        gone = {p for p in self.state["files"]
                if not p.startswith("patches/") and p not in here}
        return {**{p: os.path.join(self.path, p) for p in here}, **dict.fromkeys(gone)}

    def patches(self, work, texts):
        """Path to a file in work for each patch. One that is the same change keeps
        what it has, as long as all of them make what out/edit has."""
        for kept in (True, False):
            folder = os.path.join(work, str(kept), "patches")
            os.makedirs(folder)
            for name, text in texts.items():
                before, path = self.state["texts"].get(name), os.path.join(folder, name)
                if kept and before and same_change(before) == same_change(text) and \
                   os.path.exists(os.path.join(self.top, "patches", name)):
                    shutil.copy(os.path.join(self.top, "patches", name), path)
                else:
                    with open(path, "w", encoding="utf-8") as f:
                        f.write(text)
            wrong = self.differs(os.path.dirname(folder))
            if not wrong:
                break
        else:
            sys.exit(f"{wrong}: what the patches make is not what {self.path} has")
        gone = {p for p in self.state["files"] if p.startswith("patches/")}
        return {**dict.fromkeys(gone),
                **{f"patches/{n}": os.path.join(folder, n) for n in texts}}

    def differs(self, top):
        """A file that top/patches makes and that is not so in out/edit; or ""."""
        with tempfile.TemporaryDirectory() as made:
            paths = Tree(top, self.out).patched(made)
            paths |= self.kernel_files().intersection(
                self.lines("diff", "--no-renames", "--name-only", "base", "HEAD"))
            for path in sorted(paths):
                if digest(os.path.join(made, path)) != \
                   digest(os.path.join(self.path, path)):
                    return path
        return ""

    def refuse_to_overwrite(self, changed):
        """Somebody else may have changed the repository since make edit."""
        since = [p for p in changed if digest(os.path.join(self.top, p)) !=
                 self.state["files"].get(p)]
        if since:
            sys.exit("these files changed in the repository since make edit, and in "
                     f"{self.path} as well:\n" + "\n".join(sorted(since)) +
                     f"\nKeep your edits (git -C {self.path} format-patch exported), "
                     "begin anew, and apply them there")

    def write(self, path, source):
        dst = os.path.join(self.top, path)
        if source is None:
            os.remove(dst)
            return
        os.makedirs(os.path.dirname(dst), exist_ok=True)
        shutil.copyfile(source, dst)
        os.chmod(dst, 0o755 if os.access(source, os.X_OK) else 0o644)


def main():
    what, top, out = sys.argv[1:4]
    if what == "open":
        edit = Edit(top, out)
        edit.open()
        print(HOW.format(edit=edit.path))
        return
    if what == "export":
        changed = Edit(top, out).export()
        for path, source in sorted(changed.items()):
            print("wrote  " if source else "removed", path)
        print(f"{len(changed)} files changed; git diff shows how")
        return
    with tempfile.TemporaryDirectory() as work:
        edit = Edit(top, out, os.path.join(work, "edit"), whole=False)
        edit.open()
        for path in edit.export(write=False):
            print(f"{path}: not edited, and yet make patches would change it")


if __name__ == "__main__":
    main()
