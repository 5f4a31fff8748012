#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules of CONTRIBUTING.md that a line-by-line look can check."""
import re

from repository import ROOT, files, finish

MAX_LINES = 500
LICENSE = "SPDX-License-Identifier: LGPL-2.1-or-later"
CODE = (".h", ".cpp", ".py", ".sh", ".mjs", ".sql")
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")  # in two parts: this file is looked at too
SLEEP = re.compile(r"\b(sleep_for|sleep_until|g_usleep|usleep|nanosleep)\b|[^_\w]sleep\(")


def complaints_about(name):
    lines = (ROOT / name).read_text(errors="replace").splitlines()
    if name.endswith(CODE) and LICENSE not in "\n".join(lines[:2]):
        yield f"{name}:1: no licence line"
    if len(lines) > MAX_LINES:
        yield f"{name}: {len(lines)} lines, at most {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        if LATER.search(line):
            yield f"{name}:{number}: work left for later belongs into an issue"
        if name.endswith((".h", ".cpp")) and SLEEP.search(line):
            yield f"{name}:{number}: wait for a message or a condition, do not sleep"
        if line != line.rstrip() and not name.endswith((".md", ".m3u8")):
            yield f"{name}:{number}: trailing blank"


def main():
    sources = files(*CODE, "meson.build", "meson_options.txt")
    finish([c for name in sources for c in complaints_about(name)], len(sources))


main()
