# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 in mid-recording: what was written plays, and the next start finishes, uploads and announces it."""
import time

from rig import case, media
from rig.processes import wait_until
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording
from rig.servers import CallbackReceiver, Publisher, RtmpServer

FORMATS = {"hls": {"segment": "2s", "splice-timeout": "2s"}, "mp4": {"cycle": "1h"}, "flv": {"cycle": "1h"},
           "aac": {"cycle": "1h"}}
LAST_SECOND = 1.0
START_UP = 1.0  # of the publisher: what it had sent by the clock is known no better


class Crash(case.Case):
    def setUp(self):
        super().setUp()
        self.server = self.keep(RtmpServer(self.directory / "nginx"))
        self.receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        self.store = self.keep(Radosgw(self.directory / "ceph")).start()
        self.store.client.create_bucket(BUCKET)

    def assert_reaches(self, files, published, seconds, what):
        """What these files hold is the beginning of what was published, and reaches up to the last second."""
        frames = {"video": [], "audio": []}
        for path in files:
            media.assert_plays(path)
            for kind, found in media.read(path).items():
                frames[kind] += found
        expected = {".aac": {"audio": published["audio"]}, "HLS": media.segmentable(published)}
        expected = expected.get(what, media.recordable(published))
        for kind, sent in expected.items():
            stored = media.digests(frames[kind])
            self.assertEqual(stored, media.digests(sent)[:len(stored)], f"{kind} in {what}")
            self.assertGreater(sent[len(stored) - 1].pts, seconds - LAST_SECOND - START_UP, f"{kind} in {what}")

    def test_a_killed_recorder_loses_at_most_the_last_second(self):
        source = media.make_source(self.directory / "source.flv", 20)
        published = media.read(source)
        recording = Recording(self.directory / "rec", FORMATS, self.store, self.receiver)
        recorder = self.launch(recording.pipeline(self.server.url("cam")), env=recording.env)
        self.server.wait_for_player("cam", process=recorder)
        publisher = self.keep(Publisher(source, self.server.url("cam"), self.directory / "publisher.log"))
        started = time.monotonic()
        wait_until(lambda: len(recording.files(".ts")) >= 3, "three segments", 30, recorder)
        elapsed = time.monotonic() - started
        recorder.kill()
        publisher.stop()

        growing = [p for p in recording.spool.rglob(".*.part") if p.suffixes[-2:] != [".ts", ".part"]]
        self.assertEqual(len(growing), 3, growing)
        for path in growing:
            self.assert_reaches([path], published, elapsed, path.suffixes[-2])
        self.assertEqual(self.receiver.received(), [])

        worker = self.launch(recording.uploader(), "worker", recording.env)
        self.receiver.wait_for(4, 40)
        self.assertTrue(worker.is_running(), worker.tail())
        for suffix in (".flv", ".mp4", ".aac"):
            self.assert_reaches(recording.files(suffix), published, elapsed, suffix)
        playlist = recording.playlist()
        self.assertEqual(playlist.count("#EXT-X-ENDLIST"), 1)
        self.assert_reaches(playlist.segments(), published, elapsed, "HLS")
        self.assertEqual([p for p in recording.spool.rglob(".*") if p.is_file()], [])
        recording.assert_stored_in_s3(self)
        self.assertEqual(sorted(line["body"]["file_format"] for line in self.receiver.received()),
                         ["aac", "flv", "hls", "mp4"])


if __name__ == "__main__":
    case.main()
