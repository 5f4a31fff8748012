#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a target that takes connections and never answers costs the others: callbacks, and uploads to Ceph's S3 gateway.

The same deliveries are made again and again by a new process, in turn without a black hole and with as much owed to one
as to the healthy target. A round's time is that from the first delivery to the last, for each of them,
and so is the processor's, which other programs change less.
"""
import argparse
import contextlib
import json
import pathlib
import sqlite3
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

# pylint: disable=wrong-import-position
from rig.finished import Finished, make_many_keyframes  # noqa: E402
from rig.processes import Process, wait_until  # noqa: E402
from rig.radosgw import Radosgw  # noqa: E402
from rig.receivers import BlackHole, UnreliableReceiver  # noqa: E402
from rig.recording import BUCKET  # noqa: E402

FORMATS = {"flv": {"cycle": "1s", "name": "{StreamName}/{Sequence}"}}
LIMIT = 1.05  # the goal: a black hole changes the times of others by less than that


def processor_seconds(pid):
    """User and system, of all threads there are."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Callbacks:
    """Each file is told to both."""
    target = "ops"

    def __init__(self, folder, record):
        self.finished = record(Finished(folder / "callbacks", FORMATS, has_store=False, callbacks=("ops", "hole"),
                                        schema="alibaba"))
        self.receiver = UnreliableReceiver()

    def configure(self, hole):
        receivers = {"ops": self.receiver, **({"hole": hole} if hole else {})}
        self.finished.recording.write_config(callbacks={
            name: {"url": one.url, "schema": "alibaba"} for name, one in receivers.items()})

    def share(self, catalogue):
        pass

    def stop(self):
        self.receiver.stop()


class Uploads:
    """Every other recording goes to the black hole."""
    target = "archive"

    def __init__(self, folder, record):
        self.finished = record(Finished(folder / "uploads", FORMATS, callbacks=()))
        self.store = Radosgw(folder / "ceph")
        self.store.start()
        self.store.client.create_bucket(BUCKET)

    def configure(self, hole):
        recording = self.finished.recording
        recording.write_config(self.store)
        if hole:
            document = json.loads(recording.config.read_text())
            document["storage"]["hole"] = {**document["storage"]["archive"], "endpoint": hole.url.rsplit("/", 1)[0]}
            recording.config.write_text(json.dumps(document))

    def share(self, catalogue):
        catalogue.execute("UPDATE recording SET store = 'hole' WHERE id % 2 = 0")
        catalogue.execute("UPDATE outbox SET target = 'hole' WHERE kind = 'upload' AND recording_id % 2 = 0")

    def stop(self):
        self.store.stop()


WORK = {"callbacks": Callbacks, "uploads": Uploads}


class Trial:
    def __init__(self, work):
        self.work, self.finished = work, work.finished

    def measure(self, is_beside):
        """Seconds for each delivery to the healthy target, and seconds of the processor."""
        if not is_beside:
            return self.deliver(None)
        hole = BlackHole()
        try:
            taken = self.deliver(hole)
        finally:
            hole.stop()
        if not hole.connections:
            raise RuntimeError("nobody asked the black hole")
        return taken

    def deliver(self, hole):
        self.prepare(hole)
        recording = self.finished.recording
        uploader = Process(["gst-launch-1.0", "-e", *recording.uploader()], recording.directory / "uploader.log",
                           recording.env)
        try:
            wait_until(lambda: self.times()[0], "the first is delivered", 60, uploader)
            before = processor_seconds(uploader.pid)
            done = wait_until(self.done, "all are delivered", 600, uploader)
            processor = processor_seconds(uploader.pid) - before
        finally:
            uploader.kill()
        return (done[-1] - done[0]) / 1e6 / (len(done) - 1), processor / (len(done) - 1)

    def prepare(self, hole):
        self.finished.owe_again()
        self.work.configure(hole)
        with sqlite3.connect(self.finished.recording.catalogue) as catalogue:
            self.work.share(catalogue)
            if not hole:
                catalogue.execute("UPDATE outbox SET done_us = created_us WHERE target = 'hole'")
        catalogue.close()

    def times(self):
        """When each was delivered, in microseconds; None for those that are not, which come last."""
        return [at for (at,) in self.finished.query(
            f"SELECT done_us FROM outbox WHERE target = '{self.work.target}' ORDER BY done_us IS NULL, done_us")]

    def done(self):
        times = self.times()
        return times if None not in times else None


def measure(work, rounds):
    """{"alone": Trial.measure() of each round, "beside": the same}; in turn, and each as often the first."""
    trial, times = Trial(work), {"alone": [], "beside": []}
    for number in range(rounds):
        for name in ("alone", "beside") if number % 2 == 0 else ("beside", "alone"):
            times[name].append(trial.measure(name == "beside"))
            taken, processor = times[name][-1]
            print(f"{work.target} {number} {name}: {taken * 1000:.3f} ms, {processor * 1000:.3f} of the processor",
                  file=sys.stderr, flush=True)
    return times


def row(name, times, which, what):
    alone, beside = (statistics.median(one[which] for one in times[at]) * 1000 for at in ("alone", "beside"))
    return (f"| {name} | {what} | {len(times['alone'])} | {alone:.3f} | {beside:.3f} | {beside / alone:.3f} | "
            f"{f'< {LIMIT}' if which == 0 else ''} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--files", type=int, default=50, help="of each stream")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--of", nargs="+", choices=WORK, default=list(WORK))
    parser.add_argument("--json", type=pathlib.Path, help="where the times go")
    options = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory(prefix="rec-bench-") as temporary:
        folder = pathlib.Path(temporary)
        source = make_many_keyframes(folder, options.files)

        def record(finished):
            return finished.record(source, *(f"cam{n}" for n in range(options.streams)), seconds=600)
        for name in options.of:
            work = WORK[name](folder, record)
            try:
                rows[name] = measure(work, options.rounds)
            finally:
                work.stop()
    print("| Deliveries | ms each | rounds | alone | beside a black hole | ratio | goal |\n"
          "|---|---|---:|---:|---:|---:|---:|")
    for name, times in rows.items():
        print(row(name, times, 0, "in all"))
        print(row(name, times, 1, "processor"))
    if options.json:
        options.json.write_text(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
