# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files remuxed as fast as possible: what a recorder costs per hour of media, start-up subtracted."""
import itertools
import os
import re
import shutil
import statistics
import threading
import time

import media
import measure

HOUR = 3600
START_UP_SECONDS = 6  # of media: what is left of the cost is starting and stopping
TIMES_REAL_TIME = 120  # of the growth part
TRIES = 6  # of a stock pipeline that hangs: one in ten does


def _fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "hls").mkdir(parents=True)
    return folder


def _run(recorder, source, folder):
    """(Cost, how often it hung before)."""
    for hangs in range(TRIES):
        out = _fresh(folder / "out")
        cost = measure.run_to_end(recorder.command([source], [out]), folder / "log")
        if not cost.hung:
            return cost, hangs
    raise RuntimeError(f"{recorder.name} hung {TRIES} times")


def _lost(recorder, source, folder):
    """{format: {"video": n, "audio": n}} of the last run; audio from before the first keyframe is no part of HLS."""
    everything, with_picture = media.count(source), media.recordable(source)
    lost = {}
    for form, path in recorder.files(folder / "out").items():
        published = with_picture if form == "hls" else everything
        stored = media.count(path)
        # Who stores that early audio in HLS as well loses nothing either.
        lost[form] = {"video": published.video - stored.video, "audio": max(published.audio - stored.audio, 0)}
    return lost


def measure_all(recorders, folder, seconds, rounds, tell):
    """One dict per recorder. Rounds interleave, so that a busy minute hits all; medians are told."""
    source = media.make(folder / "media", media.USUAL, seconds)
    short = media.make(folder / "media", media.USUAL, START_UP_SECONDS)
    runs = {r: [] for r in recorders}
    starts = {r: [] for r in recorders}
    hangs = dict.fromkeys(recorders, 0)
    lost = {}
    for turn in range(rounds):
        for recorder in recorders:
            tell(f"offline {turn + 1}/{rounds} {recorder.name}")
            starts[recorder].append(_run(recorder, short, folder)[0])
            cost, hung = _run(recorder, source, folder)
            runs[recorder].append(cost)
            hangs[recorder] += hung
            if turn == 0:
                lost[recorder] = _lost(recorder, source, folder)
    scale = HOUR / (seconds - START_UP_SECONDS)
    return [_row(r, runs[r], starts[r], scale, hangs[r], lost[r]) for r in recorders]


def _row(recorder, runs, starts, scale, hangs, lost):
    def typical(field, costs):
        return statistics.median(getattr(c, field) for c in costs)

    def per_hour(field):
        return max(typical(field, runs) - typical(field, starts), 0) * scale

    return {"recorder": recorder.name, "family": recorder.family, "work": recorder.work,
            "cpu_s_per_h": round(per_hour("cpu"), 3), "user_s_per_h": round(per_hour("user"), 3),
            "system_s_per_h": round(per_hour("system"), 3), "switches_per_h": round(per_hour("switches")),
            "rss_mb": round(typical("rss_kb", runs) / 1024, 1), "threads": max(c.threads for c in runs),
            "start_up_cpu_s": round(typical("cpu", starts), 3), "hangs": hangs, "frames_lost": lost}


def measure_instructions(recorders, folder, tell):
    """Instructions in user space per packet by callgrind: the figure that no other process on the machine changes."""
    rows = []
    for recorder in recorders:
        tell(f"instructions {recorder.name}")
        counted = []
        for seconds in (START_UP_SECONDS, media.BASE_SECONDS):
            source = media.make(folder / "media", media.USUAL, seconds)
            profile = folder / f"callgrind.{recorder.name.replace(' ', '-')}.{seconds}"
            argv = recorder.command([source], [_fresh(folder / "out")])
            measure.run_to_end(["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", *argv], folder / "log")
            text = (folder / "log").read_text(errors="replace")
            counted.append((int(re.search(r"Collected : (\d+)", text)[1]), sum(media.count(source))))
        (few, few_packets), (many, many_packets) = counted
        rows.append({"recorder": recorder.name, "family": recorder.family, "work": recorder.work,
                     "per_packet": round((many - few) / (many_packets - few_packets))})
    return rows


def _feed(source, pipe, seconds):
    """Writes a file into a pipe, not faster than a recorder can take: what waits in memory is no growth."""
    began, chunk = time.monotonic(), source.stat().st_size * TIMES_REAL_TIME // seconds // 20
    with open(source, "rb") as file, pipe:
        for number in itertools.count(1):
            data = file.read(chunk)
            try:
                pipe.write(data)
                pipe.flush()
            except BrokenPipeError:  # it failed, and is told so elsewhere
                return
            if not data:
                return
            time.sleep(max(began + number / 20 - time.monotonic(), 0))


def measure_growth(recorders, folder, lengths, tell):
    """Cost against the length of the recording, fed through a pipe so that the demuxer keeps no index."""
    rows = []
    for recorder in recorders:
        for seconds in lengths:
            tell(f"growth {seconds} s {recorder.name}")
            source = media.make(folder / "media", media.TINY, seconds)
            out = _fresh(folder / "out")
            argv = recorder.command(["-"], [out])
            read_end, write_end = os.pipe()
            feeder = threading.Thread(target=_feed, args=(source, os.fdopen(write_end, "wb"), seconds))
            with os.fdopen(read_end, "rb") as stdin:
                feeder.start()
                cost = measure.run_to_end(argv, folder / "log", stdin=stdin)
            feeder.join()
            rows.append({"recorder": recorder.name, "media_s": seconds, "rss_mb": round(cost.rss_kb / 1024, 1),
                         "cpu_s_per_h": round(cost.cpu * HOUR / seconds, 3), "hung": cost.hung})
    return rows
