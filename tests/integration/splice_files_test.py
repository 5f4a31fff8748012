# SPDX-License-Identifier: LGPL-2.1-or-later
"""FLV and MP4 of a push that is interrupted: nginx-rtmp, a recorder process for each push, one file, one callback."""
from rig import case, media
from rig.processes import wait_until
from rig.recording import Recording
from rig.servers import CallbackReceiver, Publisher, RtmpServer

FORMATS = {"flv": {"splice-timeout": "10s"}, "mp4": {"splice-timeout": "10s"}}
SECONDS = 6
LACKING = 2  # frames of a track that the server may not deliver at the end of a push


class SplicedFiles(case.Case):
    def setUp(self):
        super().setUp()
        self.server = self.keep(RtmpServer(self.directory / "nginx"))
        self.receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        self.recording = Recording(self.directory / "rec", FORMATS, receiver=self.receiver)
        self.sources = [media.make_source(self.directory / f"source{number}.flv", SECONDS, tone=300 + 100 * number)
                        for number in range(3)]

    def record(self, number):
        """A recorder of its own for this push, and its publisher."""
        recorder = self.launch(self.recording.pipeline(self.server.url("cam")), f"recorder{number}", self.recording.env)
        self.server.wait_for_player("cam", process=recorder)
        return recorder, self.keep(Publisher(self.sources[number], self.server.url("cam"),
                                             self.directory / f"push{number}.log", 2))

    def assert_holds_the_pushes(self, path, lacking):
        """Every push one behind the other, each moved as a whole; `lacking`: how many frames of each may not be there."""
        media.assert_plays(path)
        stored = media.read(path)
        at = {"video": 0, "audio": 0}
        end = 0
        for number, source in enumerate(self.sources):
            shifts = []
            for kind, published in media.recordable(media.read(source)).items():
                found = stored[kind][at[kind]:]
                same = 0
                while same < min(len(found), len(published)) and found[same].digest == published[same].digest:
                    same += 1
                self.assertGreaterEqual(same, len(published) - lacking[number], f"{kind} of push {number} in {path}")
                at[kind] += same
                moved = [frame.pts - sent.pts for frame, sent in zip(found[:same], published)]
                self.assertLess(max(moved) - min(moved), 0.0025, f"{kind} of push {number} is not moved as a whole")
                shifts.append(moved[0])
            self.assertLess(abs(shifts[0] - shifts[1]), 0.02, f"push {number}: audio and video in {path}")
            self.assertLess(abs(shifts[0] + media.read(source)["video"][0].pts - end), 0.25, f"a hole before push {number}")
            end = max(frames[at[kind] - 1].pts for kind, frames in stored.items())
        self.assertEqual(at, {kind: len(frames) for kind, frames in stored.items()}, f"{path} holds more")

    def assert_one_file_of_each(self, lacking):
        files = self.recording.files(".flv") + self.recording.files(".mp4")
        self.assertEqual([p.suffix for p in files], [".flv", ".mp4"], self.recording.list())
        for path in files:
            self.assert_holds_the_pushes(path, lacking)
        self.assertEqual([p for p in self.recording.spool.rglob("*") if p.is_file() and p not in files], [])
        bodies = [line["body"] for line in self.receiver.received()]
        self.assertEqual(sorted(body["file_format"] for body in bodies), ["flv", "mp4"], "one callback each")
        sizes = {path.suffix[1:]: path.stat().st_size for path in files}
        for body in bodies:
            self.assertEqual(body["file_size"], sizes[body["file_format"]])

    def test_two_interruptions_leave_one_file_of_each_format(self):
        recorders = []
        for number in range(3):
            recorder, publisher = self.record(number)
            recorders.append(recorder)
            publisher.wait(20)
            self.assertEqual(self.receiver.received(), [], "nothing is announced that may go on")
        for recorder in recorders:
            self.assertEqual(recorder.wait(40), 0, recorder.tail())
        self.assert_one_file_of_each([LACKING] * 3)

    def test_killed_recorders_leave_one_file_of_each_format(self):
        for number in range(2):
            recorder, publisher = self.record(number)
            wait_until(lambda: sum(p.stat().st_size for p in self.recording.spool.rglob(".*.part")) > 200_000,
                       "some seconds are on the disk", 20, recorder)
            recorder.kill()
            publisher.stop()
        recorder, publisher = self.record(2)
        publisher.wait(20)
        self.assertEqual(recorder.wait(40), 0, recorder.tail())
        everything = 10**6
        self.assert_one_file_of_each([everything, everything, LACKING])


if __name__ == "__main__":
    case.main()
