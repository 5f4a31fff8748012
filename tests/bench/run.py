#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What our recorders cost beside ffmpeg, nginx-rtmp and the stock GStreamer elements, on the same media in one run.

    meson devenv -C build tests/bench/run.py            # some twenty minutes on two quiet cores
    meson devenv -C build tests/bench/run.py --long     # recordings of up to 12 hours, too
    tests/run.sh --bench                                # builds, then the first of these

Prints tables and writes JSON. docs/performance.md says how to read them.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

# pylint: disable=wrong-import-position
import live  # noqa: E402
import media  # noqa: E402
import offline  # noqa: E402
import recorders  # noqa: E402
import report  # noqa: E402
from rig.processes import run  # noqa: E402

PARTS = ("offline", "live", "idle", "growth")
PARTS_ON_DEMAND = ("instructions",)  # needs valgrind, minutes for each recorder
MINUTE, HOUR = 60, 3600


def sizes(options):
    """How much is measured."""
    if options.smoke:
        return {"seconds": 24, "rounds": 1, "streams": [2], "window": 2, "warm_up": 1, "idle": [1, 2],
                "lengths": [12, 24], "nginx": ["flv"]}
    lengths = [10 * MINUTE, HOUR, 4 * HOUR] + ([12 * HOUR] if options.long else [])
    return {"seconds": 10 * MINUTE, "rounds": 5, "streams": [1, 5, 20], "window": 60 if options.long else 20,
            "warm_up": 4, "idle": [1, 20], "lengths": lengths, "nginx": list(live.NGINX)}


def measure_live(chosen, folder, size, tell):
    rows = []
    for streams in size["streams"]:
        window = live.Window(media.USUAL, streams, size["window"], size["warm_up"])
        for recorder in chosen:
            tell(f"live {streams} {recorder.name}")
            shutil.rmtree(folder / "live", ignore_errors=True)
            rows.append(live.measure_recorder(recorder, folder / "live", window))
        for work in size["nginx"]:
            tell(f"live {streams} nginx-rtmp {work}")
            shutil.rmtree(folder / "live", ignore_errors=True)
            rows.append(live.measure_nginx(work, folder / "live", window))
    return rows


def measure_idle(chosen, folder, size, tell):
    """What one more stream takes, by itself and without what its source takes."""
    few, many = size["idle"]
    rows = []
    for recorder in chosen:
        pss = {}
        for streams in (few, many):
            tell(f"idle {streams} {recorder.name}")
            shutil.rmtree(folder / "live", ignore_errors=True)
            window = live.Window(media.IDLE, streams, size["window"], size["warm_up"])
            row = live.measure_recorder(recorder, folder / "live", window)
            pss[streams] = row["pss_mb"] * streams
        rows.append({"recorder": recorder.name, "family": recorder.family, "work": recorder.work,
                     "mb": round((pss[many] - pss[few]) / (many - few), 2), "threads": row["threads"]})
    floor = next((r["mb"] for r in rows if r["family"] == "floor"), None)
    for row in rows:
        row["own_mb"] = None if floor is None or row["family"] == "ffmpeg" else round(row["mb"] - floor, 2)
    return rows


def machine():
    model = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return {"cpu": model[0] if model else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "gstreamer": run(["gst-launch-1.0", "--version"]).splitlines()[1].split()[1],
            "ffmpeg": run(["ffmpeg", "-version"]).split()[2], "load": round(os.getloadavg()[0], 2)}


def measure_parts(options, folder, tell):
    chosen = [r for r in recorders.RECORDERS if options.only in r.name and (r.is_core or not options.smoke)]
    size = sizes(options)
    three = [r for r in chosen if r.work in ("three", "none")]
    few = [r for r in three if r.family in ("ours", "ffmpeg")] if options.smoke else \
        [r for r in chosen if r.work in ("flv", "three", "none") or r.name == "splicesink"]
    result = {"date": datetime.date.today().isoformat(), "machine": machine(), "size": size, **{part: [] for part in PARTS + PARTS_ON_DEMAND}}
    if "offline" in options.parts:
        result["offline"] = offline.measure_all(chosen, folder, size["seconds"], size["rounds"], tell)
    if "live" in options.parts:
        result["live"] = measure_live(few, folder, size, tell)
    if "idle" in options.parts and not options.smoke:
        result["idle"] = measure_idle([r for r in few if r.family != "stock"], folder, size, tell)
    if "growth" in options.parts:
        result["growth"] = offline.measure_growth(few if options.smoke else three, folder, size["lengths"], tell)
    if "instructions" in options.parts:
        result["instructions"] = offline.measure_instructions(chosen, folder, tell)
    report.add_ratios(result["offline"], "cpu_s_per_h")
    report.add_ratios(result["instructions"], "per_packet")
    report.add_ratios(result["live"], "cpu_percent")
    result["goals"] = report.goals(result)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="seconds instead of minutes: shows that it works")
    parser.add_argument("--long", action="store_true", help="recordings of up to 12 hours, longer live windows")
    parser.add_argument("--parts", nargs="+", choices=PARTS + PARTS_ON_DEMAND, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--only", default="", help="recorders whose name contains this")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("bench.json"), help="where the result goes")
    parser.add_argument("--folder", type=pathlib.Path, help="where media and recordings lie (default: temporary)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rec-bench-") as temporary:
        folder = options.folder or pathlib.Path(temporary)
        result = measure_parts(options, folder, lambda what: print(what, file=sys.stderr, flush=True))
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    print(report.tables(result))


if __name__ == "__main__":
    main()
