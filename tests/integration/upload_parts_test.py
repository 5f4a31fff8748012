# SPDX-License-Identifier: LGPL-2.1-or-later
"""A long file goes up in parts: who goes on after kill -9 sends at most one of them again."""
from rig import case
from rig.processes import wait_until
from rig.proxy import Proxy
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording

PART = 16 << 20
SLACK = 1 << 20  # headers, lists, and what was on its way


class UploadParts(case.Case):
    def record(self, recording):
        """Noise, which no encoder makes small: 12 seconds of about 50 Mbit/s."""
        recorder = self.launch(
            ["videotestsrc", "num-buffers=300", "pattern=snow", "!", "video/x-raw,width=640,height=360,framerate=25/1",
             "!", "x264enc", "bitrate=50000", "vbv-buf-capacity=100", "tune=zerolatency", "speed-preset=ultrafast",
             "key-int-max=50", "!", "h264parse", "!", "r.video",
             "rulebin", "name=r", "uri=rtmp://127.0.0.1/live/cam", f"config={recording.config}",
             f"catalogue={recording.catalogue}", f"directory={recording.spool}"], "recorder", recording.env)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())
        (path,) = recording.files(".mp4")
        self.assertGreater(path.stat().st_size, 2.5 * PART)
        return path

    def test_a_killed_uploader_costs_at_most_one_part(self):
        store = self.keep(Radosgw(self.directory / "ceph")).start()
        store.client.create_bucket(BUCKET)
        uploaders = []
        proxy = self.keep(Proxy(store.port, after=PART + PART // 2, act=lambda: uploaders[0].kill()))
        behind_proxy = Radosgw(self.directory / "none", proxy.port)  # the same store, never started here
        recording = Recording(self.directory / "rec", {"mp4": {"cycle": "1h"}}, behind_proxy)
        path = self.record(recording)

        uploaders.append(self.launch(recording.uploader(), "killed", recording.env))
        wait_until(lambda: not uploaders[0].is_running(), "the uploader is killed in its second part", 60)
        self.assertEqual(store.client.keys(BUCKET), [])

        again = self.launch(recording.uploader(), "worker", recording.env)
        wait_until(lambda: "owed" not in recording.list(), "nothing is owed any more", 90, again)
        key = f"eu/{path.relative_to(recording.spool)}"
        self.assertEqual(store.client.keys(BUCKET), [key])
        self.assertTrue(store.client.get(BUCKET, key) == path.read_bytes(), "byte for byte")
        self.assertLess(proxy.sent, path.stat().st_size + PART + SLACK)
        self.assertNotIn(b"<Upload>", store.client.request("GET", f"/{BUCKET}", {"uploads": ""}))


if __name__ == "__main__":
    case.main()
