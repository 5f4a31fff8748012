#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tidy.py CLANG_TIDY BUILD_DIR: clang-tidy over the product's sources in the compile database.

A clean source is not looked at again until it, a header of it, its flags or the checks change: the digest of
the preprocessed text is kept in BUILD_DIR/tidy-clean (or REC_TIDY_CACHE). clang's static analyzer looks at each
function for a short while only, which halves the time, but with REC_LONG in the environment.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

from repository import ROOT, finish

SHALLOW = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "mode=shallow")]
FOLDERS = ("core/", "gst/", "ext/", "tools/")


def digest_of(entry, salt):
    words = [w for w in shlex.split(entry["command"]) if w not in ("ccache", "-MD")]
    for option in ("-o", "-MF", "-MQ"):
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    text = subprocess.run(words + ["-E"], cwd=entry["directory"], capture_output=True).stdout
    return hashlib.sha256(salt + shlex.join(words).encode() + text).hexdigest()


def main():
    program, build = sys.argv[1], pathlib.Path(sys.argv[2])
    clean = pathlib.Path(os.environ.get("REC_TIDY_CACHE", build / "tidy-clean"))
    clean.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
    effort = [] if os.environ.get("REC_LONG") else SHALLOW
    salt = version + str(effort).encode() + (ROOT / ".clang-tidy").read_bytes()

    entries = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if source.is_relative_to(ROOT) and str(source.relative_to(ROOT)).startswith(FOLDERS):
            entries.append((source, entry))

    def look_at(pair):
        source, entry = pair
        stamp = clean / digest_of(entry, salt)
        if stamp.exists():
            return None
        run = subprocess.run([program, "--quiet", *effort, "-p", str(build), str(source)], capture_output=True, text=True)
        if run.returncode:
            return run.stdout.strip() or run.stderr
        stamp.touch()
        return None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(look_at, entries))
    finish([a for a in answers if a], len(entries))


main()
