# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of tests/integration/page on a web server, and what of it is found in a recording."""
import array
import functools
import http.server
import math
import threading

from rig.processes import ROOT, run

PAGE = ROOT / "tests/integration/page"
RATE = 8000      # of the sound that is looked at
WINDOW = 40      # samples, 5 ms


class WebServer:
    """Serves the page until `stop()`; `asked` are the paths that a browser asked for."""

    def __init__(self):
        asked = self.asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                super().do_GET()

            def end_headers(self):
                self.send_header("Cache-Control", "no-store")  # each look at the page is a request
                super().end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                       functools.partial(Handler, directory=str(PAGE)))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path=""):
        return f"http://127.0.0.1:{self._server.server_address[1]}/{path}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def flashes(path):
    """When the upper half of the picture turned white, in seconds."""
    text = run(["ffprobe", "-v", "error", "-f", "lavfi", "-i", f"movie={path.name},crop=iw:ih/2:0:0,signalstats",
                "-show_entries", "frame=pts_time:frame_tags=lavfi.signalstats.YAVG", "-of", "csv=p=0"], cwd=path.parent)
    frames = [tuple(map(float, line.split(",")[:2])) for line in text.split()]
    return [time for (_, before), (time, now) in zip(frames, frames[1:]) if before < 128 <= now]


def bar_positions(path, width):
    """Where the bar is in each picture, in pixels from the left; pictures without one are left out."""
    pixels = run_bytes(["ffmpeg", "-v", "error", "-nostdin", "-i", path,
                        "-vf", f"crop=iw:16:0:ih*3/4+2,scale={width}:1", "-fps_mode", "passthrough",
                        "-pix_fmt", "gray", "-f", "rawvideo", "-"])
    rows = [pixels[at:at + width] for at in range(0, len(pixels), width)]
    return [row.index(max(row)) for row in rows if max(row) > 160]


def sound(path, filters="anull"):
    """Samples, one channel, from time zero of the file on."""
    return array.array("h", run_bytes(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a",
         "-af", f"aresample=async=1:first_pts=0,{filters}", "-ac", "1", "-ar", RATE, "-f", "s16le", "-"]))


def beeps(path):
    """When a beep of 2 kHz began, in seconds."""
    samples = sound(path, "highpass=f=1400,highpass=f=1400")
    loud = [max(map(abs, samples[at:at + WINDOW])) > 2500 for at in range(0, len(samples) - WINDOW, WINDOW)]
    return [n * WINDOW / RATE for n in range(1, len(loud)) if loud[n] and not any(loud[max(0, n - 60):n])]


def level(samples, frequency):
    """How much of a frequency is in it, from 0 (nothing) to 1 (full)."""
    angles = [2 * math.pi * frequency * n / RATE for n in range(len(samples))]
    real = sum(s * math.cos(a) for s, a in zip(samples, angles))
    imaginary = sum(s * math.sin(a) for s, a in zip(samples, angles))
    return 2 * math.hypot(real, imaginary) / len(samples) / 32768


def run_bytes(argv):
    return run(argv, text=False)
