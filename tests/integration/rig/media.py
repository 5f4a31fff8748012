# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes media, and reads back what was recorded, frame by frame."""
import collections
import json
import pathlib
import subprocess

from rig.processes import run

# pts and dts in seconds; digest is of the coded frame without what containers add or take (parameter sets,
# delimiters, ADTS headers), so it is the same in FLV, MP4, TS and AAC files.
Frame = collections.namedtuple("Frame", "pts dts digest keyframe")

FPS = 25
AUDIO_RATE = 44100
AUDIO_FRAME = 1024 / AUDIO_RATE


def make_source(path, seconds, size="640x360", keyframe_every=1.0, tone=300):
    """H.264 + AAC in FLV, every frame different, one keyframe each `keyframe_every` seconds, no B-frames."""
    run(["ffmpeg", "-v", "error", "-nostdin", "-y",
         "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={FPS}",
         "-f", "lavfi", "-i", f"sine=frequency={tone}:beep_factor=4:sample_rate={AUDIO_RATE}",
         "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0",
         "-g", int(FPS * keyframe_every), "-pix_fmt", "yuv420p", "-threads", "1", "-b:v", "600k",
         "-x264-params", "scenecut=0",
         "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-flvflags", "no_duration_filesize", "-f", "flv", path],
        seconds=120)
    return pathlib.Path(path)


def _input_options(path):
    """ffmpeg's reading of edit lists drops a last MP4 sample that ends a rounding error late."""
    with open(path, "rb") as file:
        return ["-advanced_editlist", "0"] if file.read(8)[4:] == b"ftyp" else []


def read(path):
    """{"video": [Frame...], "audio": [Frame...]}, each in file order; H.264 and AAC."""
    probe = json.loads(run(["ffprobe", "-v", "error", *_input_options(path), "-show_entries",
                            "packet=codec_type,flags", "-of", "json", path]))
    flags = {kind: [p["flags"] for p in probe["packets"] if p["codec_type"] == kind] for kind in ("video", "audio")}
    text = run(["ffmpeg", "-v", "error", "-nostdin", "-copyts", *_input_options(path), "-i", path,
                "-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy",
                "-bsf:v", "h264_mp4toannexb,filter_units=remove_types=7|8|9", "-bsf:a", "aac_adtstoasc",
                "-f", "framehash", "-hash", "md5", "-"])
    kinds, bases, found = {}, {}, {"video": [], "audio": []}
    for line in text.splitlines():
        if line.startswith("#tb "):
            stream, base = line[4:].split(":")
            above, below = base.split("/")
            bases[stream] = int(above) / int(below)
        elif line.startswith("#media_type "):
            stream, kind = line[12:].split(":")
            kinds[stream] = kind.strip()
        elif not line.startswith("#"):
            stream, dts, pts, _, _, digest, *_ = [field.strip() for field in line.split(",")]
            frames, base = found[kinds[stream]], bases[stream]
            keyframe = "K" in flags[kinds[stream]][len(frames)]
            frames.append(Frame(int(pts) * base, int(dts) * base, digest, keyframe))
    return found


def seconds_of(path):
    """How long the picture of a file is, also of one that grows; 0 when that cannot be told yet."""
    try:
        times = run(["ffprobe", "-v", "quiet", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of",
                     "csv=p=0", path]).replace(",", "").split()
    except AssertionError:
        return 0
    return max((float(time) for time in times if time != "N/A"), default=0)


def digests(found):
    return [frame.digest for frame in found]


def recordable(published, lead=0.1):
    """What a format with video stores of a stream: audio from `lead` seconds before the first keyframe on."""
    first = published["video"][0].pts - lead
    return {"video": published["video"], "audio": [f for f in published["audio"] if f.pts >= first]}


def segmentable(published):
    """What HLS stores of it: every segment begins with its keyframe, so nothing comes before the first."""
    return recordable(published, 0)


def assert_plays(path):
    """Everything decodes without a single warning; that an ADTS file does not know its duration is none.

    Times are not rounded to a frame rate that ffmpeg guesses.
    """
    done = subprocess.run(["ffmpeg", "-v", "warning", "-nostdin", "-xerror", "-i", str(path), "-map", "0",
                           "-enc_time_base:v", "-1", "-f", "null", "-"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    complaints = [line for line in done.stderr.splitlines() if line and "Estimating duration from bitrate" not in line]
    if done.returncode or complaints:
        raise AssertionError(f"ffmpeg about {path} (exit {done.returncode}):\n" + "\n".join(complaints[-30:]))


def assert_same_frames(stored, published, what, may_lack_at_end=0):
    """`stored` is `published`, frame by frame, but for at most so many that the server never delivered."""
    for index, (one, other) in enumerate(zip(stored, published)):
        if one != other:
            where = published.index(one) if one in published else None
            raise AssertionError(f"{what}: frame {index} of {len(stored)} is "
                                 + (f"the source's {where}" if where is not None else "unknown to the source"))
    lacking = len(published) - len(stored)
    if lacking < 0 or lacking > may_lack_at_end:
        raise AssertionError(f"{what}: {len(stored)} frames stored, {len(published)} published")
