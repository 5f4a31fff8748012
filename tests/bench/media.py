# SPDX-License-Identifier: LGPL-2.1-or-later
"""The media that every recorder gets, made once and kept, and how many frames a file holds."""
import collections
import dataclasses
import json
import pathlib

from rig.processes import run


@dataclasses.dataclass(frozen=True)
class Kind:
    """H.264 + AAC, all frames different, one keyframe in `gop` frames, no B-frames."""

    name: str
    size: str
    rate: str
    fps: int
    gop: int
    audio: str  # bit rate


USUAL = Kind("usual", "1280x720", "1500k", 25, 50, "128k")
TINY = Kind("tiny", "320x180", "120k", 25, 50, "96k")  # many frames, few bytes: shows what bookkeeping costs
IDLE = Kind("idle", "64x64", "8k", 1, 1, "32k")  # next to nothing: shows what a recorder is by itself
BASE_SECONDS = 60  # encoded; longer media repeats it

Frames = collections.namedtuple("Frames", "video audio")


def _encode(kind, seconds, path):
    run(["ffmpeg", "-v", "error", "-nostdin", "-y",
         "-f", "lavfi", "-i", f"testsrc2=size={kind.size}:rate={kind.fps},noise=alls=8:allf=t",
         "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000,aecho=0.8:0.7:40:0.5",
         "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0",
         "-g", kind.gop, "-keyint_min", kind.gop, "-sc_threshold", "0",
         "-b:v", kind.rate, "-maxrate", kind.rate, "-bufsize", kind.rate,
         "-c:a", "aac", "-ac", "2", "-b:a", kind.audio, "-flvflags", "no_duration_filesize", "-f", "flv", path], 300)


def make(folder, kind, seconds):
    """FLV of that length in `folder`; made when it is not there yet."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind.name}-{seconds}.flv"
    if path.exists():
        return path
    growing = path.with_suffix(".part")
    if seconds <= BASE_SECONDS:
        _encode(kind, seconds, growing)
    else:
        base = make(folder, kind, BASE_SECONDS)
        run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-stream_loop", -(-seconds // BASE_SECONDS) - 1, "-i", base,
             "-t", seconds, "-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv", growing], 900)
    growing.rename(path)
    return path


def _packets(path, entries):
    """A file's packets in file order, by kind. Reading of edit lists would hide a last sample of an MP4 file."""
    options = ["-advanced_editlist", "0"] if path.suffix == ".mp4" else []
    probe = json.loads(run(["ffprobe", "-v", "error", *options, "-show_entries", f"packet=codec_type,{entries}",
                            "-of", "json", path], 600))
    found = {"video": [], "audio": []}
    for packet in probe["packets"]:
        found[packet["codec_type"]].append(packet)
    return found


def count(path):
    """Frames in a recorded file or playlist."""
    packets = _packets(pathlib.Path(path), "size")
    return Frames(len(packets["video"]), len(packets["audio"]))


def recordable(source):
    """Frames of a source that an HLS recording holds: nothing comes before the first keyframe."""
    packets = _packets(pathlib.Path(source), "pts_time")
    first = float(packets["video"][0]["pts_time"])
    return Frames(len(packets["video"]), sum(float(p["pts_time"]) >= first for p in packets["audio"]))


def holes(path, kind):
    """Video frames that lack between a live recording's first and last one; None: it holds none, or does not open."""
    try:
        times = [float(p["dts_time"]) for p in _packets(pathlib.Path(path), "dts_time")["video"]]
    except AssertionError:
        return None
    if not times:
        return None
    return round((times[-1] - times[0]) * kind.fps) + 1 - len(times)
