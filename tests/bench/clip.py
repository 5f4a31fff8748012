#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long it takes to cut an MP4 of a minute out of a long recording, with `gst-recording-1.0 clip`.

The recording is written as fast as it goes, by rulebin; then minutes at its beginning, its middle and its end are cut
by a process each, as somebody would who asks.
"""
import argparse
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import tempfile
import time

FORMATS = {"mp4": {"mp4": {"cycle": "12h"}}, "cmaf": {"hls": {"segment": "10s", "segment-format": "cmaf"}},
           "ts": {"hls": {"segment": "10s"}}}
CLIP = 60  # seconds
BASE = 60  # seconds that are encoded: five pictures a second, a keyframe in two seconds, and repeated


def make_base(folder, kbit_per_second):
    path = folder / "base.h264"
    subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={5 * BASE}", "pattern=snow", "!",
                    "video/x-raw,width=320,height=180,framerate=5/1", "!", "x264enc", f"bitrate={kbit_per_second}",
                    "vbv-buf-capacity=2000", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=10", "!",
                    "video/x-h264,stream-format=byte-stream", "!", "filesink", f"location={path}"], check=True)
    return path.read_bytes()


def record(folder, formats, base, seconds):
    config = folder / "recording.json"
    config.write_text(json.dumps({"templates": {"t": {"formats": formats}},
                                  "rules": [{"domain": "127.0.0.1", "template": "t"}]}))
    recorder = subprocess.Popen(
        ["gst-launch-1.0", "-e", "-q", "fdsrc", "fd=0", "!", "h264parse", "!", "r.video", "rulebin", "name=r",
         "uri=rtmp://127.0.0.1/live/cam", f"config={config}", f"catalogue={folder / 'catalogue.db'}",
         f"directory={folder / 'spool'}"], stdin=subprocess.PIPE)
    for _ in range(seconds // BASE):
        recorder.stdin.write(base)
    recorder.stdin.close()
    if recorder.wait(3600):
        raise RuntimeError("the recording failed")
    with sqlite3.connect(folder / "catalogue.db") as db:
        (session, length), = db.execute(
            "SELECT r.session_id, max(f.duration_ns) / 1e9 FROM recording r JOIN file f ON f.recording_id = r.id")
    if length < seconds - 3:
        raise RuntimeError(f"only {length} s of {seconds} were recorded")
    return session


def cut(tool, folder, session, start):
    """Seconds of the wall clock, and of the processor."""
    out = folder / "clip.mp4"
    before, began = os.times(), time.monotonic()
    subprocess.run([tool, "clip", session, "--start", f"+{start}s", "--end", f"+{start + CLIP}s", "--format", "mp4",
                    "--output", out, "--catalogue", folder / "catalogue.db"], check=True, stdout=subprocess.DEVNULL)
    taken, after = time.monotonic() - began, os.times()
    probed = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", out],
                            check=True, capture_output=True, text=True).stdout
    if not CLIP - 3 <= float(probed) <= CLIP + 3:
        raise RuntimeError(f"a clip of {probed.strip()} s")
    out.unlink()
    return taken, sum(after[2:4]) - sum(before[2:4])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=12 * 3600 - 60, help="of media in the recording")
    parser.add_argument("--kbit", type=int, default=160, help="of media a second, in thousand bits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--tool", default="gst-recording-1.0")
    options = parser.parse_args()
    print("| Source | MiB | clips | median s | longest s | processor s |\n|---|---:|---:|---:|---:|---:|")
    for name in options.formats:
        with tempfile.TemporaryDirectory(prefix="rec-bench-") as temporary:
            folder = pathlib.Path(temporary)
            # What arrives faster than it plays has a wall clock that is too short: a clip counts by the media's.
            session = record(folder, FORMATS[name], make_base(folder, options.kbit), options.seconds)
            size = sum(p.stat().st_size for p in (folder / "spool").rglob("*") if p.is_file())
            places = [start for start in (30, options.seconds // 2, options.seconds - 2 * CLIP)
                      for _ in range(options.rounds)]
            times = [cut(options.tool, folder, session, start) for start in places]
            walls = [wall for wall, _ in times]
            print(f"| {name} | {size >> 20} | {len(times)} | {statistics.median(walls):.2f} | {max(walls):.2f} | "
                  f"{statistics.median(cpu for _, cpu in times):.2f} |", flush=True)


if __name__ == "__main__":
    main()
