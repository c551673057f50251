# SPDX-License-Identifier: GPL-2.0-only
"""Tests of mutation.py: what a mutant outlives, and what it says of what it does not."""

import os
import tempfile

from mutants import all_names, gone
from mutation import Gone, mutate

SOURCE = """static int other(int a);

#define LIMIT	32

static int first(int a,
		 int b)
{
	if (a)
		return 1;

	return 0;
}

int second(int a)
{
	a++;
	if (a)
		return 1;
	a++;

	return other(a);
}
"""
EDIT = "Wrong.\n\nsecond()\n 	if (a)\n-		return 1;\n+		return 2;\n"
WANT = SOURCE.replace("return 1;\n	a++", "return 2;\n	a++")
# What is done to the source, and to what comes of it
OUTLIVED = {
    "as it was": lambda s: s,
    "lines before": lambda s: s.replace("int second", "int third;\n\nint second"),
    "other neighbours": lambda s: s.replace("a++;", "a += 3;"),
    "other indentation": lambda s: s.replace("	if (a)", "	 if (a)"),
}
GONE = {
    "Wrong.\n\nthird()\n-	a++;\n": "there is no third()",
    "Wrong.\n\na.c: third()\n-	a++;\n": "there is no third() in a.c",
    "Wrong.\n\nother()\n-	a++;\n": "there is no other()",
    "Wrong.\n\nfirst()\n-	return 1;\n": "there is a first() in a.c and b.c: name the file",
    "Wrong.\n\nb.c: first()\n-	return 1;\n": "",
    "Wrong.\n\nsecond()\n-	a++;\n":
        "second() in a.c has 2 times: a++;",
    "Wrong.\n\nsecond()\n-	if (a)\n-		a++;\n":
        "second() in a.c has not: if (a) a++;",
    "Wrong.\n\nsecond()\n+	a--;\n": "second() in a.c: nothing says where",
    "Wrong.\n\nLIMIT\n-#define LIMIT	32\n+#define LIMIT	33\n": "",
    "Wrong.\n\nsecond()\nif (a)\n": "neither a symbol nor a line of one: if (a)",
    "Wrong.\n\n": "it changes nothing",
}


def mutated(edit, **files):
    """(what a.c becomes, why nothing does)"""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(os.path.join(folder, f"{name}.c"), "w", encoding="utf-8") as f:
                f.write(text)
        try:
            return mutate(edit, folder).get("a.c"), ""
        except Gone as error:
            return None, str(error)


def check():
    """What is wrong with mutation.py, or with the mutants that there are; or nothing."""
    wrong = [f"{name}: {why}" for name, why in gone(all_names()).items()]
    for name, change in OUTLIVED.items():
        if mutated(EDIT, a=change(SOURCE)) != (change(WANT), ""):
            wrong.append(f"{name}: {mutated(EDIT, a=change(SOURCE))}")
    for edit, why in GONE.items():
        said = mutated(edit, a=SOURCE, b="int first(void)\n{\n	return 1;\n}\n")[1]
        if said != why:
            wrong.append(f"{edit!r}: {said!r}, not {why!r}")
    return "; ".join(wrong)
