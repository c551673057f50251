# SPDX-License-Identifier: GPL-2.0-only
"""Which tests a group has, from what declares them: nothing is built or run.

A test is declared where it is made: by "check NAME" and the like in a script, by a row
of a program's table or its ktap_ok(), by a KUNIT_CASE(). A group is a script, so this
reads it as the shell would, as far as groups go: functions and their arguments, sourced
libraries, variables, loops over words, both sides of a condition.

The runner compares: a test that has no result failed, and so did a boot with a result
that this did not find. So it can miss nothing unseen, and nothing vanishes in silence.
"""

import fnmatch
import functools
import os
import re
import shlex

TESTING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TOP = os.path.join(TESTING, "../../..")

FUNCTION = re.compile(r"^(\w+)\(\) [{(]\n(.*?)^[})]$", re.M | re.S)
TABLE = re.compile(r"struct test (?:\w+)\[\] = \{(.*?)^\};", re.M | re.S)
ROW = re.compile(r'\{ "(\w+)",')
SAID = re.compile(r'\bktap_(?:ok|skip)\((?:[^";]*, )?"(\w+)"')
CASE = re.compile(r"KUNIT_CASE(?:_\w+)?\((\w+)")
ASSIGNMENT = re.compile(r"^(\w+)=(.*)$", re.S)
VARIABLE = re.compile(r"\$(?:(\d|[A-Za-z_]\w*)|\{(\w+)\})")
SUITE = r'struct kunit_suite \w+ = \{[^}]*\.name\s*= "%s"'
SUBSTITUTION = re.compile(r"\$\([^()]*\)")
SEPARATORS = {";", ";;", "&", "&&", "||", "|", "(", ")"}
KEYWORDS = {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{",
            "}", "export", "local", "esac"}
RESULTS = {"check", "ok", "not_ok", "skip"}
NAME = re.compile(r"[\w-]+")


def read(*path):
    with open(os.path.join(TESTING, *path), encoding="utf-8") as f:
        return f.read()


@functools.cache
def program(name, guest):
    """(names that it takes as arguments, names that it always says) or None."""
    folders = ["guest/programs", "programs"] if guest else ["programs"]
    for folder in folders:
        if os.path.exists(os.path.join(TESTING, folder, name + ".c")):
            text = read(folder, name + ".c")
            rows = [r for table in TABLE.findall(text) for r in ROW.findall(table)]
            return rows, SAID.findall(text)
    return None


@functools.cache
def kunit_cases(suite):
    """The cases of a suite of KUnit, which is somewhere in drivers."""
    for folder, _, names in os.walk(os.path.join(TOP, "drivers")):
        for name in names:
            if name.endswith(".c"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    text = f.read()
                if re.search(SUITE % suite, text):
                    return CASE.findall(text)
    raise ValueError(f"no KUnit suite is called {suite}")


def commands(text):
    """The simple commands of a script, as lists of words."""
    text = re.sub(r"<<-?'?(\w+)'?\n.*?^\t*\1$", "", text.replace("\\\n", " "),
                  flags=re.M | re.S)
    for line in text.split("\n"):
        lexer = shlex.shlex(SUBSTITUTION.sub("$?", line), posix=True,
                            punctuation_chars=";&|()")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:      # a string of several lines: a message, or for awk
            continue
        command = []
        for word in words + [";"]:
            if word in SEPARATORS:
                if command:
                    yield command
                command = []
            else:
                command.append(word)


class Script:
    """One group, while it is read."""

    def __init__(self, text, guest=False):
        self.guest = guest
        self.functions, self.variables, self.vms = {}, {}, {}
        self.names, self.depth = [], 0
        self.run(text)

    def run(self, text):
        self.functions.update(FUNCTION.findall(text))
        loops = []
        for command in commands(FUNCTION.sub("", text)):
            while command and command[0] in KEYWORDS:
                if command[0] in ("while", "until"):
                    loops.append(("", [""]))
                elif command[0] == "done":
                    loops.pop()
                command = command[1:]
            if command[:1] == ["for"]:
                values = " ".join(self.expand(command[3:])).split()
                loops.append((command[1], values))
                continue
            self.repeat(command, loops)

    def repeat(self, command, loops):
        """A command once for each value of the loops that it is in."""
        if not loops:
            self.simple(command)
            return
        (variable, values), *rest = loops
        for value in values:
            self.variables[variable] = value
            self.repeat(command, rest)

    def expand(self, words):
        def value(match):
            name = match[1] or match[2]
            unset = "" if self.depth and name.isdigit() else match[0]
            return self.variables.get(name, unset)
        out = []
        for word in words:
            if word == "$@":
                out += self.variables.get("@", [])
            else:
                out.append(VARIABLE.sub(value, word))
        return out

    def simple(self, words):
        words = self.expand(words)
        while words and ASSIGNMENT.match(words[0]):
            name, value = ASSIGNMENT.match(words[0]).groups()
            self.variables[name] = value
            words = words[1:]
        if not words:
            return
        name, args = words[0], words[1:]
        if name in RESULTS:
            self.result(name, args)
        elif name in (".", "source"):
            self.library(args[0])
        elif hasattr(self, "do_" + name):
            getattr(self, "do_" + name)(*args)
        elif name in self.functions:
            self.call(name, args)
        else:
            self.programs(name, args)

    def result(self, verdict, args):
        self.add(args[0])
        if verdict == "check":
            self.simple(args[1:])

    def add(self, name):
        if not NAME.fullmatch(name):
            raise ValueError(f"cannot tell without running it: test {name}")
        if name not in self.names:
            self.names.append(name)

    def library(self, path):
        path = path.lstrip("/")
        # What the harness does is told by the do_ functions below
        if path not in ("lib/test.sh", "lib/guest.sh"):
            self.run(read("initramfs", path))

    def call(self, name, args):
        if self.depth > 8:
            return
        before = dict(self.variables)
        self.variables.update({str(n): a for n, a in enumerate(args, 1)})
        self.variables["@"] = args
        self.depth += 1
        self.run(self.functions[name])
        self.depth -= 1
        changed = {k: v for k, v in self.variables.items() if not k.isdigit()}
        self.variables = {**before, **changed, "@": before.get("@", [])}

    def programs(self, name, args):
        found = program(name, self.guest)
        # What goes to a file is no result
        if found and not any(a.startswith((">", "1>")) for a in args):
            rows, said = found
            chosen = [r for r in rows if any(fnmatch.fnmatch(r, a) for a in args)]
            for test in said + (chosen if args else rows):
                self.add(test)

    # ---- what the harness offers ----

    def do_wait_for(self, *args):
        self.simple(list(args[1:]))

    def do_kunit_run(self, suite):
        for case in kunit_cases(suite):
            self.add(case)

    def do_guest_start(self, vm, groups, *_):
        self.vms[vm] = groups.split(",")

    def do_guest_end(self, vm, prefix=""):
        self.do_guest_report(vm, prefix)

    def do_guest_report(self, vm, prefix="", only="*"):
        for group in self.vms.get(vm, []):
            for name in fnmatch.filter(guest_tests(group), only):
                self.add(prefix + name)


@functools.cache
def guest_tests(group):
    return Script(read("guest/tests", group + ".sh"), guest=True).names


@functools.cache
def group_tests(group):
    """The names of a group's tests, in the order in which the group has them."""
    return Script(read("initramfs/tests", group + ".sh")).names
