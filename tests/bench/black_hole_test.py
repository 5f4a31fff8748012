# SPDX-License-Identifier: LGPL-2.1-or-later
"""The measurement of what a black hole costs others runs, and tells a ratio for callbacks and for uploads."""
import json
import pathlib
import sys

from rig import case
from rig.processes import run

MEASURE = pathlib.Path(__file__).resolve().parent / "black_hole.py"


class BlackHoleCost(case.Case):
    def test_tells_a_ratio_for_callbacks_and_for_uploads(self):
        path = self.directory / "times.json"
        table = run([sys.executable, MEASURE, "--streams", "4", "--files", "5", "--rounds", "1", "--json", path], 200)
        rows = json.loads(path.read_text())
        self.assertEqual(set(rows), {"callbacks", "uploads"})
        for name, times in rows.items():
            self.assertEqual({which: len(taken) for which, taken in times.items()}, {"alone": 1, "beside": 1})
            for taken, _ in times["alone"] + times["beside"]:
                self.assertGreater(taken, 0)
            self.assertIn(f"| {name} | in all | 1 |", table)


if __name__ == "__main__":
    case.main()
