# SPDX-License-Identifier: LGPL-2.1-or-later
"""One recorder's surroundings: configuration, catalogue, spool, and the pipeline that records a push by rule."""
import json
import pathlib

from rig import media
from rig.processes import run
from rig.servers import CALLBACK_KEY

BUCKET, SPARE = "recordings", "spare"


def _at(store):
    if isinstance(store, pathlib.Path):
        return {"uri": f"file://{store}"}
    return {"uri": f"s3://{BUCKET}/eu", "endpoint": store.endpoint, "region": store.region, "credentials": "env"}


class Recording:
    """Everything that recorder processes share: several of them may use one at the same time."""

    def __init__(self, directory, formats, store=None, receiver=None, app="live", backup=None):
        """`store`: a server or a directory. `backup`: a directory or another store, whose bucket is called SPARE, that
        stands in while `store` fails."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.catalogue, self.spool = self.directory / "catalogue.db", self.directory / "spool"
        self.config = self.directory / "recording.json"
        self.formats, self.app, self.backup = formats, app, backup
        self.write_config(store, receiver)

    def write_config(self, store=None, receiver=None, callbacks=None, **of_storage):
        """`callbacks`: instead of that to `receiver`. `of_storage`: members of the storage beside or instead of the
        usual ones, with `_` for `-`."""
        self.store = store
        template = {"formats": self.formats, "name": "{AppName}/{StreamName}/{EscapedStartTime}"}
        document = {"templates": {"default": template},
                    "rules": [{"domain": "127.0.0.1", "app": self.app, "template": "default"}]}
        if store:
            template["storage"] = {"primary": "archive"}
            storage = _at(store)
            storage |= {name.replace("_", "-"): value for name, value in of_storage.items()}
            document["storage"] = {"archive": storage}
            if self.backup:
                template["storage"]["backup"] = "spare"
                document["storage"]["spare"] = (
                    _at(self.backup) if isinstance(self.backup, pathlib.Path) else
                    {**storage, "uri": f"s3://{SPARE}/us", "endpoint": self.backup.endpoint})
        if receiver:
            callbacks = {"ops": {"url": receiver.url, "schema": "tencent", "key": {"env": "RECORDING_CALLBACK_KEY"}}}
        if callbacks:
            template["callbacks"] = list(callbacks)
            document["callbacks"] = callbacks
        draft = self.config.with_suffix(".new")  # whoever reads it meanwhile sees the old one or the new one
        draft.write_text(json.dumps(document, indent=2))
        draft.rename(self.config)
        self.env = {"RECORDING_CALLBACK_KEY": CALLBACK_KEY, **getattr(store, "credentials", {})}

    def uploader(self, manifests=False):
        """Without manifests only media are counted."""
        return ["vodupload", f"config={self.config}", f"catalogue={self.catalogue}", f"drain-timeout={600 * 10**9}",
                f"manifests={str(manifests).lower()}"]

    def pattern(self, seconds, manifests=False):
        """Records a test picture of so many seconds, as fast as it goes."""
        return ["videotestsrc", f"num-buffers={25 * seconds}", "!", "video/x-raw,format=I420,width=320,height=240,framerate=25/1",
                "!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "!", "h264parse", "!",
                "r.video", "rulebin", "name=r", "uri=rtmp://127.0.0.1/live/cam?token=hidden", f"config={self.config}",
                f"catalogue={self.catalogue}", f"directory={self.spool}", *self.uploader(manifests)]

    def pipeline(self, url):
        """flvdemux feeds rulebin without a queue between them."""
        return ["rtmp2src", f"location={url}", "!", "flvdemux", "name=d",
                "rulebin", "name=r", f"uri={url}", f"config={self.config}", f"catalogue={self.catalogue}",
                f"directory={self.spool}", *self.uploader(),
                "d.video", "!", "r.video", "d.audio", "!", "r.audio_0"]

    def list(self):
        return run(["gst-recording-1.0", "list", "--catalogue", self.catalogue])

    def files(self, suffix):
        """Finished files, oldest first; nothing hidden."""
        return sorted((p for p in self.spool.rglob(f"*{suffix}") if not p.name.startswith(".")),
                      key=lambda p: p.stat().st_mtime_ns)

    def playlist(self):
        (only,) = self.files(".m3u8")
        return Playlist(only)

    def assert_stored_in_s3(self, test):
        """Each finished file is in the store, byte for byte, under its path below the spool."""
        local = {f"eu/{p.relative_to(self.spool)}": p for p in self.spool.rglob("*")
                 if p.is_file() and not p.name.startswith(".")}
        test.assertEqual(sorted(local), self.store.client.keys(BUCKET))
        for key, path in local.items():
            test.assertEqual(self.store.client.get(BUCKET, key), path.read_bytes(), key)

    def assert_stored_in_directory(self, test):
        """The same of a store that is one; nothing else is in it."""
        local = {p.relative_to(self.spool): p for p in self.spool.rglob("*")
                 if p.is_file() and not p.name.startswith(".")}
        test.assertEqual(sorted(local), sorted(p.relative_to(self.store) for p in self.store.rglob("*") if p.is_file()))
        for name, path in local.items():
            test.assertTrue((self.store / name).read_bytes() == path.read_bytes(), name)


class Playlist:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.lines = self.path.read_text().splitlines()

    def segments(self):
        return [segment for period in self.periods() for segment in period]

    def periods(self):
        """The segments between one discontinuity and the next."""
        periods = [[]]
        for line in self.lines:
            if line == "#EXT-X-DISCONTINUITY":
                periods.append([])
            elif line and not line.startswith("#"):
                periods[-1].append(self.path.parent / line)
        return periods

    def count(self, tag):
        return sum(line == tag or line.startswith(tag + ":") for line in self.lines)


def assert_stores(test, files, expected, what, may_lack=2):
    """These files hold exactly the expected frames, begin with a keyframe, stay aligned, and play.

    At the end `may_lack` frames per track may never have been delivered by the server.
    """
    stored = {kind: [] for kind in expected}
    for path in files:
        media.assert_plays(path)
        shifts = []
        for kind, frames in media.read(path).items():
            if not frames:
                continue
            test.assertTrue(frames[0].keyframe, f"{path} does not begin with a keyframe")
            test.assertLess(len(stored[kind]), len(expected[kind]), f"{path} holds more {kind} than was expected")
            shifts.append(frames[0].pts - expected[kind][len(stored[kind])].pts)
            stored[kind] += frames
        test.assertLess(max(shifts) - min(shifts), media.AUDIO_FRAME, f"audio and video drift apart in {path}")
    for kind, frames in expected.items():
        media.assert_same_frames(media.digests(stored[kind]), media.digests(frames), f"{kind} in {what}", may_lack)
