#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fuzz.py TARGET CORPUS [DICTIONARY]: libFuzzer for ten seconds, or with REC_LONG for ten minutes.

What it learns stays in a temporary folder; what it finds is kept for a look.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

SECONDS = 600 if os.environ.get("REC_LONG") else 10


def main():
    target, corpus, *dictionary = sys.argv[1:]
    findings = pathlib.Path(tempfile.mkdtemp(prefix="rec-fuzz-"))
    with tempfile.TemporaryDirectory() as learnt:
        run = subprocess.run([target, f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
                              "-max_len=65536", "-print_final_stats=1", f"-artifact_prefix={findings}/",
                              *[f"-dict={path}" for path in dictionary], learnt, corpus], check=False)
    if not any(findings.iterdir()):
        findings.rmdir()
    sys.exit(run.returncode)


main()
