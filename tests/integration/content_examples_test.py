# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/content: every script records what it says."""
import itertools
import os
import signal

from rig import case, media, page
from rig.processes import ROOT, Process, below, free_port, run, wait_until

EXAMPLES = ROOT / "examples/content"


def brightness(path, area):
    """[(seconds, mean luma)] of a part of each picture."""
    text = run(["ffprobe", "-v", "error", "-f", "lavfi", "-i", f"movie={path.name},crop={area},signalstats",
                "-show_entries", "frame=pts_time:frame_tags=lavfi.signalstats.YAVG", "-of", "csv=p=0"], cwd=path.parent)
    return [tuple(map(float, line.split(",")[:2])) for line in text.split()]


def size_of(path):
    return run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height", "-of",
                "csv=p=0:s=x", path]).strip()


class ContentExamples(case.Case):
    def setUp(self):
        super().setUp()
        self.recorded = self.directory / "recorded"

    def start(self, name, seconds, *options, **env):
        return self.keep(Process([EXAMPLES / name, "--seconds", seconds, "--directory", self.recorded, *options],
                                 self.directory / f"{name}.log", env))

    def record(self, name, *options, seconds=3):
        script = self.start(name, seconds, *options)
        self.assertEqual(script.wait(60), 0, script.tail())
        for path in self.recorded.rglob("*.mp4"):
            media.assert_plays(path)
            self.assertGreater(media.seconds_of(path), seconds / 2)
        return script.log.read_text()

    def recordings(self, stream, count):
        """The files of a stream by their names; there are as many playlists."""
        files = self.files(f"recorded/live/{stream}", ".mp4")
        playlists = self.files(f"recorded/live/{stream}", ".m3u8")
        self.assertEqual((len(files), len(playlists)), (count, count), files + playlists)
        for playlist in playlists:
            media.assert_plays(playlist)
        return files

    def test_a_logo_is_in_the_watermarked_recording_and_not_in_the_origin(self):
        self.record("watermark.sh")
        corner = "32:32:576:32"
        origin, marked = self.recordings("marked", 2)
        self.assertTrue(marked.stem.endswith("_watermarked"), marked)
        self.assertTrue(all(luma < 100 for _, luma in brightness(origin, corner)))
        self.assertTrue(all(luma > 200 for _, luma in brightness(marked, corner)))

    def test_a_ladder_is_recorded_in_each_of_its_sizes(self):
        self.record("ladder.sh")
        self.assert_is_ladder()

    def assert_is_ladder(self):
        low, high = self.recordings("ladder", 2)
        self.assertEqual((low.stem[-5:], size_of(low)), ("_240p", "426x240"))
        self.assertEqual((high.stem[-5:], size_of(high)), ("_480p", "854x480"))

    def test_what_the_template_wants_is_built_on_request(self):
        said = self.record("on_request.py", "--stream", "ladder")
        self.assertIn("asked for transcoded:480p: transcoding", said)
        self.assert_is_ladder()

    def test_the_origin_is_recorded_alone_when_nobody_has_the_watermark(self):
        said = self.record("on_request.py", "--stream", "marked", seconds=2)
        self.assertIn("asked for watermarked: not here", said)
        self.assertEqual(size_of(self.recordings("marked", 1)[0]), "640x360")

    def test_a_mix_shows_and_sounds_like_both_of_its_inputs_which_are_recorded_too(self):
        self.record("mix.sh")
        mix = self.recordings("mix", 1)[0]
        self.assertEqual(size_of(mix), "1280x360")
        bars = [luma for _, luma in brightness(mix, "40:40:8:8")]
        dark = [luma for _, luma in brightness(mix, "640:360:640:0")]
        self.assertGreater(sorted(bars)[len(bars) // 2], 150, "the white bar of the first")
        self.assertLess(sorted(dark)[len(dark) // 2], 60, "the dark picture of the second")
        for stream, heard in (("a", (440,)), ("b", (660,)), ("mix", (440, 660))):
            samples = page.sound(self.recordings(stream, 1)[0])[page.RATE:2 * page.RATE]
            for frequency in (440, 660):
                level = page.level(samples, frequency)
                self.assertEqual(level > 0.05, frequency in heard, f"{frequency} Hz in {stream}: {level}")

    def test_a_slate_fills_the_time_when_the_stream_is_gone_and_the_stream_comes_back(self):
        port = free_port()
        source = media.make_source(self.directory / "source.flv", 3)
        script = self.start("slate.sh", 120, PORT=str(port))
        for number in range(2):
            self.wait_for_more(script, 2)
            push = self.keep(Process(["ffmpeg", "-v", "error", "-nostdin", "-re", "-i", source, "-c", "copy",
                                      "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"],
                                     self.directory / f"push{number}.log"))
            self.assertEqual(push.wait(30), 0, push.tail())
        self.wait_for_more(script, 2)
        for pid, line in below(script.pid).items():
            if line.startswith("gst-launch-1.0"):
                os.kill(pid, signal.SIGINT)
        self.assertEqual(script.wait(30), 0, script.tail())
        shown = [luma > 70 for _, luma in brightness(self.recordings("cam1", 1)[0], "640:200:0:0")]
        runs = [is_stream for is_stream, _ in itertools.groupby(shown)]
        self.assertFalse(runs[0] or runs[-1], f"the slate comes first and last: {runs}")
        self.assertGreaterEqual(runs.count(True), 2, "the stream is shown twice")
        samples = page.sound(self.recordings("cam1", 1)[0])
        loud = [max(map(abs, samples[at:at + page.RATE])) > 500 for at in range(0, len(samples), page.RATE)]
        self.assertTrue(any(loud) and not all(loud), f"heard in each second: {loud}")

    def wait_for_more(self, script, seconds):
        """Until the file that grows has grown by so much: what is sent before the pipeline runs is lost."""
        def recorded():
            return max(map(media.seconds_of, self.recorded.rglob(".*.mp4.part")), default=0)
        before = recorded()
        wait_until(lambda: recorded() >= before + seconds, f"{seconds} s are recorded", 40, script)


if __name__ == "__main__":
    case.main()
