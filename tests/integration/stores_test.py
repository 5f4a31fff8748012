# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is uploaded is what Amazon's SDK finds, in two stores that do not know each other: Ceph's and Swift's; and what
they copy by themselves is what they were sent."""
import hashlib
import json
import pathlib

from rig import case
from rig.finished import Finished, assert_announced_once, assert_no_secrets, assert_stored, make_noise
from rig.node import NodeProject
from rig.processes import run, wait_until
from rig.proxy import Proxy
from rig.radosgw import Radosgw
from rig.recording import BUCKET
from rig.servers import CallbackReceiver
from rig.swift import Swift

SDK = pathlib.Path(__file__).resolve().parent / "sdk"
PART = 16 << 20
STRETCH = 6 << 20  # that a store copies at a time, instead of a gibibyte
SLACK = 1 << 20  # requests and their headers
FORMATS = {"mp4": {"cycle": "1h"}, "hls": {"segment": "2s"}}
TYPES = {".mp4": "video/mp4", ".ts": "video/mp2t", ".m3u8": "application/vnd.apple.mpegurl",
         ".json": "application/json"}


class Stores(case.Case):
    @classmethod
    def setUpClass(cls):
        shared = cls.share()
        cls.sdk = NodeProject(SDK, shared / "sdk")
        cls.finished = Finished(shared / "rec", FORMATS).record(make_noise(shared, 7))
        assert max(p.stat().st_size for p in cls.finished.paths()) > 2 * PART, "one goes up in parts"

    def assert_sdk_finds_it(self, store, storage_class):
        lines = self.sdk.run("inventory.mjs", store.endpoint, store.region, BUCKET, env=store.credentials).splitlines()
        *found, rest = [json.loads(line) for line in lines]
        self.assertEqual(rest, {"dangling": 0})
        local = {f"eu/{p.relative_to(self.finished.recording.spool)}": p for p in self.finished.paths()}
        self.assertEqual([one["key"] for one in found], sorted(local))
        for one in found:
            content = local[one["key"]].read_bytes()
            self.assertEqual((one["size"], one["head_size"]), (len(content), len(content)), one)
            self.assertEqual(one["sha256"], hashlib.sha256(content).hexdigest(), one)
            self.assertEqual(one["type"], TYPES[local[one["key"]].suffix], one)
            of_this = storage_class if one["key"].endswith(".mp4") else "STANDARD"
            self.assertEqual(one["storage_class"], of_this, one)
            if "-" not in one["etag"]:
                self.assertEqual(one["etag"].strip('"'), hashlib.md5(content).hexdigest(), one)

    def deliver_to(self, store, storage_class="STANDARD", **of_mp4):
        store.client.create_bucket(BUCKET)
        receiver = self.keep(CallbackReceiver(self.directory / f"callbacks-{store.port}")).start()
        self.finished.owe_again()
        self.finished.recording.formats = {**FORMATS, "mp4": {"cycle": "1h", **of_mp4}}
        self.finished.recording.write_config(store, receiver)
        uploader = self.launch(self.finished.recording.uploader(), f"uploader-{store.port}",
                               self.finished.recording.env)
        wait_until(lambda: not self.finished.owed(), "nothing is owed any more", 90, uploader)
        uploader.stop()
        assert_stored(self, self.finished, store.client)
        assert_announced_once(self, self.finished, receiver)
        self.assert_sdk_finds_it(store, storage_class)
        for directory in (self.directory, self.finished.recording.directory):
            assert_no_secrets(self, directory, store.secret_key)

    def test_ceph_holds_what_the_sdk_reads(self):
        store = self.keep(Radosgw(self.directory / "ceph", storage_classes=["STANDARD_IA"])).start()
        self.deliver_to(store, "STANDARD_IA", **{"storage-class": "infrequent-access"})

    def test_swift_holds_what_the_sdk_reads(self):
        self.deliver_to(self.keep(Swift(self.directory / "swift")).start())

    def copy_in(self, store):
        """The object lay elsewhere while it grew, and is too long to be copied at once: UploadPartCopy."""
        store.client.create_bucket(BUCKET)
        path = max(self.finished.paths(".mp4"), key=lambda p: p.stat().st_size)
        size = path.stat().st_size
        proxy = self.keep(Proxy(store.port))
        spool = self.finished.recording.spool
        run(["grown-object", f"http://127.0.0.1:{proxy.port}", store.region, f"s3://{BUCKET}/eu", spool, path, STRETCH],
            env=store.credentials)
        key = f"eu/{path.relative_to(spool)}"
        self.assertEqual(store.client.keys(BUCKET), [key])
        self.assertTrue(store.client.get(BUCKET, key) == path.read_bytes(), "byte for byte")
        self.assertNotIn(b"<Upload>", store.client.request("GET", f"/{BUCKET}", {"uploads": ""}))
        self.assertLess(proxy.sent, size + SLACK, "nothing went up twice")
        lines = self.sdk.run("inventory.mjs", store.endpoint, store.region, BUCKET, env=store.credentials).splitlines()
        self.assertTrue(json.loads(lines[0])["etag"].strip('"').endswith(f"-{-(-size // STRETCH)}"), "copied in parts")

    def test_ceph_copies_in_stretches_what_grew_elsewhere(self):
        self.copy_in(self.keep(Radosgw(self.directory / "ceph")).start())

    def test_swift_copies_in_stretches_what_grew_elsewhere(self):
        self.copy_in(self.keep(Swift(self.directory / "swift")).start())


if __name__ == "__main__":
    case.main()
