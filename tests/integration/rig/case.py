# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frame around every integration test: a directory, servers that are stopped, verdicts that are counted."""
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback
import unittest

from rig.processes import Process


class Case(unittest.TestCase):
    """`self.directory` is fresh and removed after a success; every process started here is ended in any case."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rec-integration-"))

    def keep(self, stoppable):
        """Hands a server over: it is stopped at the end of the test."""
        self.addCleanup(stoppable.stop)
        return stoppable

    def launch(self, line, name="recorder", env=None):
        """gst-launch-1.0 -e with this pipeline (a list of words, "!" included)."""
        return self.keep(Process(["gst-launch-1.0", "-e", *line], self.directory / f"{name}.log", env))

    @classmethod
    def share(cls):
        """From setUpClass(): a directory for what all tests of the class use; removed after them."""
        directory = pathlib.Path(tempfile.mkdtemp(prefix="rec-integration-"))
        cls.addClassCleanup(shutil.rmtree, directory, ignore_errors=True)
        return directory

    @classmethod
    def keep_for_all(cls, stoppable):
        """From setUpClass(): stopped after the last test of the class."""
        cls.addClassCleanup(stoppable.stop)
        return stoppable

    def files(self, below, suffix):
        """Finished files in the order of their names; nothing hidden."""
        return sorted(p for p in (self.directory / below).rglob(f"*{suffix}") if not p.name.startswith("."))


class _Result(unittest.TestResult):
    """Prints each verdict like GoogleTest, which is what tests/count.py counts."""

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        self._bad = False
        print(f"[ RUN      ] {self._name(test)}", flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self._complain(err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._complain(err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(self._name(subtest))
            self._complain(err)

    def stopTest(self, test):
        if self._bad:
            print(f"kept for a look: {test.directory}")
        else:
            shutil.rmtree(test.directory, ignore_errors=True)
        verdict = "[  FAILED  ]" if self._bad else "[       OK ]"
        print(f"{verdict} {self._name(test)} ({(time.monotonic() - self._started) * 1000:.0f} ms)", flush=True)

    def _complain(self, err):
        self._bad = True
        if isinstance(err[1], AssertionError):
            frames = [f for f in traceback.extract_tb(err[2]) if "/unittest/" not in f.filename]
            print("".join(traceback.format_list(frames[-2:])), f"{err[1]}", sep="", flush=True)
        else:
            traceback.print_exception(*err, file=sys.stdout)

    @staticmethod
    def _name(test):
        return test.id().removeprefix("__main__.")


def main():
    """Runs the tests of the calling file (all, or those whose name contains the argument)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout cleans up, too
    os.environ.setdefault("G_DEBUG", "fatal-criticals")
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [test for case in suite for test in case if wanted in test.id()]
    result = _Result()
    unittest.TestSuite(chosen)(result)
    sys.exit(0 if chosen and result.wasSuccessful() else 1)
