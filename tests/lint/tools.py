#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools.py clang-format|shellcheck PROGRAM: runs the linter over its files, all in one go."""
import subprocess
import sys

from repository import ROOT, files, finish


def shell_scripts():
    named = files(".sh")
    return named + [n for n in files("run", under=(".ci/",)) if n not in named]


def main():
    kind, program = sys.argv[1:3]
    if kind == "clang-format":
        names, options = files(".h", ".cpp"), ["--dry-run", "-Werror"]
    else:
        names, options = shell_scripts(), ["-x", "--severity=style"]
    run = subprocess.run([program, *options, *names], cwd=ROOT, capture_output=True, text=True)
    complaints = (run.stdout + run.stderr).splitlines()
    if run.returncode and not complaints:
        complaints = [f"{program} exits with {run.returncode}"]
    finish(complaints if run.returncode else [], len(names))


main()
