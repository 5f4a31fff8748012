# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files go to their store while they are recorded: at their end only the first part and the last are left."""
import pathlib
import signal

from rig import case
from rig.processes import wait_until
from rig.proxy import Proxy
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording

MIB = 1 << 20
PART = 5 * MIB
SLACK = MIB  # headers, lists, and the sound that goes on


FILES = {"flv": {"cycle": "1h"},
         "mp4": {"cycle": "1h", "name": "{AppName}/{StreamName}/{EscapedStartTime}_{EscapedEndTime}"}}


class Noise(case.Case):
    def record(self, recording):
        """Eight seconds of noise, which no encoder makes small, about 50 Mbit/s; then there is sound alone."""
        return self.launch(
            ["videotestsrc", "is-live=true", "num-buffers=200", "pattern=snow", "!",
             "video/x-raw,width=640,height=360,framerate=25/1", "!", "x264enc", "bitrate=50000",
             "vbv-buf-capacity=100", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=50", "!", "h264parse",
             "!", "r.video", "audiotestsrc", "is-live=true", "!", "audioconvert", "!", "avenc_aac", "!", "aacparse", "!",
             "r.audio_0",
             "rulebin", "name=r", "uri=rtmp://127.0.0.1/live/cam", f"config={recording.config}",
             f"catalogue={recording.catalogue}", f"directory={recording.spool}", *recording.uploader()],
            "recorder", recording.env)

    def settled(self, recording):
        """Bytes of all growing files that will not change any more; nothing until both are long."""
        sizes = [p.stat().st_size for p in recording.spool.rglob(".*.part")]
        return sum((size // PART - 1) * PART for size in sizes) if len(sizes) == 2 and min(sizes) > 30 * MIB else None


class EarlyUpload(Noise):
    def setUp(self):
        super().setUp()
        self.store = self.keep(Radosgw(self.directory / "ceph")).start()
        self.store.client.create_bucket(BUCKET)
        self.proxy = self.keep(Proxy(self.store.port))

    def prepare(self, formats):
        behind_proxy = Radosgw(self.directory / "none", self.proxy.port)  # the same store, never started here
        return Recording(self.directory / "rec", formats, behind_proxy)

    def assert_nothing_dangles(self):
        self.assertNotIn(b"<Upload>", self.store.client.request("GET", f"/{BUCKET}", {"uploads": ""}))

    def test_what_is_left_at_the_end_does_not_depend_on_the_length(self):
        recording = self.prepare(FILES)
        recorder = self.record(recording)

        def is_up():
            settled = self.settled(recording)
            return settled and self.proxy.sent > settled
        wait_until(is_up, "what will not change any more is in the store", 120, recorder)
        self.assertEqual(self.store.client.keys(BUCKET), [])
        before = self.proxy.sent
        recorder.signal(signal.SIGINT)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())
        self.assertLess(self.proxy.sent - before, 2 * 2 * PART + SLACK)
        recording.assert_stored_in_s3(self)
        self.assert_nothing_dangles()

    def test_a_killed_recorder_costs_at_most_one_part(self):
        recording = self.prepare({"flv": {"cycle": "1h"}})
        recorder = self.record(recording)
        wait_until(lambda: self.proxy.sent > 3 * PART, "a part of the file is in the store", 120, recorder)
        recorder.kill()
        again = self.launch(recording.uploader(), "worker", recording.env)
        wait_until(lambda: recording.files(".flv") and "owed" not in recording.list(), "nothing is owed any more", 90,
                   again)
        recording.assert_stored_in_s3(self)
        self.assert_nothing_dangles()
        (path,) = recording.files(".flv")
        self.assertLess(self.proxy.sent, path.stat().st_size + PART + SLACK)


class EarlyCopy(Noise):
    """The store is a directory."""

    def prepare(self, formats):
        self.store = self.directory / "store"
        return Recording(self.directory / "rec", formats, self.store)

    def copies(self):
        """{inode: bytes that were written} of what nobody sees yet; of each the first part is still a hole."""
        return {p.stat().st_ino: p.stat().st_blocks * 512 for p in (self.store / ".growing").glob("*")}

    def finished(self):
        return {p.stat().st_ino for p in self.store.rglob("*") if p.is_file()}

    def test_what_is_left_at_the_end_does_not_depend_on_the_length(self):
        recording = self.prepare(FILES)
        recorder = self.record(recording)

        def is_there():
            settled = self.settled(recording)
            return settled and sum(self.copies().values()) >= settled
        wait_until(is_there, "what will not change any more is in the store", 120, recorder)
        copies = self.copies()
        self.assertEqual(len(copies), 2)
        self.assertEqual(set(copies), self.finished(), "readers see nothing of it")
        recorder.signal(signal.SIGINT)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())
        self.assertEqual(set(copies), self.finished(), "the same files, renamed")
        recording.assert_stored_in_directory(self)

    def test_a_killed_recorder_costs_at_most_one_part(self):
        recording = self.prepare({"flv": {"cycle": "1h"}})
        recorder = self.record(recording)
        wait_until(lambda: sum(self.copies().values()) > 3 * PART, "parts of the file are in the store", 120, recorder)
        recorder.kill()
        copies = self.copies()
        again = self.launch(recording.uploader(), "worker", recording.env)

        def written_when_done():
            io = pathlib.Path(f"/proc/{again.pid}/io").read_text().split()
            is_done = recording.files(".flv") and "owed" not in recording.list()
            return is_done and int(io[io.index("wchar:") + 1])
        written = wait_until(written_when_done, "nothing is owed any more", 90, again)
        self.assertEqual(set(copies), self.finished(), "the same file, renamed")
        recording.assert_stored_in_directory(self)
        (path,) = recording.files(".flv")
        self.assertLess(sum(copies.values()) + written, path.stat().st_size + PART + SLACK)


if __name__ == "__main__":
    case.main()
