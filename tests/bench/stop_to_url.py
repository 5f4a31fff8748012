#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long it takes from the end of a long push to the callback that tells its URL.

A recording of some hours is written as fast as it goes, to Ceph's S3 gateway on loopback or to a directory. When the
store has what it can have of it, as it would in real time, the push ends, and the clock runs until the callback's
receiver has the URL.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

# pylint: disable=wrong-import-position
from rig.processes import run, wait_until  # noqa: E402
from rig.radosgw import Radosgw  # noqa: E402
from rig.recording import BUCKET, Recording  # noqa: E402
from rig.servers import CallbackReceiver  # noqa: E402

FORMATS = {"flv": {"flv": {"cycle": "12h"}}, "mp4": {"mp4": {"cycle": "12h"}},
           "ts": {"hls": {"segment": "10s"}}, "cmaf": {"hls": {"segment": "10s", "segment-format": "cmaf"}}}
BASE = 60  # seconds that are encoded: a picture a second, a keyframe in two, and repeated
QUIET = 2.0  # seconds in which the store got nothing more: it has what it can have


def make_base(folder, kbit_per_second):
    path = pathlib.Path(folder) / "base.h264"
    run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={BASE}", "pattern=snow", "!",
         "video/x-raw,width=320,height=180,framerate=1/1", "!", "x264enc", f"bitrate={kbit_per_second}",
         "vbv-buf-capacity=2000", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=2", "!",
         "video/x-h264,stream-format=byte-stream", "!", "filesink", f"location={path}"])
    return path.read_bytes()


class Trial:
    def __init__(self, folder, formats, store):
        self.folder = pathlib.Path(folder)
        self.receiver = CallbackReceiver(self.folder / "callbacks").start()
        self.recording = Recording(self.folder / "rec", formats, store, self.receiver)

    def measure(self, base, seconds):
        """Seconds from the push's end to the callback, and bytes of the recording."""
        r = self.recording
        log = open(self.folder / "recorder.log", "wb")
        recorder = subprocess.Popen(
            ["gst-launch-1.0", "-e", "fdsrc", "fd=0", "!", "h264parse", "!", "r.video", "rulebin", "name=r",
             "uri=rtmp://127.0.0.1/live/cam", f"config={r.config}", f"catalogue={r.catalogue}",
             f"directory={r.spool}", *r.uploader()],
            stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **r.env})
        try:
            for _ in range(seconds // BASE):
                recorder.stdin.write(base)
            recorder.stdin.flush()
            self.wait_for_store()
            stopped = time.time()
            recorder.stdin.close()
            (told,) = wait_until(lambda: [c for c in self.receiver.received() if c["accepted"]], "the callback", 600)
            if recorder.wait(120):
                raise RuntimeError((self.folder / "recorder.log").read_text()[-2000:])
        finally:
            recorder.kill()
            recorder.wait()
            log.close()
            self.receiver.stop()
        if told["body"]["duration"] < seconds - 3:
            raise RuntimeError(f"only {told['body']['duration']} s of {seconds} were recorded")
        return told["time"] - stopped, sum(p.stat().st_size for p in r.spool.rglob("*") if p.is_file())

    def wait_for_store(self):
        last, since = None, time.monotonic()
        while time.monotonic() - since < QUIET:
            now = self.progress()
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.1)

    def progress(self):
        """What was written and what is in the store."""
        sizes = sum(p.stat().st_size for p in self.recording.spool.rglob("*") if p.is_file())
        connection = sqlite3.connect(f"file:{self.recording.catalogue}?mode=ro", uri=True, timeout=30)
        try:
            return sizes, connection.execute(
                "SELECT (SELECT count(*) FROM grown_part), (SELECT count(*) FROM outbox WHERE done_us IS NOT NULL)"
            ).fetchone()
        except sqlite3.OperationalError:  # there is none yet
            return sizes, None
        finally:
            connection.close()


@contextlib.contextmanager
def ceph(folder):
    """The store, and what empties it."""
    store = Radosgw(folder)

    def empty():
        for key in store.client.keys(BUCKET):
            store.client.request("DELETE", f"/{BUCKET}/{key}")
        store.admin("gc", "process", "--include-all")
    try:
        store.start()
        store.client.create_bucket(BUCKET)
        yield store, empty
    finally:
        store.stop()


@contextlib.contextmanager
def directory(folder):
    yield folder, lambda: shutil.rmtree(folder)


STORES = {"ceph": ceph, "directory": directory}


def measure(name, options, base, folder):
    """The times of all rounds, sorted, and the bytes of the last."""
    times, size = [], 0
    with STORES[options.store](folder / f"store-{name}") as (store, empty):
        for number in range(options.rounds):
            at = folder / f"{name}-{number}"
            at.mkdir()
            taken, size = Trial(at, FORMATS[name], store).measure(base, options.seconds)
            print(f"{name} {number}: {taken:.2f} s, {size >> 20} MiB", file=sys.stderr, flush=True)
            times.append(taken)
            empty()
            shutil.rmtree(at)
    return sorted(times), size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4 * 3600, help="of media in a recording")
    parser.add_argument("--kbit", type=int, default=160, help="of media a second, in thousand bits")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--store", choices=STORES, default="ceph")
    parser.add_argument("--json", type=pathlib.Path, help="where the times go")
    options = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory(prefix="rec-bench-") as temporary:
        folder = pathlib.Path(temporary)
        base = make_base(folder, options.kbit)
        for name in options.formats:
            rows[name] = measure(name, options, base, folder)
    print("| Format | media s | MiB | rounds | median s | p99 s | longest s |\n|---|---:|---:|---:|---:|---:|---:|")
    for name, (times, size) in rows.items():
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
        print(f"| {name} | {options.seconds} | {size >> 20} | {len(times)} | {statistics.median(times):.2f} | "
              f"{p99:.2f} | {times[-1]:.2f} |")
    if options.json:
        options.json.write_text(json.dumps({name: times for name, (times, _) in rows.items()}) + "\n")


if __name__ == "__main__":
    main()
