# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second S3 store that nobody of us wrote: OpenStack Swift with its S3 interface. Ready in about a second."""
import pathlib

from rig.processes import Process, answers, wait_until
from rig.s3 import S3Server

SERVER = pathlib.Path(__file__).resolve().with_name("swift_server.py")


class Swift(S3Server):
    """As Radosgw, to whoever uploads; what it holds is below `directory`."""

    access_key = "test:tester"
    secret_key = "integration-secret-0123456789"
    region = "us-east-1"

    def __init__(self, directory, port=None):
        super().__init__(directory, port)
        self._process = None

    def start(self):
        self.directory.mkdir(parents=True)
        # Debian's own python3, which sees Debian's packages; there may be another one in PATH.
        self._process = Process(["/usr/bin/python3", "-I", SERVER, self.directory, self.port, self.access_key,
                                 self.secret_key], self.directory / "swift.out")
        wait_until(lambda: answers(self.port), "Swift answers", 30, self._process)
        return self

    def stop(self):
        if self._process:
            self._process.stop()
