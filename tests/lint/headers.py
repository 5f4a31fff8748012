#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""headers.py BUILD_DIR: every header compiles alone.

A header that is the first include of its own .cpp is proven by the build; the others are compiled here
with the flags of a neighbour.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from repository import ROOT, files, finish

FOLDERS = ("core/", "gst/", "ext/", "tools/", "tests/common/")


def is_first_include_of_its_source(header):
    source = (ROOT / header).with_suffix(".cpp")
    first = re.search(r'^#include "([^"]+)"', source.read_text(), re.M) if source.exists() else None
    return bool(first) and first.group(1) == header


def flags_for(header, database):
    """The compile command whose source shares the longest path with the header, without its files."""
    command = max(database, key=lambda c: len(os.path.commonprefix([c["source"], header])))
    words = iter(shlex.split(command["command"]))
    flags = []
    for word in words:
        if word in ("-o", "-c", "-MF", "-MQ"):
            next(words)
        elif word not in ("-MD", "ccache"):
            flags.append(word)
    return command["directory"], flags


def compile_alone(header, database):
    directory, flags = flags_for(header, database)
    run = subprocess.run(flags + ["-fsyntax-only", "-Wno-pragma-once-outside-header", "-x", "c++", "-include",
                                  str(ROOT / header), os.devnull], cwd=directory, capture_output=True, text=True)
    return None if run.returncode == 0 else f"{header} does not compile alone:\n{run.stderr}"


def main():
    build = pathlib.Path(sys.argv[1])
    database = json.loads((build / "compile_commands.json").read_text())
    for command in database:
        command["source"] = os.path.relpath(pathlib.Path(command["directory"], command["file"]).resolve(), ROOT)
    headers = files(".h", under=FOLDERS)
    unproven = [h for h in headers if not is_first_include_of_its_source(h)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda h: compile_alone(h, database), unproven)
    finish([a for a in answers if a], len(headers))


main()
