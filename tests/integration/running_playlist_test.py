# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recording is watched from its store while it is made: its playlist is there, and names what is there."""
import json
import time
import urllib.error

from rig import case, media
from rig.processes import Process, wait_until
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording

SECONDS, FRAMES = 9, 25
EVERYBODY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]},
                                                     "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{BUCKET}/*"]}]}


class RunningPlaylist(case.Case):
    def follow(self, segment_format):
        store = self.keep(Radosgw(self.directory / "ceph")).start()
        store.client.create_bucket(BUCKET)
        store.client.request("PUT", f"/{BUCKET}", {"policy": ""}, json.dumps(EVERYBODY).encode())
        formats = {"hls": {"segment": "1s", "segment-format": segment_format, "playlist-refresh": "1s"}}
        recording = Recording(self.directory / "rec", formats, store)
        line = recording.pattern(SECONDS)
        recorder = self.launch(["videotestsrc", "is-live=true", *line[1:]], "recorder", recording.env)

        def playlist():
            keys = [key for key in store.client.keys(BUCKET) if key.endswith(".m3u8")]
            return keys and (keys[0], store.client.get(BUCKET, keys[0]).decode())
        key, text = wait_until(playlist, "a playlist is in the store", 30, recorder)
        self.assertNotIn("#EXT-X-ENDLIST", text)
        player = self.keep(Process(
            ["ffmpeg", "-v", "error", "-nostdin", "-live_start_index", "0", "-i", f"{store.endpoint}/{BUCKET}/{key}",
             "-c", "copy", self.directory / "watched.mkv"], self.directory / "player.log"))
        versions = set()
        while recorder.is_running():
            key, text = playlist()
            if text not in versions:
                self.assert_all_there(store.client, key, text)
            versions.add(text)
            time.sleep(0.2)
        self.assertEqual(recorder.wait(30), 0, recorder.tail())
        running = [text for text in versions if "#EXT-X-ENDLIST" not in text]
        self.assertGreater(len(running), 1, "it grows in the store, too")
        running.sort(key=len)
        for earlier, later in zip(running, running[1:]):
            self.assertTrue(later.startswith(earlier), f"what was said stays true:\n{earlier}\n{later}")
        self.assertEqual(player.wait(60), 0, player.tail())
        self.assertNotIn("error", player.tail())
        self.assertEqual(len(media.read(self.directory / "watched.mkv")["video"]), SECONDS * FRAMES)
        recording.assert_stored_in_s3(self)

    def assert_all_there(self, client, key, text):
        folder = key.rsplit("/", 1)[0]
        named = [line for line in text.splitlines() if line and not line.startswith("#")]
        named += [line.split('"')[1] for line in text.splitlines() if line.startswith("#EXT-X-MAP:")]
        self.assertTrue(named)
        for uri in named:
            try:
                client.request("HEAD", f"/{BUCKET}/{folder}/{uri}")
            except urllib.error.HTTPError as e:
                self.fail(f"the store's playlist names {uri}: {e}")

    def test_ffmpeg_plays_ts_from_the_store_while_it_is_recorded(self):
        self.follow("ts")

    def test_ffmpeg_plays_cmaf_from_the_store_while_it_is_recorded(self):
        self.follow("cmaf")


if __name__ == "__main__":
    case.main()
