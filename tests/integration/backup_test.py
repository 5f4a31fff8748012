# SPDX-License-Identifier: LGPL-2.1-or-later
"""While the primary store is dead its backup stands in, and gets nothing that the primary does not have later; local
copies go when their store has them."""
from rig import case
from rig.processes import free_port, run, wait_until
from rig.proxy import Proxy
from rig.radosgw import Radosgw
from rig.recording import BUCKET, SPARE, Recording
from rig.servers import CallbackReceiver

FORMATS = {"flv": {"cycle": "2s"}, "hls": {"segment": "1s"}}


class Backup(case.Case):
    def test_a_dead_primary_is_stood_in_for_and_made_whole_later(self):
        store = self.keep(Radosgw(self.directory / "ceph", free_port()))
        receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        spare = self.directory / "spare"
        recording = Recording(self.directory / "rec", FORMATS, store, receiver, backup=spare)
        recorder = self.launch(recording.pattern(6), "recorder", recording.env)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())  # it waits for no back-fill

        local = {p.relative_to(recording.spool): p for p in recording.spool.rglob("*")
                 if p.is_file() and not p.name.startswith(".")}
        self.assertGreaterEqual(len(local), 3 + 1 + 5, sorted(local))
        for name, path in local.items():
            self.assertEqual((spare / name).read_bytes(), path.read_bytes(), name)
        told = sorted(line["body"]["video_url"] for line in receiver.received())
        self.assertEqual(told, sorted(f"file://{spare / name}" for name in local if name.suffix != ".ts"))
        self.assertIn("backed-up", recording.list())
        self.assertIn("owed", recording.list())

        store.start()
        store.client.create_bucket(BUCKET)
        uploader = self.launch(recording.uploader(), "uploader", recording.env)
        wait_until(lambda: "owed" not in recording.list(), "the primary has all", 90, uploader)
        recording.assert_stored_in_s3(self)
        self.assertIn("back-filled", recording.list())
        self.assertNotIn("backed-up", recording.list())
        self.assertEqual(len(receiver.received()), len(told), "each file is announced once")

    def test_a_second_bucket_stands_in_for_one_that_cannot_be_reached(self):
        store = self.keep(Radosgw(self.directory / "ceph")).start()
        for bucket in (BUCKET, SPARE):
            store.client.create_bucket(bucket)
        unreached = Radosgw(self.directory / "none", free_port())  # the same store, when there is a way to it
        receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        recording = Recording(self.directory / "rec", FORMATS, unreached, receiver, backup=store)
        recorder = self.launch(recording.pattern(6), "recorder", recording.env)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())
        local = {p.relative_to(recording.spool): p for p in recording.spool.rglob("*")
                 if p.is_file() and not p.name.startswith(".")}
        self.assertEqual(store.client.keys(SPARE), sorted(f"us/{name}" for name in local))
        self.assertEqual(store.client.keys(BUCKET), [])
        for name, path in local.items():
            self.assertEqual(store.client.get(SPARE, f"us/{name}"), path.read_bytes(), name)
        told = sorted(line["body"]["video_url"] for line in receiver.received())
        self.assertEqual(told, sorted(f"{store.endpoint}/{SPARE}/us/{name}" for name in local if name.suffix != ".ts"))

        self.keep(Proxy(store.port, listens=unreached.port))
        uploader = self.launch(recording.uploader(), "uploader", recording.env)
        wait_until(lambda: "owed" not in recording.list(), "the primary has all", 90, uploader)
        recording.assert_stored_in_s3(self)
        self.assertEqual(recording.list().count("back-filled"), len(told))
        self.assertEqual(len(receiver.received()), len(told), "each file is announced once")


class LocalCopies(case.Case):
    def test_files_and_folders_go_when_their_store_has_them(self):
        store = self.keep(Radosgw(self.directory / "ceph")).start()
        store.client.create_bucket(BUCKET)
        kept = Recording(self.directory / "kept", FORMATS, store)
        self.assertEqual(self.launch(kept.pattern(6, manifests=True), env=kept.env).wait(90), 0)
        local = {f"eu/{p.relative_to(kept.spool)}": p.read_bytes() for p in kept.spool.rglob("*") if p.is_file()}
        self.assertEqual(store.client.keys(BUCKET), sorted(local))
        self.assertGreaterEqual(len(local), 3 + 6 + 2, sorted(local))

        kept.write_config(store, keep_local="0s")
        keeper = self.launch(kept.uploader(), "keeper", kept.env)
        wait_until(lambda: list(kept.spool.iterdir()) == [], "no file and no folder is left", 60, keeper)
        for key, content in local.items():
            self.assertEqual(store.client.get(BUCKET, key), content, key)
        tool = ["gst-recording-1.0", "fsck", "--catalogue", kept.catalogue, "--config", kept.config]
        self.assertEqual(run(tool, env=kept.env), "All is as the catalogue says.\n")


if __name__ == "__main__":
    case.main()
