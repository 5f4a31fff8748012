# SPDX-License-Identifier: LGPL-2.1-or-later
"""A task of the catalogue in a process whose wall clock is set while it records."""
import json
import pathlib
import time

from rig import case, media
from rig.processes import run, wait_until

HOUR = 3600
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
STREAM = ("--domain", "push.example.org", "--app", "live", "--stream", "cam1")


class TaskClock(case.Case):
    def setUp(self):
        super().setUp()
        if not FAKETIME:
            raise AssertionError("no libfaketimeMT.so.1: install libfaketime")
        self.spool = self.directory / "spool"
        self.catalogue = self.spool / "catalogue.db"
        self.config = self.directory / "recording.json"
        self.config.write_text(json.dumps({
            "templates": {"t": {"formats": {"mp4": {}}, "name": "{StreamName}-{StartTime}"}}, "rules": []}))
        self.offset = self.directory / "offset"

    def set_clock(self, seconds):
        """Of the recorder, ahead of the real one. Replaced as a whole: it is read at any time."""
        new = self.directory / "offset.new"
        new.write_text(f"+{seconds}\n")
        new.rename(self.offset)

    def task(self, *arguments):
        return json.loads(run(["gst-recording-1.0", "task", *arguments, "--json", f"--catalogue={self.catalogue}"]))

    def recordings(self):
        return json.loads(run(["gst-recording-1.0", "list", "--json", "--catalogue", self.catalogue]))["recordings"]

    def record(self):
        # The media's clock is another one, and nothing waits by the wall clock.
        env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_NO_CACHE": "1",
               "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        return self.launch(["-m", "videotestsrc", "is-live=true", "!", "video/x-raw,width=160,height=120,framerate=25/1",
                            "!", "x264enc", "key-int-max=25", "tune=zerolatency", "speed-preset=ultrafast", "!", "r.video",
                            "rulebin", "name=r", f"config={self.config}", f"directory={self.spool}",
                            "uri=rtmp://push.example.org/live/cam1"], env=env)

    def test_a_task_follows_the_clock_forwards_and_is_not_ended_by_one_that_is_set_back(self):
        task = self.task("create", *STREAM, "--template", "t", "--start", str(int(time.time()) + 2 * HOUR),
                         "--duration", "1h")
        self.set_clock(0)
        recorder = self.record()

        def said(what):
            return what in recorder.log.read_text(errors="replace")

        wait_until(lambda: said("rulebin-not-recorded"), "the push begins", 30, recorder)
        self.assertEqual(self.recordings(), [])
        self.set_clock(int(2.5 * HOUR))
        wait_until(lambda: said("rulebin-task-began"), "the task begins", 30, recorder)
        wait_until(lambda: [r["task"] for r in self.recordings()] == [task["task_id"]], "it records", 30, recorder)

        self.set_clock(0)
        (segment,) = self.growing(recorder)
        size = segment.stat().st_size
        wait_until(lambda: segment.stat().st_size > size + 20_000, "it goes on", 30, recorder)
        self.assertFalse(said("rulebin-task-ended"))

        self.set_clock(4 * HOUR)
        wait_until(lambda: said("rulebin-task-ended"), "the task ends", 30, recorder)
        wait_until(lambda: self.recordings()[0]["state"] == "finished", "its recording is finished", 30, recorder)
        (recording,) = self.recordings()
        (file,) = recording["files"]
        self.assertEqual(file["state"], "closed")
        media.assert_plays(pathlib.Path(file["path"]))
        self.assertTrue(recorder.is_running(), "the push goes on")
        recorder.signal(2)
        self.assertEqual(recorder.wait(30), 0, recorder.tail())

    def growing(self, recorder):
        return wait_until(lambda: [p for p in self.spool.glob(".*.part") if p.stat().st_size > 0], "a file grows", 30,
                          recorder)


if __name__ == "__main__":
    case.main()
