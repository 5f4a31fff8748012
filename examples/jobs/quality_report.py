#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can only be told by decoding: black, frozen and silent spans of a recorded file, and what is broken in it.

    quality_report.py INPUT OUTPUT.json

Needs ffmpeg. Ends with 1 when the file cannot be read at all.
"""
import json
import re
import subprocess
import sys

LEAST = 2  # seconds of what is worth being told
FILTERS = ["-vf", f"blackdetect=d={LEAST},freezedetect=d={LEAST}", "-af", f"silencedetect=d={LEAST}"]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False)


def spans(said, kind):
    """[{start, end}] in seconds; one that lasts to the end has none."""
    starts = re.findall(rf"{kind}_start: ?(-?[\d.]+)", said)
    ends = re.findall(rf"{kind}_end: ?(-?[\d.]+)", said)
    return [{"start": max(0.0, float(start)), **({"end": float(ends[i])} if i < len(ends) else {})}
            for i, start in enumerate(starts)]


def main(path, output):
    probe = run("ffprobe", "-v", "error", "-show_entries", "format=duration:stream=codec_type,codec_name,width,height",
                "-of", "json", path)
    if probe.returncode:
        sys.exit(f"ffprobe: {probe.stderr.strip()}")
    facts = json.loads(probe.stdout)
    kinds = {stream["codec_type"] for stream in facts["streams"]}
    filters = (FILTERS[:2] if "video" in kinds else []) + (FILTERS[2:] if "audio" in kinds else [])
    seen = run("ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-i", path, *filters, "-f", "null", "-").stderr
    errors = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "null", "-").stderr.splitlines()
    report = {
        "duration": float(facts["format"].get("duration", 0)),
        "streams": facts["streams"],
        "black": spans(seen, "black"),
        "frozen": spans(seen, "freeze"),
        "silent": spans(seen, "silence"),
        "errors": {"count": len(errors), "first": errors[:5]},
    }
    with open(output, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    print(f"{len(report['black'])} black, {len(report['frozen'])} frozen, {len(report['silent'])} silent, {len(errors)} errors")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
