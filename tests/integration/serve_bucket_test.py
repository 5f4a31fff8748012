# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `gst-recording-1.0 serve` has of media that are in a private bucket of Ceph alone."""
import datetime
import json
import pathlib
import shutil
import sqlite3
import urllib.error
import urllib.request

from rig import case, media
from rig.finished import make_noise
from rig.node import NodeProject
from rig.processes import Process, run, wait_until
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording
from rig.serve import TOKEN, Server

HERE = pathlib.Path(__file__).resolve().parent
RECORDINGS = "/api/v1/recordings"
CORS = """<CORSConfiguration><CORSRule><AllowedOrigin>http://127.0.0.1:{port}</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""


def fetch(url, headers=None):
    """(status, body) for whoever has the address, without any credentials."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class ServeFromBucket(case.Case):
    """What is in a private bucket of Ceph alone."""

    @classmethod
    def setUpClass(cls):
        cls.shared = cls.share()
        cls.store = cls.keep_for_all(Radosgw(cls.shared / "ceph"))
        cls.store.start()
        cls.store.client.create_bucket(BUCKET)
        cls.local, cls.found = {}, {}
        cls.both = cls.record("both", {"hls": {"segment": "2s"}, "mp4": {}})
        cls.mp4 = cls.record("mp4", {"mp4": {}})
        cls.page = NodeProject(HERE / "replay", cls.shared / "replay")

    @classmethod
    def record(cls, name, formats, source=None, jobs=None):
        """Records (what `source` holds), uploads, keeps the bytes for comparison, and deletes what is here."""
        made = Recording(cls.shared / name, formats, cls.store, app=name)
        if jobs:
            made.config.write_text(json.dumps({**json.loads(made.config.read_text()), "jobs": jobs}))
        line = [word.replace("/live/cam", f"/{name}/cam") for word in made.pattern(6, manifests=name == "both")]
        if source:
            line[:line.index("h264parse")] = ["filesrc", f"location={source}", "!"]
        else:
            line.insert(1, "pattern=snow")  # some pieces long
        recorder = cls.keep_for_all(Process(["gst-launch-1.0", "-e", *line], made.directory / "recorder.log", made.env))
        assert recorder.wait(90) == 0, recorder.tail()
        cls.local[name] = {path.suffix: [p.read_bytes() for p in made.files(path.suffix)] for path in made.spool.rglob("*.*")
                           if path.is_file() and not path.name.startswith(".")}
        shutil.rmtree(made.spool)
        return made

    def serve(self, recording, *options):
        log = self.directory / f"serve-{len(list(self.directory.glob('serve-*.log')))}.log"
        server = self.keep(Server(recording.catalogue, log, "--config", recording.config, *options, env=recording.env))
        only, = server.get(f"{RECORDINGS}?source=push").json["recordings"]
        return server, only

    def use(self, program, server, *arguments, seconds=90):
        """What a program of replay/ says of the page, a JSON line per step."""
        said = self.page.run(program, f"http://127.0.0.1:{server.port}/#token={TOKEN}", *arguments, seconds=seconds)
        print(said)
        return [json.loads(line) for line in said.splitlines()]

    def mp4_of(self, found):
        return next(f["media"] for f in found["files"] if f["format"] == "mp4")

    def test_a_file_is_got_with_an_address_that_holds_no_secret(self):
        server, found = self.serve(self.both)
        bytes_here, = self.local["both"][".mp4"]
        answer = server.get(self.mp4_of(found) + "?download")
        self.assertEqual((answer.status, answer.headers["cache-control"], answer.body), (302, "no-store", b""))
        address = answer.headers["location"]
        self.assertTrue(address.startswith(self.store.endpoint), address)
        self.assertEqual(fetch(address), (200, bytes_here))
        self.assertEqual(fetch(address, {"Range": "bytes=100-199"}), (206, bytes_here[100:200]))
        self.assertEqual(fetch(address.partition("?")[0])[0], 403)
        self.assertEqual(fetch(address.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"))[0], 403)
        self.assertNotIn(self.store.secret_key, address)
        self.assertNotIn("X-Amz", server.log.read_text())
        self.assertEqual(server.ask("HEAD", self.mp4_of(found)).headers["content-length"], str(len(bytes_here)))
        self.assertIn(f"media-src 'self' blob: {self.store.endpoint};", answer.headers["content-security-policy"])

    def test_segments_come_through_the_server_in_ranges(self):
        server, found = self.serve(self.both)
        text = server.get(found["media"]).body.decode()
        uris = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.assertEqual((len(uris), "#EXT-X-ENDLIST" in text), (3, True), text)
        segments = [server.get(found["media"].rpartition("/")[0] + "/" + uri) for uri in uris]
        self.assertEqual(sorted(s.body for s in segments), sorted(self.local["both"][".ts"]))
        part = server.get(found["media"].rpartition("/")[0] + "/" + uris[0], headers={"Range": "bytes=188-375"})
        self.assertEqual((part.status, part.body), (206, segments[0].body[188:376]))

    def test_segments_are_found_by_name_in_a_catalogue_that_was_made_of_manifests(self):
        catalogue = self.directory / "catalogue.db"
        run(["gst-recording-1.0", "fsck", "--rebuild", "--catalogue", catalogue, "--config", self.both.config],
            env=self.both.env)
        with sqlite3.connect(catalogue) as rows:
            self.assertEqual(rows.execute("SELECT count(*) FROM outbox WHERE url <> ''").fetchall(), [(0,)])
        for way in ("mixed", "redirect"):
            server = self.keep(Server(catalogue, self.directory / f"{way}.log", "--config", self.both.config,
                                      "--bucket-media", way, env=self.both.env))
            found, = server.get(f"{RECORDINGS}?source=push").json["recordings"]
            text = server.get(found["media"]).body.decode()
            uris = [line for line in text.splitlines() if line and not line.startswith("#")]
            answers = [server.get(found["media"].rpartition("/")[0] + "/" + uri) for uri in uris]
            self.assertEqual({a.status for a in answers}, {200 if way == "mixed" else 302}, [a.body for a in answers])
            bodies = [a.body if way == "mixed" else fetch(a.headers["location"])[1] for a in answers]
            self.assertEqual(sorted(bodies), sorted(self.local["both"][".ts"]))
        made = server.change("POST", "/api/v1/clips", {"recordings": [found["session_id"]], "format": "flv"})
        self.assertEqual(made.status, 201, made.body)
        self.assertGreater(len(media.read(pathlib.Path(made.json["files"][0]["path"]))["video"]), 25 * 5)
        self.assertEqual(server.change("DELETE", made.headers["location"] + "?files=true").status, 202)
        wait_until(lambda: server.get(made.headers["location"]).status == 404, "the clip is gone", 60, server.process)
        server = self.keep(Server(catalogue, self.directory / "without.log"))
        self.assertEqual(server.get(found["media"].rpartition("/")[0] + "/" + uris[0]).status, 404)

    def test_all_of_it_comes_through_the_server_where_that_is_asked_for(self):
        server, found = self.serve(self.mp4, "--bucket-media", "proxy")
        bytes_here, = self.local["mp4"][".mp4"]
        self.assertGreater(len(bytes_here), 1 << 20)
        whole = server.get(self.mp4_of(found))
        self.assertEqual((whole.status, whole.headers["content-type"], whole.body), (200, "video/mp4", bytes_here))
        self.assertIn("media-src 'self' blob:;", whole.headers["content-security-policy"])
        last = server.get(self.mp4_of(found), headers={"Range": "bytes=-100"})
        self.assertEqual((last.status, last.body), (206, bytes_here[-100:]))
        self.assertEqual(server.get(self.mp4_of(found), headers={"Range": "bytes=999999999-"}).status, 416)

    def test_clips_are_cut_of_what_the_bucket_has(self):
        for recording, form in ((self.mp4, "mp4"), (self.both, "mp4"), (self.both, "flv"), (self.both, "hls")):
            with self.subTest(recording=recording.app, form=form):
                server, found = self.serve(recording)
                begin = datetime.datetime.fromisoformat(found["from"].replace("Z", "+00:00"))
                span = [(begin + datetime.timedelta(seconds=s)).isoformat() for s in (2.5, 4.5)]
                made = server.change("POST", "/api/v1/clips", {"recordings": [found["session_id"]], "from": span[0],
                                                               "to": span[1], "format": form,
                                                               "bounds": "covering" if form == "hls" else "keyframe"})
                self.assertEqual(made.status, 201, made.body)
                clip, = made.json["files"]
                # From a keyframe, of which there is one a second, or of segments of two seconds.
                self.assertTrue(1.9 < clip["duration"] < (6.1 if form == "hls" else 3.1), clip)
                if form != "hls":
                    frames = media.read(pathlib.Path(clip["path"]))["video"]
                    self.assertTrue(frames[0].keyframe)
                    self.assertAlmostEqual(len(frames), 25 * clip["duration"], delta=2)
                left = [p.name for p in recording.spool.rglob(".*")]
                self.assertEqual(left, [], "what was fetched is deleted")
                self.assertEqual(server.change("DELETE", made.headers["location"] + "?files=true").status, 202)
                wait_until(lambda: server.get(made.headers["location"]).status == 404, "the clip is gone", 60, server.process)
                server.stop()

    def test_a_file_clip_needs_the_store(self):
        server = self.keep(Server(self.mp4.catalogue, self.directory / "serve.log"))
        found, = server.get(RECORDINGS).json["recordings"]
        answer = server.change("POST", "/api/v1/clips", {"recordings": [found["session_id"]], "format": "mp4"})
        self.assertEqual(answer.status, 404, answer.body)
        self.assertIn("store archive is not in the configuration", answer.json["error"]["message"])

    def test_what_a_store_refuses_is_said_without_its_secrets(self):
        recording = self.both
        wrong = {**recording.env, "AWS_SECRET_ACCESS_KEY": "wrong-secret-0123456789"}
        server = self.keep(Server(recording.catalogue, self.directory / "serve.log", "--config", recording.config,
                                  "--bucket-media", "proxy", env=wrong))
        found, = server.get(RECORDINGS).json["recordings"]
        for path in (found["media"], self.mp4_of(found)):
            answer = server.get(path)
            self.assertEqual((answer.status, answer.json["error"]["code"]), (502, "store"), answer.body)
            self.assertIn("archive answered 403", answer.json["error"]["message"])
            self.assertNotIn(b"wrong-secret", answer.body)

    # ---- the page

    def test_people_play_what_is_in_a_private_bucket(self):
        for recording in (self.both, self.mp4):
            server, found = self.serve(recording)
            self.use("play_page.mjs", server, found["session_id"])

    def test_people_play_from_the_bucket_itself_where_that_lets_the_page_read(self):
        self.addCleanup(self.store.client.request, "DELETE", f"/{BUCKET}", {"cors": ""})
        for recording in (self.both, self.mp4):
            server, found = self.serve(recording, "--bucket-media", "redirect")
            self.store.client.request("PUT", f"/{BUCKET}", {"cors": ""}, CORS.format(port=server.port).encode())
            played, = self.use("play_page.mjs", server, found["session_id"])
            self.assertEqual(played["origins"], [self.store.endpoint])

    def test_people_go_on_when_the_address_of_a_file_is_good_no_more(self):
        source = make_noise(self.directory, 60, kbit_per_second=20000)
        server, found = self.serve(self.record("long", {"mp4": {}}, source), "--signed-for", "8")
        self.assertGreater(len(self.local["long"][".mp4"][0]), 100 << 20)  # more than a browser keeps of it
        self.assertEqual(found["media_good_for"], 8)
        self.use("outlive_address.mjs", server, found["session_id"], seconds=240)
        self.use("outlive_address.mjs", server, found["session_id"], "untold", seconds=240)

    def test_people_see_pictures_that_jobs_have_made(self):
        red = ["gst-launch-1.0", "-q", "videotestsrc", "num-buffers=1", "pattern=red", "!",
               "video/x-raw,width=320,height=180", "!", "jpegenc", "!", "filesink", "location=red.jpg"]
        recording = self.record("pictures", {"hls": {"segment": "2s", "process": ["red"]}},
                                jobs={"red": {"command": red, "output": "red.jpg"}})
        server, found = self.serve(recording)
        picture, = server.get(f"{RECORDINGS}?source=job").json["recordings"]
        self.assertEqual(server.get(picture["poster"]).status, 302, "it is in the bucket alone")
        self.use("look_at_pictures.mjs", server, found["session_id"], picture["session_id"], self.directory)


if __name__ == "__main__":
    case.main()
