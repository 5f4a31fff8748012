# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs on real recordings: those of examples/jobs, and one whose uploader is killed."""
import json
import os
import signal

from rig import case, media
from rig.processes import ROOT, Process, below, run, wait_until
from rig.serve import Server

EXAMPLES = ROOT / "examples/jobs"
SECONDS = 6


class Jobs(case.Case):
    def setUp(self):
        super().setUp()
        self.config, self.catalogue = self.directory / "recording.json", self.directory / "catalogue.db"
        self.spool, self.archive = self.directory / "spool", self.directory / "archive"
        self.env = {"PATH": f"{EXAMPLES}:{os.environ['PATH']}"}

    def configure(self, formats, jobs):
        self.config.write_text(json.dumps({
            "templates": {"default": {"formats": formats, "storage": {"primary": "archive"},
                                      "name": "{StreamName}/{StartMinute}{StartSecond}{StartMillisecond}"}},
            "rules": [{"domain": "127.0.0.1", "template": "default"}],
            "storage": {"archive": {"uri": f"file://{self.archive}"}}, "jobs": jobs}))

    def uploader(self):
        return ["vodupload", f"config={self.config}", f"catalogue={self.catalogue}", f"drain-timeout={600 * 10**9}"]

    def recorder(self):
        source = media.make_source(self.directory / "source.flv", SECONDS)
        return ["filesrc", f"location={source}", "!", "flvdemux", "name=d", "rulebin", "name=r",
                "uri=rtmp://127.0.0.1/live/cam", f"config={self.config}", f"catalogue={self.catalogue}",
                f"directory={self.spool}", *self.uploader(), "d.video", "!", "r.video", "d.audio", "!", "r.audio_0"]

    def tool(self, *words):
        return run(["gst-recording-1.0", *words, "--catalogue", self.catalogue])

    def jobs(self, *words):
        return [json.loads(line) for line in self.tool("jobs", "--json", *words).splitlines()]

    def results(self):
        return json.loads(self.tool("search", "--source", "job", "--json"))["recordings"]

    def test_the_examples_make_a_poster_a_ladder_and_a_report_of_a_recording(self):
        example = json.loads((EXAMPLES / "jobs.json").read_text())
        formats = example["templates"]["default"]["formats"]
        formats["mp4"]["cycle"] = "3s"  # so that there is something to be merged
        self.configure(formats, example["jobs"])
        recorder = self.launch(self.recorder(), env=self.env)
        self.assertEqual(recorder.wait(150), 0, recorder.tail())
        done = self.jobs()
        self.assertEqual({(job["kind"], job.get("name", "")) for job in done},
                         {("merge", ""), ("process", "poster"), ("process", "quality"), ("process", "ladder")})
        self.assertEqual({job["state"] for job in done}, {"done"}, done)
        self.assertEqual(self.jobs("--failed"), [])

        poster, = self.files("spool", ".jpg")
        self.assertIn(b"JFIF", poster.read_bytes()[:16])
        low, = self.files("spool", "240p.mp4")
        high, = self.files("spool", "480p.mp4")
        for path, height in ((low, 240), (high, 480)):
            media.assert_plays(path)
            self.assertAlmostEqual(media.seconds_of(path), SECONDS, delta=0.5)
            size = run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=height", "-of",
                        "csv=p=0", path])
            self.assertEqual(int(size), height)
        reports = [json.loads(path.read_text()) for path in self.files("spool", "quality.json")]
        self.assertEqual(len(reports), 2, "one of each file")
        for report in reports:
            self.assertAlmostEqual(report["duration"], SECONDS / 2, delta=1.2)
            self.assertEqual((report["black"], report["errors"]["count"]), ([], 0))
        for path in (poster, low, high, *self.files("spool", "quality.json")):
            self.assertEqual((self.archive / path.relative_to(self.spool)).read_bytes(), path.read_bytes())
        self.assertEqual(list((self.spool / ".jobs").iterdir()), [])
        self.assert_api_shows(poster)

    def assert_api_shows(self, poster):
        server = self.keep(Server(self.catalogue, self.directory / "serve.log"))
        found = server.get("/api/v1/recordings?source=push").json["recordings"][0]
        picture = server.get(found["poster"])
        self.assertEqual((picture.status, picture.headers["content-type"]), (200, "image/jpeg"))
        self.assertEqual(picture.body, poster.read_bytes())
        shown = server.get(f"/api/v1/recordings/{found['session_id']}").json
        self.assertEqual({job["state"] for job in shown["jobs"]}, {"done"})
        self.assertIn('gst_recording_jobs{state="failed"} 0', server.get("/metrics").body.decode())

    def test_a_job_whose_process_is_killed_dies_with_it_and_is_done_by_another(self):
        mark = self.directory / "second"
        script = f'if [ -e {mark} ]; then cp "$1" copy.mp4; else echo half > copy.mp4; exec sleep 1000; fi'
        self.configure({"mp4": {"process": ["slow"]}},
                       {"slow": {"command": ["sh", "-c", script, "sh", "{input}"], "output": "copy.mp4"}})
        recorder = self.launch(self.recorder())
        child, = wait_until(lambda: [pid for pid, line in below(recorder.pid).items() if line.startswith("sleep 1000")],
                            "the job runs", 60, recorder)
        job, = self.jobs()
        self.assertEqual(job["state"], "running")
        os.kill(recorder.pid, signal.SIGKILL)
        self.assertEqual(recorder.wait(10), -signal.SIGKILL)
        wait_until(lambda: not is_alive(child), "the job died with it")
        self.assertEqual(self.results(), [])
        mark.touch()
        other = self.launch(self.uploader(), "other")
        wait_until(lambda: self.jobs()[0]["state"] == "done", "another one does it", 60, other)
        copy, = self.files("spool", "copy.mp4")
        media.assert_plays(copy)
        self.assertEqual(len(self.results()), 1)
        self.assertEqual(list((self.spool / ".jobs").iterdir()), [])

    def test_what_is_given_up_is_listed_and_brought_back(self):
        fixed = self.directory / "fixed"
        self.configure({"mp4": {"process": ["picky"]}},
                       {"picky": {"command": ["sh", "-c", f"echo no licence >&2; test -e {fixed}"], "attempts": 1}})
        recorder = self.launch(["-m", *self.recorder()])
        self.assertEqual(recorder.wait(60), 0, recorder.tail())
        self.assertIn("vodupload-job-failed", recorder.log.read_text())
        failed, = self.jobs("--failed")
        self.assertEqual((failed["state"], failed["error"]), ("failed", "'sh' ended with 1: no licence"))
        self.assertIn("no licence", self.tool("jobs", "--failed", "--log"))
        fixed.touch()
        self.assertIn("1 due now", self.tool("retry", "--target", "picky"))
        other = self.launch(["-m", *self.uploader()], "other")
        wait_until(lambda: self.jobs()[0]["state"] == "done", "it is done now", 60, other)
        wait_until(lambda: "vodupload-job-done" in other.log.read_text(), "it is said", 20, other)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    case.main()
