# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 again and again while much is uploaded and announced: nothing is lost, little is sent again."""
import os

from rig import case
from rig.finished import (Finished, accepted_files, assert_no_secrets, assert_stored, make_many_keyframes,
                          make_noise)
from rig.http_proxy import HttpProxy
from rig.processes import wait_until
from rig.proxy import Proxy
from rig.radosgw import Radosgw
from rig.recording import BUCKET
from rig.servers import CallbackReceiver
from rig.swift import Swift

LONG = bool(os.environ.get("REC_LONG"))
KILLS = 50 if LONG else 5
SECONDS = 340 if LONG else 32  # of noise: some 2 GB, or 200 MB
IN_FLIGHT = 16 << 20  # of one file: what a kill may cost, or one part that is longer
SLACK = 1 << 20  # headers, lists, and what the kernel still had to send
FILES = 1000


class Kills(case.Case):
    def launch_uploader(self, finished):
        return self.launch(finished.recording.uploader(), "uploader", finished.recording.env)

    def test_kills_in_mid_upload_cost_little_each(self):
        # Ceph's keeps objects in memory: too much of that for the long form.
        store = self.keep((Swift if LONG else Radosgw)(self.directory / "store")).start()
        store.client.create_bucket(BUCKET)
        finished = Finished(self.directory / "rec", {"mp4": {"cycle": "1h"}}, callbacks=())
        finished.record(make_noise(self.directory, SECONDS), seconds=600)
        (path,) = finished.paths(".mp4")
        step = path.stat().st_size // (KILLS + 1)
        self.assertGreater(step, IN_FLIGHT)

        uploaders = []
        proxy = self.keep(Proxy(store.port))
        finished.recording.write_config(type(store)(self.directory / "none", proxy.port))
        for number in range(KILLS):
            proxy.at(proxy.sent + step, lambda: uploaders[-1].kill())
            uploaders.append(self.launch_uploader(finished))
            wait_until(lambda: not uploaders[-1].is_running(), f"kill {number + 1}", 120)
        uploaders.append(self.launch_uploader(finished))
        wait_until(lambda: not finished.owed(), "nothing is owed any more", 300, uploaders[-1])
        uploaders[-1].stop()
        assert_stored(self, finished, store.client)
        self.assertLess(proxy.sent, path.stat().st_size + KILLS * (IN_FLIGHT + SLACK) + SLACK)

    def test_a_thousand_files_at_once_and_kills_among_them(self):
        """One recording of so many: all there, all announced; only what was in flight at a kill comes twice."""
        store = self.keep(Radosgw(self.directory / "ceph")).start()
        store.client.create_bucket(BUCKET)
        receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        finished = Finished(self.directory / "rec", {"flv": {"cycle": "1s"}})
        finished.record(make_many_keyframes(self.directory, FILES))
        self.assertEqual(len(finished.paths(".flv")), FILES)

        proxy = self.keep(HttpProxy(store.port))
        finished.recording.write_config(Radosgw(self.directory / "none", proxy.port), receiver)
        for part in (4, 2):
            uploader = self.launch_uploader(finished)
            wait_until(lambda: len(receiver.received()) >= FILES // part, "some are announced", 120, uploader)
            uploader.kill()
        uploader = self.launch_uploader(finished)
        wait_until(lambda: not finished.owed(), "nothing is owed any more", 240, uploader)
        uploader.stop()
        assert_stored(self, finished, store.client)
        self.assertLess(proxy.count("PUT"), 1.1 * FILES, "what was in flight at a kill goes up again")
        accepted = accepted_files(receiver)
        self.assertEqual(len(set(accepted)), FILES)
        self.assertLess(len(accepted), 1.1 * FILES, "what was in flight at a kill is told again")
        for directory in (self.directory, finished.recording.directory):
            assert_no_secrets(self, directory, store.secret_key)


if __name__ == "__main__":
    case.main()
