# SPDX-License-Identifier: LGPL-2.1-or-later
"""While the primary store is dead its backup stands in, and gets nothing that the primary does not have later."""
from rig import case
from rig.processes import free_port, wait_until
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording
from rig.servers import CallbackReceiver

FORMATS = {"flv": {"cycle": "2s"}, "hls": {"segment": "1s"}}


class Backup(case.Case):
    def test_a_dead_primary_is_stood_in_for_and_made_whole_later(self):
        store = self.keep(Radosgw(self.directory / "ceph", free_port()))
        receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        spare = self.directory / "spare"
        recording = Recording(self.directory / "rec", FORMATS, store, receiver, backup=spare)
        recorder = self.launch(
            ["videotestsrc", "num-buffers=150", "!", "video/x-raw,width=320,height=240,framerate=25/1",
             "!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "!", "h264parse",
             "!", "r.video", "rulebin", "name=r", "uri=rtmp://127.0.0.1/live/cam", f"config={recording.config}",
             f"catalogue={recording.catalogue}", f"directory={recording.spool}", *recording.uploader()],
            "recorder", recording.env)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())  # it waits for no back-fill

        local = {p.relative_to(recording.spool): p for p in recording.spool.rglob("*")
                 if p.is_file() and not p.name.startswith(".")}
        self.assertGreaterEqual(len(local), 3 + 1 + 5, sorted(local))
        for name, path in local.items():
            self.assertEqual((spare / name).read_bytes(), path.read_bytes(), name)
        told = sorted(line["body"]["video_url"] for line in receiver.received())
        self.assertEqual(told, sorted(f"file://{spare / name}" for name in local if name.suffix != ".ts"))
        self.assertIn("backed-up", recording.list())
        self.assertIn("owed", recording.list())

        store.start()
        store.client.create_bucket(BUCKET)
        uploader = self.launch(recording.uploader(), "uploader", recording.env)
        wait_until(lambda: "owed" not in recording.list(), "the primary has all", 90, uploader)
        recording.assert_stored_in_s3(self)
        self.assertIn("back-filled", recording.list())
        self.assertNotIn("backed-up", recording.list())
        self.assertEqual(len(receiver.received()), len(told), "each file is announced once")


if __name__ == "__main__":
    case.main()
