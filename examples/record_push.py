#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records one push from an RTMP server, by rule, until it ends: what a server's hook starts for each stream.

SIGTERM or SIGINT ends the recording like the end of the stream; a killed one is ended, too. With a splice-timeout in
the template it stays that long, so that the next push continues the recording. docs/recipes.md has the lines for
servers.
"""
import argparse
import ctypes
import pathlib
import re
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
# gst-launch-1.0 reads its arguments as a language; whoever publishes must not write in it.
HARMLESS = re.compile(r"rtmps?://[A-Za-z0-9:/?&=%+,;._~-]{1,2000}")


def address(text):
    if not HARMLESS.fullmatch(text):
        raise argparse.ArgumentTypeError("not an RTMP address of letters, digits and : / ? & = % + , ; . _ ~ -")
    return text


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help='where the stream is to be had: rtmp://host/app/stream; "-": read from standard input')
    parser.add_argument("--push", type=address, metavar="URI",
                        help="who pushes, if not the same: rtmp://domain/app/stream?parameters")
    parser.add_argument("--config", required=True, type=pathlib.Path, help="configuration file")
    parser.add_argument("--directory", required=True, type=pathlib.Path, help="where recordings and catalogue.db go")
    parser.add_argument("--deliver", action="store_true", help="upload and announce from this process, too (vodupload)")
    chosen = parser.parse_args()
    try:
        chosen.url = address(sys.stdin.readline().strip() if chosen.url == "-" else chosen.url)
    except argparse.ArgumentTypeError as error:
        parser.error(f"url: {error}")
    return chosen


def pipeline(chosen):
    """flvdemux feeds rulebin without a queue between them."""
    service = [f"config={chosen.config}", f"catalogue={chosen.directory}/catalogue.db"]
    return ["gst-launch-1.0", "-e", "-m", "rtmp2src", f"location={chosen.url}", "!", "flvdemux", "name=demux",
            "rulebin", "name=record", f"uri={chosen.push or chosen.url}", f"directory={chosen.directory}", *service,
            *(["vodupload", *service] if chosen.deliver else []),
            "demux.video", "!", "record.video", "demux.audio", "!", "record.audio_0"]


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def main():
    chosen = arguments()
    # In a session of its own: a second SIGINT, of the terminal's or the server's to the whole group, would kill it.
    recorder = subprocess.Popen(pipeline(chosen), stdin=subprocess.DEVNULL, start_new_session=True,
                                preexec_fn=end_with_parent)
    asked = []

    def end(*_):
        if not asked:
            asked.append(True)
            recorder.send_signal(signal.SIGINT)  # -e: EOS, and waits until all files are finished

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    status = recorder.wait()
    sys.exit(0 if asked and status == -signal.SIGINT else status if status >= 0 else 128 - status)


main()
