# SPDX-License-Identifier: LGPL-2.1-or-later
"""recsink behind a real RTMP server: every published frame is stored, over more than twenty cuts, per format."""
from rig import case, media
from rig.servers import Publisher, RtmpServer

SECONDS = 24
MAY_LACK = 2  # what the server had not sent yet when the publisher went


class RecsinkRtmp(case.Case):
    def setUp(self):
        super().setUp()
        self.server = self.keep(RtmpServer(self.directory / "nginx"))
        self.source = media.make_source(self.directory / "source.flv", SECONDS)
        self.recorded = self.directory / "recorded"

    def record(self, *properties):
        recorder = self.launch(
            ["rtmp2src", f"location={self.server.url('cam')}", "!", "flvdemux", "name=d",
             "recsink", "name=r", *properties, "d.video", "!", "r.video", "d.audio", "!", "r.audio_0"])
        self.server.wait_for_player("cam", process=recorder)
        publisher = self.keep(Publisher(self.source, self.server.url("cam"), self.directory / "publisher.log", rate=3))
        publisher.wait(SECONDS)
        self.assertEqual(recorder.wait(20), 0, recorder.tail())

    def assert_cut_without_loss(self, suffix, published):
        files = self.files("recorded", suffix)
        self.assertGreater(len(files), 20)
        stored = {"video": [], "audio": []}
        for path in files:
            media.assert_plays(path)
            shifts = []
            for kind, frames in media.read(path).items():
                if frames:
                    shifts.append(frames[0].pts - published[kind][len(stored[kind])].pts)
                    self.assertTrue(frames[0].keyframe, f"{path} does not begin with a keyframe")
                stored[kind] += frames
            self.assertLess(max(shifts) - min(shifts), media.AUDIO_FRAME, f"audio and video drift apart in {path}")
        return stored

    def test_stores_every_published_frame_over_twenty_cuts_in_every_format(self):
        self.record("formats=flv+mp4+aac", "cycle=1000000000", f"location={self.recorded}/cam-%05d")
        published = media.read(self.source)
        for suffix, expected in ((".flv", media.recordable(published)), (".mp4", media.recordable(published)),
                                 (".aac", {"audio": published["audio"]})):
            stored = self.assert_cut_without_loss(suffix, expected)
            for kind, frames in expected.items():
                media.assert_same_frames(media.digests(stored[kind]), media.digests(frames), f"{kind} in {suffix}",
                                         MAY_LACK)
        self.assertEqual(self.files("recorded", ".part"), [])


if __name__ == "__main__":
    case.main()
