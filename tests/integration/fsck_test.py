# SPDX-License-Identifier: LGPL-2.1-or-later
"""A catalogue that was lost comes back from what lies beside the media, and says again what it said before."""
import json
import os
import pathlib
import subprocess

import jsonschema

from rig import case
from rig.processes import ROOT, Process, run
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording
from rig.servers import CallbackReceiver

FORMATS = {"flv": {"cycle": "2s"}, "hls": {"segment": "1s"}}
SCHEMA = ROOT / "docs/manifest.schema.json"


class Fsck(case.Case):
    @classmethod
    def setUpClass(cls):
        """Six seconds, delivered, with their manifest."""
        shared = cls.share()
        cls.store = cls.keep_for_all(Radosgw(shared / "ceph")).start()
        cls.store.client.create_bucket(BUCKET)
        receiver = cls.keep_for_all(CallbackReceiver(shared / "callbacks")).start()
        cls.recording = recording = Recording(shared / "rec", FORMATS, cls.store, receiver)
        recorder = Process(["gst-launch-1.0", "-e", *recording.pattern(6, manifests=True)], shared / "recorder.log",
                           recording.env)
        cls.addClassCleanup(recorder.kill)
        assert recorder.wait(90) == 0, recorder.tail()

    def tool(self, command, *arguments):
        return run(["gst-recording-1.0", command, "--catalogue", self.recording.catalogue, *arguments],
                   env=self.recording.env)

    def lose_the_catalogue(self):
        for path in self.recording.catalogue.parent.glob("catalogue.db*"):
            if path.is_file():
                path.unlink()

    def test_a_lost_catalogue_says_again_what_it_said(self):
        before = json.loads(self.tool("list", "--json"))
        files = before["recordings"][0]["files"]
        self.assertEqual({f["stored"] for f in files}, {"uploaded"}, files)
        self.assertEqual(self.tool("fsck"), "All is as the catalogue says.\n")
        self.lose_the_catalogue()
        rebuilt = json.loads(self.tool("fsck", "--rebuild", "--json", self.recording.spool))
        self.assertEqual((rebuilt["recordings"], rebuilt["files"], rebuilt["findings"]), (1, len(files), []), rebuilt)
        after = json.loads(self.tool("list", "--json"))
        self.assertLessEqual({o["kind"] for o in after["recordings"][0]["owed"]}, {"callback"})  # under the same ids
        for listed in (before, after):
            del listed["recordings"][0]["owed"]
        self.assertEqual(after, before)
        self.assertEqual(self.tool("fsck", "--digests"), "All is as the catalogue says.\n")
        again = json.loads(self.tool("fsck", "--rebuild", "--json", self.recording.spool))
        self.assertEqual((again["recordings"], again["known"]), (0, 1))

    def test_a_catalogue_comes_back_from_the_bucket_alone(self):
        recording, client = self.recording, self.store.client
        before = json.loads(self.tool("list", "--json"))["recordings"]
        (manifest,) = recording.spool.rglob("manifest.json")
        text = manifest.read_bytes()
        manifest.unlink()
        self.addCleanup(manifest.write_bytes, text)
        self.lose_the_catalogue()
        rebuilt = json.loads(self.tool("fsck", "--rebuild", "--json", "--config", recording.config))
        self.assertEqual((rebuilt["recordings"], rebuilt["known"], rebuilt["findings"]), (1, 0, []), rebuilt)
        after = json.loads(self.tool("list", "--json"))["recordings"]
        self.assertEqual([r["files"] for r in after], [r["files"] for r in before])
        self.assertEqual(self.tool("fsck", "--config", recording.config), "All is as the catalogue says.\n")
        self.assertIn(f"eu/{manifest.relative_to(recording.spool)}", client.keys(BUCKET))

    def test_what_a_bucket_lacks_or_has_beside_is_found(self):
        client, keys = self.store.client, self.store.client.keys(BUCKET)
        self.assertEqual(self.tool("fsck", "--config", self.recording.config), "All is as the catalogue says.\n")
        (gone,) = [key for key in keys if key.endswith("00001.ts")]
        cut = next(key for key in keys if key.endswith(".flv"))
        kept = {key: client.get(BUCKET, key) for key in (gone, cut)}
        client.request("DELETE", f"/{BUCKET}/{gone}")
        client.request("PUT", f"/{BUCKET}/{cut}", body=kept[cut][:-1])
        client.request("PUT", f"/{BUCKET}/eu/live/a stranger.mp4", body=b"media")
        client.request("PUT", f"/{BUCKET}/eu/notes.txt", body=b"no media")
        client.request("PUT", f"/{BUCKET}/elsewhere/other.mp4", body=b"media")
        arguments = ["gst-recording-1.0", "fsck", "--json", "--catalogue", str(self.recording.catalogue)]
        found = subprocess.run([*arguments, "--config", str(self.recording.config)], capture_output=True, text=True,
                               timeout=60, env={**os.environ, **self.recording.env}, check=False)
        self.assertEqual(found.returncode, 1, found.stderr)
        base = f"{self.store.endpoint}/{BUCKET}"
        self.assertEqual({f["path"]: f["kind"] for f in json.loads(found.stdout)["findings"]},
                         {f"{base}/{gone}": "missing", f"{base}/{cut}": "different",
                          f"{base}/eu/live/a%20stranger.mp4": "orphan"})
        for key, body in kept.items():
            client.request("PUT", f"/{BUCKET}/{key}", body=body)
        client.request("DELETE", f"/{BUCKET}/eu/live/a stranger.mp4")
        self.assertEqual(self.tool("fsck", "--config", self.recording.config), "All is as the catalogue says.\n")

    def test_the_manifest_of_a_real_recording_is_as_its_schema_says(self):
        (path,) = self.recording.spool.rglob("manifest.json")
        text = path.read_text()
        manifest = json.loads(text)
        schema = json.loads(SCHEMA.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(manifest)
        self.assertNotIn("hidden", text)
        self.assertEqual(manifest["ledger"]["files"], len(manifest["files"]))
        named = {pathlib.Path(one["path"]) for one in manifest["files"] + manifest["segments"]}
        media = {p for p in self.recording.spool.rglob("*") if p.is_file() and not p.name.startswith(".")}
        self.assertEqual(named, media - {path})
        key = f"eu/{path.relative_to(self.recording.spool)}"
        self.assertEqual(self.store.client.get(BUCKET, key), path.read_bytes())


if __name__ == "__main__":
    case.main()
