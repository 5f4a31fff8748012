# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each request that vodupload sends is signed as the vendor's own SDK signs it: Alibaba's, Tencent's, Amazon's."""
import hashlib
import json
import pathlib
import urllib.request

from rig import case
from rig.finished import Finished, assert_no_secrets, make_noise
from rig.node import NodeProject
from rig.processes import Process, answers, free_port, wait_until

SDK = pathlib.Path(__file__).resolve().parent / "sdk"
BUCKET = "rec-1250000000"
ACCESS_KEY, SECRET_KEY = "vendor-access", "vendor-secret-0123456789"
VARIABLES = {"s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
             "cos": ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"),
             "oss": ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET")}


class VerifyingStore:
    """A bucket in memory behind the signature of an SDK."""

    def __init__(self, sdk, service, region, log):
        self.port, self.region = free_port(), region
        self.endpoint, self.credentials = f"http://localhost:{self.port}", {}
        self._process = Process(["node", sdk.directory / "verifying_store.mjs", service, self.port, BUCKET, region], log,
                                {"STORE_ACCESS_KEY": ACCESS_KEY, "STORE_SECRET_KEY": SECRET_KEY}, sdk.directory)
        wait_until(lambda: answers(self.port), "the verifying store answers", 30, self._process)

    def found(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/objects", timeout=20) as answer:
            return json.load(answer)

    def stop(self):
        self._process.stop()


class VendorSignatures(case.Case):
    @classmethod
    def setUpClass(cls):
        shared = cls.share()
        cls.sdk = NodeProject(SDK, shared / "sdk")
        cls.finished = Finished(shared / "rec", {"mp4": {"cycle": "1h", "storage-class": "infrequent-access"},
                                                 "hls": {"segment": "2s"}}, callbacks=())
        cls.finished.record(make_noise(shared, 6), "cam é+1")

    def deliver(self, service, region, secret=SECRET_KEY, **of_storage):
        scheme = service.partition("-")[0]
        store = self.keep(VerifyingStore(self.sdk, service, region, self.directory / "store.log"))
        self.finished.owe_again()
        self.finished.recording.write_config(store, uri=f"{scheme}://{BUCKET}/eu", **of_storage)
        names = VARIABLES[scheme]
        uploader = self.launch(["-m", *self.finished.recording.uploader()], "uploader",
                               {names[0]: ACCESS_KEY, names[1]: secret})
        return store, uploader

    def assert_believed(self, service, region, class_header, **of_storage):
        store, uploader = self.deliver(service, region, **of_storage)
        wait_until(lambda: not self.finished.owed() or store.found()["refused"], "nothing is owed any more", 60, uploader)
        found = store.found()
        self.assertEqual((found["refused"], found["dangling"]), ([], 0))
        local = {f"eu/{p.relative_to(self.finished.recording.spool)}": p for p in self.finished.paths()}
        self.assertEqual(sorted(one["key"] for one in found["objects"]), sorted(local))
        for one in found["objects"]:
            content = local[one["key"]].read_bytes()
            self.assertEqual(one["sha256"], hashlib.sha256(content).hexdigest(), one["key"])
            if one["key"].endswith(".mp4"):
                self.assertGreater(one["parts"], 2)
                self.assertIn(one["headers"].get(class_header), ("IA", "STANDARD_IA"))
                self.assertEqual(one["headers"]["content-type"], "video/mp4")
        assert_no_secrets(self, self.directory, SECRET_KEY)

    def test_alibaba_version_1(self):
        self.assert_believed("oss-v1", "cn-shanghai", "x-oss-storage-class", signature="v1")

    def test_alibaba_version_4(self):
        self.assert_believed("oss-v4", "cn-shanghai", "x-oss-storage-class")

    def test_tencent(self):
        self.assert_believed("cos", "ap-guangzhou", "x-cos-storage-class")

    def test_amazon(self):
        self.assert_believed("s3", "eu-central-1", "x-amz-storage-class")

    def test_another_secret_is_not_believed(self):
        for service, region in (("oss-v4", "cn-shanghai"), ("cos", "ap-guangzhou"), ("s3", "eu-central-1")):
            store, uploader = self.deliver(service, region, secret="another")
            wait_until(lambda: store.found()["refused"], "something is refused", 30, uploader)
            wait_until(self.finished.last_errors, "the failure is in the catalogue", 30, uploader)
            self.assertIn("403 SignatureDoesNotMatch", self.finished.last_errors()[0])
            self.assertEqual(store.found()["objects"], [])
            uploader.stop()


if __name__ == "__main__":
    case.main()
