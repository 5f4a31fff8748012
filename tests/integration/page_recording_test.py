# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/cloud-native-recording: a page is recorded with its sound, whatever becomes of page and browser."""
import os
import pathlib
import signal
import statistics
import sys
import urllib.parse
import urllib.request

from rig import case, media, page
from rig.processes import ROOT, Process, answers, below, free_port, wait_until
from rig.servers import Publisher, RtmpServer

EXAMPLE = ROOT / "examples/cloud-native-recording"
WIDTH, HEIGHT, FPS = 640, 360, 25
SYNC = 0.080  # seconds between a flash and its beep
HOOKS = """on_publish http://127.0.0.1:{port}/;
      on_publish_done http://127.0.0.1:{port}/;"""


class PageRecording(case.Case):
    def setUp(self):
        super().setUp()
        self.web = self.keep(page.WebServer())
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        self.options = ["--size", f"{WIDTH}x{HEIGHT}", "--fps", FPS, "--bitrate", 1500, "--directory",
                        self.directory / "recorded"]

    def start(self, *options, url=None):
        return self.keep(Process([sys.executable, EXAMPLE / "record_page.py", url or self.web.url(), *self.options,
                                  *options], self.directory / "script.log", {"TMPDIR": str(self.temporary)}))

    def said(self, script, text, count=1, seconds=40):
        wait_until(lambda: script.log.read_text().count(text) >= count, f"{count} times: {text}", seconds, script)

    def wait_for_recorded(self, script, seconds):
        """Until the file that grows holds so many seconds."""
        wait_until(lambda: self.recorded_so_far() >= seconds, f"{seconds} s are recorded", 60, script)

    def recorded_so_far(self):
        return max(map(media.seconds_of, (self.directory / "recorded").rglob(".*.mp4.part")), default=0)

    def recording(self, folder="recorded"):
        (mp4,) = self.files(folder, ".mp4")
        (playlist,) = self.files(folder, ".m3u8")
        self.assertIn("#EXT-X-ENDLIST", playlist.read_text())
        for path in (mp4, playlist):
            media.assert_plays(path)
        return mp4

    def assert_nothing_is_left(self):
        """No process that was started for the recording, and no file of the browser."""
        mark = str(self.temporary).encode()
        def processes():
            return [p for p in os.listdir("/proc") if p.isdigit() and mark in environment_of(p)]
        wait_until(lambda: not processes(), "all processes are gone")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def seconds_apart(self, path):
        """How long after a flash its beep comes, in the middle of all after the page's first seconds."""
        flashes, beeps = page.flashes(path), page.beeps(path)
        apart = [min((beep - flash for beep in beeps), key=abs) for flash in flashes if flash >= 2]
        self.assertGreaterEqual(min(len(beeps), len(apart)), 4, f"flashes {flashes}, beeps {beeps}")
        return statistics.median(apart)

    def test_picture_and_sound_of_a_page_are_recorded_in_sync(self):
        apart = []
        for attempt in range(3):  # on a busy machine the page itself may learn too late what is to be heard
            folder = f"recorded{attempt}"
            script = self.start("--duration", 9, "--directory", self.directory / folder)
            self.assertEqual(script.wait(60), 0, script.tail())
            recorded = self.recording(folder)
            apart.append(self.seconds_apart(recorded))
            if abs(apart[-1]) < SYNC:
                break
        self.assertLess(abs(apart[-1]), SYNC, f"seconds between flash and beep: {apart}")
        positions = page.bar_positions(recorded, WIDTH)
        self.assertGreater(len(positions), 4 * FPS, "the bar is not in the picture")
        steps = [(after - before) % WIDTH for before, after in zip(positions, positions[FPS:])]
        self.assertAlmostEqual(statistics.median(steps), 100, delta=30, msg="pixels that the bar moves in a second")
        samples, piece = page.sound(recorded), page.RATE // 5
        pieces = [samples[at:at + piece] for at in range(2 * page.RATE, len(samples) - piece, piece)]
        tone, other = (statistics.median(page.level(p, frequency) for p in pieces) for frequency in (440, 600))
        self.assertGreater(tone, 0.01, "the tone")
        self.assertLess(other, tone / 4, "what is no tone of the page")
        self.assertIn(f"recorded {recorded}", script.log.read_text())
        self.assert_nothing_is_left()

    def test_the_recording_goes_on_when_the_page_crashes_and_when_the_browser_dies(self):
        script = self.start()
        self.wait_for_recorded(script, 3)
        for pid, line in below(script.pid).items():
            if "--type=renderer" in line:
                os.kill(pid, signal.SIGSEGV)
        self.said(script, "the page crashed; it is started again")
        wait_until(lambda: self.web.asked.count("/") >= 2, "the page is asked for again", 30, script)
        self.wait_for_recorded(script, 6)
        (browser,) = [pid for pid, line in below(script.pid).items()
                      if "--user-data-dir" in line and "--type" not in line]
        os.kill(browser, signal.SIGKILL)
        self.said(script, "the browser died; it is started again")
        wait_until(lambda: self.web.asked.count("/") >= 3, "the page is asked for by another browser", 30, script)
        restarted = self.recorded_so_far()
        self.wait_for_recorded(script, restarted + 4)
        os.kill(script.pid, signal.SIGINT)
        self.assertEqual(script.wait(60), 0, script.tail())
        recorded = self.recording()
        beeps = page.beeps(recorded)
        self.assertGreater(sum(beep < 3.5 for beep in beeps), 0, f"nothing from before the crash: {beeps}")
        self.assertGreater(sum(beep > restarted for beep in beeps), 0, f"nothing from after it: {beeps}")
        self.assert_nothing_is_left()

    def test_what_was_recorded_is_kept_when_the_page_is_lost_for_good(self):
        script = self.start("--restarts", 0)
        self.wait_for_recorded(script, 2)
        for pid, line in below(script.pid).items():
            if "--type=renderer" in line:
                os.kill(pid, signal.SIGSEGV)
        self.assertEqual(script.wait(60), 3, script.tail())
        self.assertGreaterEqual(media.seconds_of(self.recording()), 2)
        self.assert_nothing_is_left()

    def test_a_page_that_nobody_serves_is_an_error_that_does_not_repeat_its_address(self):
        script = self.start(url=f"http://127.0.0.1:{free_port()}/?token=confidential")
        self.assertEqual(script.wait(60), 1, script.tail())
        self.assertIn("the page cannot be loaded: net::ERR_CONNECTION_REFUSED", script.tail())
        self.assertNotIn("confidential", script.tail())
        self.assertEqual(self.files("recorded", ".mp4"), [])
        self.assert_nothing_is_left()

    def test_a_publish_event_of_the_server_starts_and_ends_the_recording_of_its_page(self):
        port = free_port()
        hook = self.keep(Process([sys.executable, EXAMPLE / "publish_hook.py", port, self.web.url("?{app}+{stream}"),
                                  "--", *self.options], self.directory / "hook.log", {"TMPDIR": str(self.temporary)}))
        wait_until(lambda: answers(port), "the hook answers", process=hook)
        server = self.keep(ServerWithHooks(self.directory / "nginx", port))
        source = media.make_source(self.directory / "source.flv", 60)
        publisher = self.keep(Publisher(source, server.url("a&b;c"), self.directory / "publisher.log"))
        wait_until(lambda: "/?live+a%26b%3Bc" in self.web.asked, "the browser asks for the page", 30, hook)
        self.wait_for_recorded(hook, 2)
        publisher.stop()
        self.said(hook, "recorded /")
        wait_until(lambda: not below(hook.pid), "the recording has ended")
        self.assertEqual(self.recording().parent.name, "a~2526b~253Bc")
        self.assertEqual(hook.log.read_text().count("live/a%26b%3Bc begins"), 1)
        self.assert_ignores_nonsense(hook, port)
        hook.signal(signal.SIGTERM)
        self.assertEqual(hook.wait(20), 0, hook.tail())
        self.assert_nothing_is_left()

    def assert_ignores_nonsense(self, hook, port):
        """What is no publish event is answered, and starts nothing."""
        begun = hook.log.read_text().count("begins")
        for kind, body in (("application/json", b'["on_publish"]'), ("application/json", b"[" * 50000),
                           ("application/json", b'{"action": "on_publish", "app": 7, "stream": "s"}'),
                           ("application/x-www-form-urlencoded", b"call=publish&app=live&name="),
                           ("application/x-www-form-urlencoded", b"\xff\xfe"),
                           ("application/x-www-form-urlencoded", urllib.parse.urlencode(
                               {"call": "publish", "app": "live", "name": "n" * 300}).encode())):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, {"Content-Type": kind})
            with urllib.request.urlopen(request, timeout=10) as answer:
                self.assertEqual(answer.read(), b"0")
        self.assertEqual(hook.log.read_text().count("begins"), begun)


class ServerWithHooks(RtmpServer):
    def __init__(self, directory, hook_port):
        self._hook_port = hook_port
        super().__init__(directory)

    def configuration(self):
        return super().configuration().replace("live on;", "live on;\n      " + HOOKS.format(port=self._hook_port))


def environment_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    case.main()
