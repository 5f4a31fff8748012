#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records a web page with its sound, by rule, like a push.

A browser that nobody sees shows the page (Xvfb, Chromium), a sound card of software takes its sound (PulseAudio); both
are encoded (H.264, AAC) and go into rulebin, which records what the template of the configuration says. Ctrl-C or
SIGTERM ends the recording: all files are finished, and no process or temporary file stays behind.

A page that crashes and a browser that dies are started anew, and the recording goes on; what is recorded is kept in
any case. Exit status: 0 recorded, 1 not recorded or not to the end, 2 wrong usage, 3 recorded until the page was lost
once too often.
"""
import argparse
import os
import pathlib
import re
import signal
import sys
import time
import urllib.parse

from browser import BROWSER_DIED, PAGE_CRASHED, Browser, PageError
from stage import SINK, Child, Stage, StageError

PUSH = "rtmp://page.localhost/page/page"
HERE = pathlib.Path(__file__).resolve().parent


def size(text):
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if not match or int(match[1]) % 2 or int(match[2]) % 2:
        raise argparse.ArgumentTypeError("two even numbers of pixels, like 1280x720")
    return int(match[1]), int(match[2])


def positive(kind):
    def parse(text):
        number = kind(text)
        if not 0 < number < 1e7:
            raise argparse.ArgumentTypeError("more than 0")
        return number
    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help='http or https address of the page; "-": is read from standard input')
    parser.add_argument("--push", default=PUSH, metavar="URI",
                        help="who pushes, for rules and names: rtmp://domain/app/stream (default %(default)s)")
    parser.add_argument("--config", default=HERE / "recording.json", type=pathlib.Path,
                        help="configuration file (default: recording.json beside this script)")
    parser.add_argument("--directory", default=pathlib.Path("recordings"), type=pathlib.Path,
                        help="where recordings and catalogue.db go (default ./%(default)s)")
    parser.add_argument("--duration", type=positive(float), metavar="SECONDS", help="default: until a signal comes")
    parser.add_argument("--size", default=(1280, 720), type=size, metavar="WxH", help="default 1280x720")
    parser.add_argument("--fps", default=25, type=positive(int), help="pictures a second (default %(default)s)")
    parser.add_argument("--bitrate", default=2500, type=positive(int), help="video, kbit/s (default %(default)s)")
    parser.add_argument("--load-time", default=15.0, type=positive(float), metavar="SECONDS",
                        help="how long the recording waits for the page to load (default %(default)s)")
    parser.add_argument("--restarts", default=5, type=int, metavar="N",
                        help="how often a page or browser that is lost is started anew (default %(default)s)")
    parser.add_argument("--deliver", action="store_true",
                        help="upload and announce from this process, too (vodupload), as the configuration says")
    chosen = parser.parse_args()
    if chosen.url == "-":
        chosen.url = sys.stdin.readline().strip()
    if urllib.parse.urlsplit(chosen.url).scheme not in ("http", "https"):
        parser.error("the page's address must begin with http:// or https://")
    if not re.fullmatch(r"[A-Za-z0-9:/?%&=._~-]+", chosen.push):
        parser.error("--push: letters, digits and : / ? % & = . _ ~ - only; others are written as %XX")
    if not chosen.config.is_file():
        parser.error(f"no such file: {chosen.config}")
    return chosen


def pipeline(chosen, stage):
    """gst-launch-1.0 with the screen and the sound card in front of rulebin."""
    width, height = chosen.size
    catalogue = chosen.directory / "catalogue.db"
    deliver = ["vodupload", f"config={chosen.config}", f"catalogue={catalogue}"] if chosen.deliver else []
    return [
        "gst-launch-1.0", "-e", "-m",
        "ximagesrc", "use-damage=false", "show-pointer=false",
        f"endx={width - 1}", f"endy={height - 1}", "!", f"video/x-raw,framerate={chosen.fps}/1", "!",
        "queue", "max-size-buffers=10", "!", "videoconvert", "!", "video/x-raw,format=I420", "!",
        "x264enc", "speed-preset=veryfast", "tune=zerolatency", f"bitrate={chosen.bitrate}",
        f"key-int-max={2 * chosen.fps}", "!", "video/x-h264,profile=main", "!", "record.video",
        "pulsesrc", f"device={SINK}.monitor", "!", "audio/x-raw,rate=48000,channels=2", "!", "queue", "!",
        # The sound server's times jump by some milliseconds when it begins and when the machine is busy.
        "audiorate", "skip-to-first=true", "tolerance=20000000", "!",
        "audioconvert", "!", "avenc_aac", "bitrate=128000", "!", "record.audio_0",
        "rulebin", "name=record", f"uri={chosen.push}", f"config={chosen.config}", f"catalogue={catalogue}",
        f"directory={chosen.directory}", *deliver]


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Show:
    """The page on its stage, and the recorder that looks at it."""

    def __init__(self, chosen, stage, asked_to_stop):
        self._chosen, self._stage, self._asked = chosen, stage, asked_to_stop
        self._restarts = chosen.restarts
        self._browser = self._recorder = None

    def run(self):
        """Exit status of the script."""
        try:
            self._show()
            say("the page is there; recording")
            self._recorder = Child(pipeline(self._chosen, self._stage), self._stage.home / "recorder.log",
                                   {**os.environ, **self._stage.address}, death_signal=signal.SIGINT)
            status = self._watch()
        finally:
            ended = self._end_recorder()
            if self._browser:
                self._browser.stop()
        return status if ended == 0 else 1

    def _show(self):
        self._browser = Browser(self._stage, *self._chosen.size, lambda: not self._asked.came)
        try:
            self._browser.show(self._chosen.url, self._chosen.load_time)
        except PageError as error:
            if not self._recorder and str(error) == BROWSER_DIED:
                raise PageError(f"{error}:\n{self._browser.last_words()}") from None
            raise

    def _watch(self):
        deadline = time.monotonic() + (self._chosen.duration or float("inf"))
        while not self._asked.came and time.monotonic() < deadline:
            trouble = self._browser.trouble([self._asked.fd], min(0.5, deadline - time.monotonic()))
            if not self._recorder.is_running():
                return 1
            if self._stage.missing():
                say(f"{self._stage.missing()} died; the recording ends")
                return 1
            if trouble and not self._asked.came and not self._recover(trouble):
                return 3
        return 0

    def _recover(self, trouble):
        """The page is shown again, while the recording goes on; false when that happened too often."""
        while self._restarts > 0 and not self._asked.came:
            self._restarts -= 1
            say(f"{trouble}; it is started again, the recording goes on")
            try:
                if trouble != PAGE_CRASHED:
                    self._browser.stop()
                    self._show()
                else:
                    self._browser.show(self._chosen.url, self._chosen.load_time)
                return True
            except PageError as error:
                trouble = str(error)
        say(f"{trouble}; the recording ends")
        return False

    def _end_recorder(self):
        """Finishes the files: 0 when the recorder said that all went well. What it said is shown if not."""
        if not self._recorder:
            return 1
        self._recorder.signal(signal.SIGINT)  # gst-launch-1.0 -e sends EOS and waits for it
        status = self._recorder.wait(60)
        if status is None:
            self._recorder.stop()
        words = self._recorder.log.read_text(errors="replace")
        if status or "ERROR: from element" in words:
            say(f"the recorder failed:\n{self._recorder.last_words(20)}")
            return 1
        for name in re.findall(r'file-closed.*? location=\(string\)("(?:\\.|[^"])*"|[^,;]*)', words):
            say("recorded " + re.sub(r"\\(.)", r"\1", name.strip('"')))
        return 0


class AskedToStop:
    """SIGINT or SIGTERM came; `fd` becomes readable then, so that who waits wakes up."""

    def __init__(self):
        self.came = False
        self.fd, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._come)

    def _come(self, *_):
        self.came = True


def main():
    chosen = arguments()
    asked = AskedToStop()
    stage = None
    chosen.config, chosen.directory = chosen.config.resolve(), chosen.directory.resolve()
    try:
        chosen.directory.mkdir(parents=True, exist_ok=True)
        stage = Stage(*chosen.size)
        return Show(chosen, stage, asked).run()
    except (StageError, PageError, OSError) as error:
        say(str(error))
        return 1
    finally:
        if stage:
            stage.stop()


sys.exit(main())
