# SPDX-License-Identifier: LGPL-2.1-or-later
"""The measurement of how long a URL takes runs, and tells a time for each format."""
import json
import pathlib
import sys

from rig import case
from rig.processes import run

MEASURE = pathlib.Path(__file__).resolve().parent / "stop_to_url.py"


class StopToUrl(case.Case):
    def test_tells_a_time_for_each_format(self):
        for store in ("ceph", "directory"):
            with self.subTest(store):
                self.measure_with(store)

    def measure_with(self, store):
        path = self.directory / f"times-{store}.json"
        table = run([sys.executable, MEASURE, "--seconds", "300", "--rounds", "1", "--formats", "flv", "cmaf",
                     "--store", store, "--json", path], 300)
        times = json.loads(path.read_text())
        self.assertEqual(set(times), {"flv", "cmaf"})
        for name, taken in times.items():
            self.assertEqual(len(taken), 1)
            self.assertGreater(taken[0], 0)
            self.assertIn(f"| {name} | 300 |", table)


if __name__ == "__main__":
    case.main()
