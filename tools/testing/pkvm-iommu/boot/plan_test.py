# SPDX-License-Identifier: GPL-2.0-only
"""Tests of plan.py: scripts, and the names that they give to tests."""

import os

import boots
import plan

PVM = ["pvm_runs", "pvm_memory_hidden_from_cpu", "pvm_memory_comes_back_zeroed",
       "plain_vms_share_the_zero_page"]
SECRET = ["secret_unchanged"]

SCRIPTS = {
    "check a true\n# check b true\ncheck c [ 1 = 1 ] && ok d": ["a", "c", "d"],
    "f() {\n\tcheck never true\n}\ncheck a wait_for 5 true": ["a"],
    "f() {\n\tcheck $1_x true\n\tcheck y$2 true\n}\nf one\nf two 2":
        ["one_x", "y", "two_x", "y2"],
    "if true; then\n\tok a\nelse\n\tskip a \"why\"\nfi": ["a"],
    "L=\"a b\"\nL=\"$L c\"\nfor t in $L; do\n\tcheck $t true\ndone\nok d":
        ["a", "b", "c", "d"],
    "for t in a b; do\n\twhile true; do :; done\n\tok $t\ndone\nok ${t}_z":
        ["a", "b", "b_z"],
    "check a program $(check b true) \\\n\tpvm": ["a"],
    "pvm": PVM,
    "export X=1\nX=2 pvm pvm_runs": ["pvm_runs"],
    "pvm churn 4 64": [],
    "pvm pvm_runs >/dev/null": [],
    "pvm 'pvm_memory_*'": PVM[1:3],
    "guest_start v secret --protected\ncheck a guest_end v v_": ["a", "v_secret_unchanged"],
    "guest_start v secret\nguest_report v '' other": [],
    "f() {\n\tguest_start $1 secret\n}\nf v\nguest_end v": SECRET,
    ". /lib/devices.sh\ncheck a true": ["a"],
    "note \"check b true\"\ncat <<END\ncheck c true\nEND\nok a": ["a"],
}
# Nothing that only running it could tell passes as a plan
UNKNOWN = ("check $(date) true", "check $name true", "kunit_run no-such-suite")


def outcome(text):
    try:
        return plan.Script(text).names
    except ValueError as error:
        return str(error)


def check():
    """What went wrong, "" if nothing."""
    wrong = []
    for text, want in SCRIPTS.items():
        got = outcome(text)
        if got != want:
            wrong.append(f"{text!r}: {got}, not {want}")
    wrong += [f"{text!r}: {outcome(text)}" for text in UNKNOWN
              if not isinstance(outcome(text), str)]
    used = {g for b in boots.BOOTS + boots.matrix(False) for g in b.groups}
    wrong += [f"group {g} has no test" for g in sorted(used) if not plan.group_tests(g)]
    there = {name[:-3] for name in
             os.listdir(os.path.join(plan.TESTING, "initramfs/tests"))}
    wrong += [f"no boot runs group {g}" for g in sorted(there - used)
              if not g.startswith("bench")]
    return "; ".join(wrong)
