# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is measured: one row per recorder and work.

`line` is an ffmpeg output part or a GStreamer pipeline part behind `flvdemux name=dN`. N, OUT stand for the stream's
number and its folder. Offline and live use the same parts; only the source differs.
"""
import dataclasses
import shlex

SEGMENT = 6  # seconds
QUEUE = "queue max-size-time=0 max-size-bytes=0 max-size-buffers=400"
# A stock muxer must not be fed from one thread: it waits for the other pad's data.
STOCK_VIDEO = f"dN.video ! {QUEUE} ! h264parse !"
STOCK_AUDIO = f"dN.audio ! {QUEUE} ! aacparse !"
FF_HLS = f"hls_time={SEGMENT}:hls_list_size=0:hls_segment_filename=OUT/hls/s%05d.ts"
RECSINK = "dN.video ! rN.video dN.audio ! rN.audio_0 recsink name=rN location=OUT/file"
SPLICESINK = f"splicesink name=sN target-duration={SEGMENT} playlist-location=OUT/hls/i.m3u8"
HLSSINK2 = (f"hlssink2 name=hN target-duration={SEGMENT} playlist-length=0 max-files=0 "
            "location=OUT/hls/s%05d.ts playlist-location=OUT/hls/i.m3u8")
TEES = "dN.video ! tee name=vN dN.audio ! tee name=aN "


@dataclasses.dataclass(frozen=True)
class Recorder:
    name: str
    family: str  # ours, ffmpeg, stock, floor
    work: str  # none, flv, mp4, hls, three (flv+mp4+hls at once)
    line: str
    is_core: bool = True  # part of the smoke run

    def _filled(self, number, out):
        return self.line.replace("OUT", str(out)).replace("N", str(number))

    def command(self, sources, outs):
        """One process that records all these sources, each into its folder; ffmpeg takes one."""
        if self.family == "ffmpeg":
            return ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(sources[0]), "-map", "0", "-c", "copy",
                    *shlex.split(self._filled(0, outs[0]))]
        words = ["gst-launch-1.0", "-q", "-e"]
        for number, (source, out) in enumerate(zip(sources, outs)):
            element = "rtmp2src" if str(source).startswith("rtmp:") else "fdsrc" if source == "-" else "filesrc"
            location = "" if source == "-" else f"location={source}"
            words += shlex.split(f"{element} {location} ! flvdemux name=d{number} {self._filled(number, out)}")
        return words

    def files(self, out):
        """{format: path} of what it writes into its folder."""
        paths = {"flv": out / "file.flv", "mp4": out / "file.mp4", "hls": out / "hls/i.m3u8"}
        wanted = {"none": (), "three": tuple(paths)}.get(self.work, (self.work,))
        return {form: paths[form] for form in wanted}


RECORDERS = [
    Recorder("recsink flv", "ours", "flv", f"{RECSINK} formats=flv"),
    Recorder("recsink mp4", "ours", "mp4", f"{RECSINK} formats=mp4"),
    Recorder("splicesink", "ours", "hls", f"dN.video ! sN.video dN.audio ! sN.audio_0 {SPLICESINK}"),
    Recorder("recsink + splicesink", "ours", "three",
             f"{TEES} vN. ! rN.video aN. ! rN.audio_0 vN. ! sN.video aN. ! sN.audio_0 "
             f"recsink name=rN location=OUT/file formats=flv+mp4 {SPLICESINK}"),
    Recorder("ffmpeg flv", "ffmpeg", "flv", "-f flv OUT/file.flv"),
    Recorder("ffmpeg mp4", "ffmpeg", "mp4", "-f mp4 OUT/file.mp4"),
    Recorder("ffmpeg hls", "ffmpeg", "hls", f"-f hls -{FF_HLS.replace('=', ' ').replace(':', ' -')} OUT/hls/i.m3u8"),
    Recorder("ffmpeg tee", "ffmpeg", "three",
             f"-f tee [f=flv]OUT/file.flv|[f=mp4]OUT/file.mp4|[f=hls:{FF_HLS}]OUT/hls/i.m3u8"),
    Recorder("flvmux", "stock", "flv", f"dN.video ! {QUEUE} ! mN.video dN.audio ! {QUEUE} ! mN.audio "
             "flvmux name=mN ! filesink location=OUT/file.flv async=false"),
    Recorder("mp4mux", "stock", "mp4", f"{STOCK_VIDEO} mN. {STOCK_AUDIO} mN. mp4mux name=mN ! "
             "filesink location=OUT/file.mp4 async=false"),
    Recorder("splitmuxsink", "stock", "mp4", f"{STOCK_VIDEO} mN.video {STOCK_AUDIO} mN.audio_0 "
             "splitmuxsink name=mN muxer-factory=mp4mux max-size-time=0 location=OUT/file.mp4", False),
    Recorder("hlssink2", "stock", "hls", f"{STOCK_VIDEO} hN.video {STOCK_AUDIO} hN.audio {HLSSINK2}"),
    Recorder("stock tee", "stock", "three",
             "dN.video ! h264parse ! tee name=vN dN.audio ! aacparse ! tee name=aN "
             f"vN. ! {QUEUE} ! fN. aN. ! {QUEUE} ! fN. flvmux name=fN ! filesink location=OUT/file.flv async=false "
             f"vN. ! {QUEUE} ! h264parse ! mN. aN. ! {QUEUE} ! mN. "
             "mp4mux name=mN ! filesink location=OUT/file.mp4 async=false "
             f"vN. ! {QUEUE} ! h264parse ! hN.video aN. ! {QUEUE} ! hN.audio {HLSSINK2}"),
    Recorder("flvdemux ! fakesink", "floor", "none", "dN.video ! fakesink async=false dN.audio ! fakesink async=false"),
]


def named(name):
    return next(r for r in RECORDERS if r.name == name)
