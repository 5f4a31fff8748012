# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the publisher to finished files, object store and callbacks: nginx-rtmp, gst-launch-1.0, Ceph's S3, HTTP."""
import hashlib
import json

from rig import case, media
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording, assert_stores
from rig.servers import CALLBACK_KEY, CallbackReceiver, Publisher, RtmpServer

SECONDS = 24
FORMATS = {"hls": {"segment": "1s", "splice-timeout": "3s"}, "mp4": {"cycle": "1s"}, "flv": {"cycle": "1s"}}


class RealPath(case.Case):
    def setUp(self):
        super().setUp()
        self.server = self.keep(RtmpServer(self.directory / "nginx"))
        self.receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        self.store = self.keep(Radosgw(self.directory / "ceph")).start()
        self.store.client.create_bucket(BUCKET)

    def assert_announced(self, recording, files):
        """One signed callback for each finished file, with its facts."""
        bodies = []
        for line in self.receiver.received():
            self.assertTrue(line["accepted"], line)
            body = line["body"]
            self.assertEqual(body["sign"], hashlib.md5(f"{CALLBACK_KEY}{body['t']}".encode()).hexdigest())
            bodies.append(body)
        urls = [body["video_url"] for body in bodies]
        self.assertEqual(len(urls), len(set(urls)), "a file was announced twice")
        keys = sorted(f"eu/{path.relative_to(recording.spool)}" for path in files)
        self.assertEqual(sorted(url.split(f"/{BUCKET}/", 1)[1] for url in urls), keys)
        sizes = {f"eu/{path.relative_to(recording.spool)}": path.stat().st_size for path in files}
        for body in bodies:
            self.assertEqual((body["event_type"], body["appname"], body["stream_id"]), (100, "live", "cam"))
            if body["file_format"] != "hls":
                self.assertEqual(body["file_size"], sizes[body["video_url"].split(f"/{BUCKET}/", 1)[1]])
            self.assertEqual(json.loads(body["callback_ext"])["resolution"], "640x360")

    def test_every_frame_is_stored_uploaded_and_announced_in_every_format(self):
        source = media.make_source(self.directory / "source.flv", SECONDS)
        recording = Recording(self.directory / "rec", FORMATS, self.store, self.receiver)
        recorder = self.launch(recording.pipeline(self.server.url("cam")), env=recording.env)
        self.server.wait_for_player("cam", process=recorder)
        publisher = self.keep(Publisher(source, self.server.url("cam"), self.directory / "publisher.log", rate=2))
        publisher.wait(2 * SECONDS)
        self.assertEqual(recorder.wait(60), 0, recorder.tail())

        published = media.read(source)
        playlist = recording.playlist()
        for files, expected in ((recording.files(".flv"), media.recordable(published)),
                                (recording.files(".mp4"), media.recordable(published)),
                                (playlist.segments(), media.segmentable(published))):
            self.assertGreater(len(files), 20)
            assert_stores(self, files, expected, files[0].suffix)
        media.assert_plays(playlist.path)
        self.assertEqual(playlist.count("#EXT-X-ENDLIST"), 1)
        self.assertEqual(playlist.count("#EXT-X-DISCONTINUITY"), 0)
        self.assertEqual([p for p in recording.spool.rglob("*") if p.is_file() and p.name.startswith(".")], [])
        recording.assert_stored_in_s3(self)
        self.assert_announced(recording, recording.files(".flv") + recording.files(".mp4") + [playlist.path])

    def test_an_interruption_is_spliced_by_a_new_process(self):
        recording = Recording(self.directory / "rec", {"hls": {"segment": "1s", "splice-timeout": "8s"}}, self.store,
                              self.receiver)
        sources, recorders = [], []
        for number in range(2):
            sources.append(media.make_source(self.directory / f"source{number}.flv", 6, tone=300 + 100 * number))
            recorders.append(self.launch(recording.pipeline(self.server.url("cam")), f"recorder{number}",
                                         recording.env))
            self.server.wait_for_player("cam", process=recorders[-1])
            self.keep(Publisher(sources[-1], self.server.url("cam"), self.directory / f"push{number}.log", 2)).wait(20)
        for recorder in recorders:
            self.assertEqual(recorder.wait(40), 0, recorder.tail())

        playlist = recording.playlist()
        self.assertEqual(playlist.count("#EXT-X-DISCONTINUITY"), 1)
        self.assertEqual(playlist.count("#EXT-X-ENDLIST"), 1)
        for number, segments in enumerate(playlist.periods()):
            assert_stores(self, segments, media.segmentable(media.read(sources[number])), f"push {number}")
        recording.assert_stored_in_s3(self)
        self.assert_announced(recording, [playlist.path])


if __name__ == "__main__":
    case.main()
