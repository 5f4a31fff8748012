# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of node with the packages that their lock file names."""
import os
import pathlib
import shutil

from rig.processes import Process, run

SYSTEM_CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


class NodeProject:
    """A copy of `source` in `directory`, with its packages: npm writes nothing into the sources."""

    def __init__(self, source, directory):
        self.directory = pathlib.Path(directory)
        shutil.copytree(source, self.directory, ignore=shutil.ignore_patterns("node_modules"))
        if SYSTEM_CERTIFICATES.exists():  # node has a list of its own, without what this machine adds
            os.environ.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
        npm = Process(["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"], self.directory / "npm.log",
                      cwd=self.directory)
        if npm.wait(180):
            raise AssertionError(npm.tail())

    def run(self, program, *arguments, seconds=60, env=None):
        """Standard output of a program that must succeed."""
        return run(["node", self.directory / program, *arguments], seconds, env, self.directory)
