# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark runs, our recorders hold every frame in it, and its result has what the documents quote."""
import json
import pathlib
import sys

from rig import case
from rig.processes import run

RUN = pathlib.Path(__file__).resolve().parent / "run.py"
FIELDS = {
    "offline": {"recorder", "work", "cpu_s_per_h", "to_ffmpeg", "to_stock", "rss_mb", "threads", "switches_per_h",
                "frames_lost"},
    "live": {"recorder", "work", "streams", "cpu_percent", "pss_mb", "threads", "switches_per_s", "writes_per_s"},
    "growth": {"recorder", "media_s", "rss_mb", "cpu_s_per_h"},
    "goals": {"goal", "limit", "value", "reached"},
}


class Smoke(case.Case):
    def test_measures_every_recorder_on_the_same_media(self):
        path = self.directory / "bench.json"
        run([sys.executable, RUN, "--smoke", "--json", path, "--folder", self.directory], 240)
        result = json.loads(path.read_text())
        for part, fields in FIELDS.items():
            self.assertTrue(result[part], part)
            for row in result[part]:
                self.assertLessEqual(fields, set(row), part)
        self.assert_ours_hold_every_frame(result)
        works = {(row["family"], row["work"]) for row in result["offline"]}
        for family in ("ours", "ffmpeg", "stock"):
            self.assertLessEqual({(family, work) for work in ("flv", "mp4", "hls", "three")}, works)

    def assert_ours_hold_every_frame(self, result):
        ours = [row for row in result["offline"] if row["family"] == "ours"]
        self.assertEqual(len(ours), 4)
        for row in ours:
            self.assertEqual(row["hangs"], 0, row["recorder"])
            for form, lost in row["frames_lost"].items():
                self.assertEqual(lost, {"video": 0, "audio": 0}, f"{row['recorder']} {form}")
        for row in result["live"]:
            if row["family"] == "ours":
                for form, missing in row["frames_missing"].items():
                    self.assertEqual(missing, [0] * row["streams"], f"live {form}")


if __name__ == "__main__":
    case.main()
