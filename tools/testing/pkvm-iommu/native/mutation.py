# SPDX-License-Identifier: GPL-2.0-only
"""What a seeded fault changes: lines of functions, found by what they say.

A file of mutants/ begins with a paragraph on what goes wrong. Edits follow. Each names a
function, as name(), or a macro; where two files have one of that name, as
"core/map.c: name()". Then come lines as in a diff: those with a blank or a minus must be
in the function, in a row, once, and those with a plus take the place of those with a
minus. Indentation does not count.
"""

import os
import re

SYMBOL = re.compile(r"^(?:(\S+\.c): )?(\w+(?:\(\))?)$")
FUNCTION = re.compile(r"(?=[a-z])(?:[^(]*[\s*])?(\w+)\(")
MACRO = re.compile(r"#define (\w+)")


class Gone(Exception):
    """What a mutant changes is not there, or not there alone."""


def parse(text):
    """[(file or None, symbol, lines with their marks)]"""
    edits = []
    for line in text.split("\n\n", 1)[1].split("\n"):
        symbol = SYMBOL.match(line)
        if symbol:
            edits.append((symbol[1], symbol[2], []))
        elif line and (line[0] not in " -+" or not edits):
            raise Gone(f"neither a symbol nor a line of one: {line}")
        elif line:
            edits[-1][2].append(line)
    return edits


def read_sources(folder):
    """{path: lines} of the C files"""
    sources = {}
    for where, _, names in os.walk(folder):
        for name in sorted(n for n in names if n.endswith(".c")):
            path = os.path.join(where, name)
            with open(path, encoding="utf-8") as f:
                sources[os.path.relpath(path, folder)] = f.read().split("\n")
    return sources


def end_of(lines, first):
    """The line after a definition; None: it is a declaration."""
    if lines[first].startswith("#"):
        while lines[first].endswith("\\"):
            first += 1
        return first + 1
    for i in range(first, len(lines)):
        if lines[i].endswith(";") and not lines[i].startswith(("\t", " " * 8)):
            return None
        if lines[i] == "{":
            return lines.index("}", i) + 1
    return None


def definitions(sources):
    """(symbol, path, first line, line after the last) of each function and macro"""
    for path, lines in sources.items():
        for first, line in enumerate(lines):
            match = FUNCTION.match(line) or MACRO.match(line)
            end = end_of(lines, first) if match else None
            if end:
                name = match[1] if line.startswith("#") else f"{match[1]}()"
                yield name, path, first, end


def find(sources, where, symbol, old):
    """(path, line) of the only place where a symbol has these lines"""
    defined = [d for d in definitions(sources)
               if d[0] == symbol and where in (None, d[1])]
    if not defined:
        raise Gone(f"there is no {symbol}{' in ' if where else ''}{where or ''}")
    if len(defined) > 1:
        raise Gone(f"there is a {symbol} in {' and '.join(d[1] for d in defined)}: "
                   "name the file")
    _, path, first, end = defined[0]
    if not old:
        raise Gone(f"{symbol} in {path}: nothing says where")
    body = [line.strip() for line in sources[path][:end]]
    at = [i for i in range(first, end) if body[i:i + len(old)] == old]
    if len(at) != 1:
        raise Gone(f"{symbol} in {path} has {f'{len(at)} times' if at else 'not'}: "
                   f"{' '.join(old)}")
    return path, at[0]


def mutate(text, folder):
    """{path: its source with the fault}, of the files that change"""
    sources, changed = read_sources(folder), set()
    for where, symbol, edit in parse(text):
        old = [line[1:].strip() for line in edit if line[0] != "+"]
        path, at = find(sources, where, symbol, old)
        lines, new = sources[path], []
        for line in edit:
            if line[0] == " ":
                new.append(lines[at])
            elif line[0] == "+":
                new.append(line[1:])
            at += line[0] != "+"
        lines[at - len(old):at] = new
        changed.add(path)
    if not changed:
        raise Gone("it changes nothing")
    return {path: "\n".join(sources[path]) for path in changed}
