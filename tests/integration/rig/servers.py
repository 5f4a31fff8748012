# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other side of a recorder, all real and all on loopback: RTMP server, publisher, callback receiver."""
import json
import pathlib
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree

from rig.processes import ROOT, Process, answers, free_port, wait_until

CALLBACK_KEY = "integration-key"


class RtmpServer:
    """nginx with its RTMP module, with the configuration that examples/ ships."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.port, self.http_port = free_port(), free_port()
        config = self.directory / "nginx.conf"
        config.write_text(self.configuration())
        self._process = Process(["/usr/sbin/nginx", "-p", "/usr/lib/nginx", "-c", config],
                                self.directory / "nginx.log")
        wait_until(lambda: answers(self.port) and answers(self.http_port), "nginx answers", process=self._process)

    def configuration(self):
        text = (ROOT / "examples/nginx-rtmp.conf.in").read_text()
        for name, value in {"PORT": self.port, "HTTP_PORT": self.http_port, "DIR": self.directory}.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    @property
    def pid(self):
        return self._process.pid

    def url(self, stream, app="live"):
        return f"rtmp://127.0.0.1:{self.port}/{app}/{stream}"

    def clients(self, stream):
        """(publishers, players) of a stream."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/stat", timeout=5) as answer:
            tree = ElementTree.parse(answer)
        publishers = players = 0
        for node in tree.iter("stream"):
            if node.findtext("name") == stream:
                for client in node.iter("client"):
                    publishing = client.find("publishing") is not None
                    publishers += publishing
                    players += not publishing
        return publishers, players

    def wait_for_player(self, stream, count=1, process=None):
        wait_until(lambda: self.clients(stream)[1] >= count, f"{count} recorder(s) wait for {stream}",
                   process=process)

    def stop(self):
        self._process.stop()


class Publisher:
    """ffmpeg sends a file as it is, at its own pace (or `rate` times that)."""

    def __init__(self, source, url, log, rate=1.0, seconds=None):
        limit = ["-t", seconds] if seconds else []
        self.process = Process(["ffmpeg", "-v", "warning", "-nostdin", "-readrate", rate, "-i", source, *limit,
                                "-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize", url], log)

    def wait(self, seconds):
        code = self.process.wait(seconds)
        if code:
            raise AssertionError(f"the publisher failed:\n{self.process.tail()}")

    def stop(self):
        self.process.stop()


class CallbackReceiver:
    """examples/callback_receiver.py in another process."""

    def __init__(self, directory, port=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.log = self.directory / "callbacks.jsonl"
        self._process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/recording"

    def start(self):
        self._process = Process([sys.executable, ROOT / "examples/callback_receiver.py", self.port, self.log],
                                self.directory / "receiver.log", env={"RECORDING_CALLBACK_KEY": CALLBACK_KEY})
        wait_until(lambda: answers(self.port), "the callback receiver answers", process=self._process)
        return self

    def received(self):
        """All that came so far: {"time", "path", "accepted", "body"}."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_for(self, count, seconds=20):
        return wait_until(lambda: len(self.received()) >= count and self.received(), f"{count} callbacks", seconds)

    def stop(self):
        if self._process:
            self._process.stop()
