#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcodes only what the template wants: rulebin asks for a content, the application builds what makes it.

  on_request.py [--seconds N] [--directory DIR] [--stream NAME]

content.json says what becomes of a stream: "ladder" wants two sizes, "marked" the origin and one with a watermark,
which this application does not have, so the origin alone is recorded; any other the origin. The stream is generated.
Needs python3-gi and gir1.2-gstreamer-1.0.
"""
import argparse
import pathlib

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SIZES = {"transcoded:480p": (854, 480, 1200), "transcoded:240p": (426, 240, 400)}
PUSH = """
  videotestsrc is-live=true pattern=smpte num-buffers={pictures} ! video/x-raw,width=640,height=360,framerate=25/1 !
  x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 ! video/x-h264,profile=main ! h264parse ! tee name=v
  audiotestsrc is-live=true samplesperbuffer=1920 num-buffers={pictures} ! audio/x-raw,rate=48000,channels=2 !
  avenc_aac ! aacparse ! tee name=a
  rulebin name=record
  v. ! queue ! record.video
  a. ! queue ! record.audio_0
"""
TRANSCODER = """
  queue ! avdec_h264 ! videoscale add-borders=true ! video/x-raw,width={},height={},pixel-aspect-ratio=1/1 !
  queue leaky=downstream max-size-buffers=50 max-size-bytes=0 max-size-time=0 ! videoconvert !
  x264enc tune=zerolatency speed-preset=veryfast key-int-max=50 bitrate={} ! video/x-h264,profile=main ! h264parse
"""


def add_branch(pipeline, tee, description, rulebin, pad):
    """tee -> what is described -> pad of rulebin"""
    branch = Gst.parse_bin_from_description(description, True)
    pipeline.add(branch)
    branch.link_pads(None, rulebin, pad)
    branch.sync_state_with_parent()
    pipeline.get_by_name(tee).link(branch)


def build(rulebin, content, pipeline):
    """Answers request-content: TRUE when the content comes."""
    if content not in SIZES:
        print(f"asked for {content}: not here", flush=True)
        return False
    print(f"asked for {content}: transcoding", flush=True)
    label = content.replace(":", "_")
    add_branch(pipeline, "v", TRANSCODER.format(*SIZES[content]), rulebin, f"video_{label}")
    add_branch(pipeline, "a", "queue", rulebin, f"audio_{label}")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--directory", type=pathlib.Path, default=pathlib.Path("recordings"))
    parser.add_argument("--stream", default="ladder")
    chosen = parser.parse_args()
    Gst.init(None)
    pipeline = Gst.parse_launch(PUSH.format(pictures=25 * chosen.seconds))
    rulebin = pipeline.get_by_name("record")
    for name, value in {"config": HERE / "content.json", "directory": chosen.directory.resolve(),
                        "domain": "content.localhost", "app": "live", "stream": chosen.stream}.items():
        rulebin.set_property(name, str(value))
    rulebin.connect("request-content", build, pipeline)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered((chosen.seconds + 60) * Gst.SECOND,
                                                    Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if not message or message.type == Gst.MessageType.ERROR:
        raise SystemExit(message.parse_error().gerror.message if message else "it does not end")


main()
