# SPDX-License-Identifier: GPL-2.0-only
"""Git, as the scripts need it that turn patches into commits and back."""

import os
import shutil
import subprocess
import sys

# What a user or a machine has configured must not decide what is written.
PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def run(*command, cwd, **options):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True,
                          **options)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])}:\n{done.stdout}{done.stderr}")
    return done.stdout


def identity(top):
    """Who exports, for git; without a configured name, the last author."""
    who = {}
    for key in ("name", "email"):
        value = subprocess.run(["git", "config", f"user.{key}"], cwd=top,
                               capture_output=True, text=True).stdout.strip()
        who[key] = value or run("git", "log", "-1", f"--format=%a{key[0]}",
                                cwd=top).strip()
    env = dict(os.environ)
    for role in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{role}_NAME"] = who["name"]
        env[f"GIT_{role}_EMAIL"] = who["email"]
    return {**env, **PLAIN}


class Repository:
    """A repository of ours, which no configuration and no hook of a user reaches."""

    def __init__(self, path, env):
        self.path, self.env = path, env

    def git(self, *args, **options):
        return run("git", "-c", "core.hooksPath=/dev/null",
                   "-c", "commit.gpgSign=false", *args,
                   cwd=self.path, env=self.env, **options)

    def put(self, name, source):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(source, path)

    def start(self):
        """Commit what is there as the pristine kernel."""
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "pristine")
