# SPDX-License-Identifier: LGPL-2.1-or-later
"""Spliced playlists play through in hls.js and Shaka Player in a real browser, and do not without their tags."""
import os
import pathlib
import shutil

from rig import case
from rig.processes import Process

SYSTEM_CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
PLAYER = pathlib.Path(__file__).resolve().parent / "hls_playback"


class HlsPlayback(case.Case):
    def run_in(self, directory, name, seconds, *argv):
        process = self.keep(Process(argv, self.directory / f"{name}.log", cwd=directory))
        self.assertEqual(process.wait(seconds), 0, process.tail())
        return process.log.read_text()

    def test_a_recording_of_two_processes_plays_to_its_end(self):
        player = self.directory / "player"  # npm writes into it: not into the sources
        shutil.copytree(PLAYER, player, ignore=shutil.ignore_patterns("node_modules"))
        if SYSTEM_CERTIFICATES.exists():  # node has a list of its own, without what this machine adds
            os.environ.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
        self.run_in(player, "npm", 120, "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")
        for form in ("ts", "cmaf"):
            recorded = self.directory / form
            self.run_in(player, f"record-{form}", 90, "sh", player / "record.sh", recorded, form)
            print(self.run_in(player, f"play-{form}", 120, "node", player / "play.mjs", recorded))


if __name__ == "__main__":
    case.main()
