#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""count.py TESTLOG.json...: sums up Meson's test logs and prints "N passed, N failed".

A GoogleTest program counts by its test cases; any other test, and a program that dies or fails outside its
cases (a leak found at the end, say), counts as one. Skipped tests are told and are no pass.
"""
import json
import re
import sys

CASE = re.compile(r"^\[ +(OK|FAILED) +\] \S+.*\(\d+ ms\)$", re.M)


def count(test):
    """(passed, failed, skipped) of one entry of the log."""
    if test["result"] == "SKIP":
        return 0, 0, 1
    verdicts = CASE.findall(test.get("stdout") or "")
    passed, failed = verdicts.count("OK"), verdicts.count("FAILED")
    succeeded = test["result"] in ("OK", "EXPECTEDFAIL")
    if not verdicts and succeeded:
        passed = 1
    if not succeeded and not failed:
        failed = 1
    return passed, failed, 0


def main():
    totals = [0, 0, 0]
    for log in sys.argv[1:]:
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                test = json.loads(line)
                numbers = count(test)
                totals = [a + b for a, b in zip(totals, numbers)]
                if numbers[1]:
                    print(f"failed: {test['name']}: see {log.removesuffix('.json')}.txt")
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


main()
