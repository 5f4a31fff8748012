# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finished recordings that are owed to a store: recorded once by the elements, delivered as often as a test likes."""
import pathlib
import re
import shutil
import sqlite3

from rig.processes import Process, run
from rig.recording import BUCKET, Recording
from rig.servers import CALLBACK_KEY

FRAMES = 25  # of one clip: a second


class Nowhere:
    """A store that is only named."""
    endpoint, region, credentials = "http://127.0.0.1:9", "default", {}
    url = "http://127.0.0.1:9/"


def make_noise(directory, seconds, kbit_per_second=50000, size=(640, 360)):
    """H.264 that no encoder makes small: one second of it, again and again."""
    clip, whole = pathlib.Path(directory) / "clip.h264", pathlib.Path(directory) / f"noise-{seconds}.h264"
    if not clip.exists():
        run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={FRAMES}", "pattern=snow", "!",
             f"video/x-raw,width={size[0]},height={size[1]},framerate={FRAMES}/1", "!", "x264enc",
             f"bitrate={kbit_per_second}", "vbv-buf-capacity=100", "tune=zerolatency", "speed-preset=ultrafast",
             f"key-int-max={FRAMES}", "!", "video/x-h264,stream-format=byte-stream", "!", "filesink",
             f"location={clip}"])
    second = clip.read_bytes()
    with open(whole, "wb") as out:
        for _ in range(seconds):
            out.write(second)
    return whole


def make_many_keyframes(directory, seconds):
    """A second per frame, each a keyframe, as small as it gets: a file a second with the shortest cycle."""
    path = pathlib.Path(directory) / f"keyframes-{seconds}.h264"
    run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={seconds}", "pattern=black", "!",
         "video/x-raw,width=32,height=32,framerate=1/1", "!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast",
         "key-int-max=1", "!", "video/x-h264,stream-format=byte-stream", "!", "filesink", f"location={path}"])
    return path


class Finished:
    """What `record()` left in catalogue and spool; `owe_again()` makes it as if nothing had been delivered."""

    def __init__(self, directory, formats, has_store=True, callbacks=("ops",), schema="tencent"):
        self.recording = Recording(directory, formats)
        told = {name: {"url": Nowhere.url, "schema": schema} for name in callbacks}
        self.recording.write_config(Nowhere if has_store else None, callbacks=told)
        self._pristine = self.recording.directory / "pristine.db"

    def record(self, source, *streams, seconds=120):
        """Records a file of H.264 as a push of each stream, all at once. Not while somebody delivers."""
        r = self.recording
        line = []
        for number, stream in enumerate(streams or ("cam",)):
            line += ["filesrc", f"location={source}", "!", "h264parse", "!", f"r{number}.video",
                     "rulebin", f"name=r{number}", f"uri=rtmp://127.0.0.1/live/{stream}", f"config={r.config}",
                     f"catalogue={r.catalogue}", f"directory={r.spool}"]
        recorder = Process(["gst-launch-1.0", "-e", *line], r.directory / "recorder.log", r.env)
        try:
            if recorder.wait(seconds):
                raise AssertionError(recorder.tail())
        finally:
            recorder.kill()
        with sqlite3.connect(r.catalogue) as all_of_it:
            all_of_it.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        all_of_it.close()
        shutil.copy(r.catalogue, self._pristine)
        return self

    def owe_again(self):
        for suffix in ("-wal", "-shm"):
            pathlib.Path(f"{self.recording.catalogue}{suffix}").unlink(missing_ok=True)
        shutil.copy(self._pristine, self.recording.catalogue)

    def paths(self, suffix=""):
        """Everything finished that lies in the spool, or the files of one kind."""
        found = self.recording.spool.rglob(f"*{suffix}")
        return sorted(p for p in found if p.is_file() and not p.name.startswith("."))

    def query(self, sql):
        connection = sqlite3.connect(f"file:{self.recording.catalogue}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def owed(self):
        return self.query("SELECT count(*) FROM outbox WHERE done_us IS NULL")[0][0]

    def last_errors(self):
        return [error for (error,) in self.query("SELECT last_error FROM outbox WHERE last_error != ''")]


def assert_stored(test, finished, client, bucket=BUCKET):
    """The store holds exactly the finished files, byte for byte, and no upload is left dangling."""
    expected = {f"eu/{p.relative_to(finished.recording.spool)}": p for p in finished.paths()}
    test.assertEqual(client.keys(bucket), sorted(expected))
    for key, path in expected.items():
        test.assertTrue(client.get(bucket, key) == path.read_bytes(), f"{key} differs")
    test.assertNotIn(b"<Upload>", client.request("GET", f"/{bucket}", {"uploads": ""}))


def accepted_files(receiver):
    """URLs that a CallbackReceiver has accepted, as often as it has."""
    bodies = [line["body"] for line in receiver.received() if line["accepted"]]
    return [body["video_url"] for body in bodies if body["event_type"] == 100]


def assert_announced_once(test, finished, receiver):
    """One accepted callback for each file of the catalogue."""
    files = finished.query("SELECT count(*) FROM file")[0][0]
    accepted = accepted_files(receiver)
    test.assertEqual(len(accepted), files)
    test.assertEqual(len(set(accepted)), files, "a file was announced twice")


def assert_no_secrets(test, directory, *secrets):
    """None of them stands in any log, catalogue or configuration below `directory`."""
    wanted = re.compile(b"|".join(re.escape(s.encode()) for s in (CALLBACK_KEY, *secrets)))
    for path in pathlib.Path(directory).rglob("*"):
        if path.is_file() and (path.suffix in (".log", ".json", ".jsonl") or "catalogue.db" in path.name):
            found = wanted.search(path.read_bytes())
            test.assertIsNone(found, f"{path} holds a secret: {found and found.group()!r}")
