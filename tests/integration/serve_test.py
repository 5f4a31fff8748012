# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `gst-recording-1.0 serve` answers, and what people see in its page: found, played, clipped, deleted."""
import json
import pathlib
import random
import signal
import sqlite3
import time
import urllib.parse

from rig import case
from rig.node import NodeProject
from rig.processes import Process, wait_until
from rig.serve import CONFIG, OPENAPI, TOKEN, Server, assert_as_documented, push

HERE = pathlib.Path(__file__).resolve().parent
RECORDINGS = "/api/v1/recordings"
ONE = "/api/v1/recordings/{session_id}"


class Serve(case.Case):
    @classmethod
    def setUpClass(cls):
        """One spliced recording, finished, and one that runs as long as the tests do."""
        cls.shared = cls.share()
        (cls.shared / "recording.json").write_text(json.dumps(CONFIG))
        cls.start_push("running", "lobby", 600)
        first = cls.start_push("first", "cam1", 6)
        wait_until(lambda: "splicesink-recording-paused" in first.log.read_text(), "the first push is over", 60, first)
        over = time.monotonic()
        wait_until(lambda: time.monotonic() > over + 2, "there is a gap that can be seen", 10)
        second = cls.start_push("second", "cam1", 6)
        for process in (first, second):
            assert process.wait(120) == 0, process.tail()
        cls.server = cls.keep_for_all(Server(cls.shared / "catalogue.db", cls.shared / "serve.log"))
        found = cls.server.get(RECORDINGS).json["recordings"]
        cls.page = NodeProject(HERE / "replay", cls.shared / "replay")
        cls.running, = (r for r in found if r["stream"] == "lobby")
        cls.spliced, = (r for r in found if r["stream"] == "cam1")

    @classmethod
    def start_push(cls, name, stream, seconds):
        return cls.keep_for_all(Process(["gst-launch-1.0", "-e", "-m", *push(cls.shared, stream, seconds)],
                                        cls.shared / f"{name}.log"))

    def one(self, what=None):
        return f"{RECORDINGS}/{(what or self.spliced)['session_id']}"

    # ---- the API

    def test_answers_are_what_the_document_says(self):
        asked = (("GET", RECORDINGS, RECORDINGS), ("GET", RECORDINGS, f"{RECORDINGS}?limit=0"),
                 ("GET", ONE, self.one()), ("GET", ONE, self.one(self.running)), ("GET", ONE, f"{RECORDINGS}/17"),
                 ("GET", f"{ONE}/timeline", f"{self.one()}/timeline"), ("GET", "/health", "/health"),
                 ("GET", "/api/v1/timeline", "/api/v1/timeline?domain=127.0.0.1&app=live&stream=cam1&from=0&to=2000000000"),
                 ("GET", "/api/v1/timeline", "/api/v1/timeline?domain=127.0.0.1"), ("GET", "/openapi.json", "/openapi.json"),
                 ("POST", "/api/v1/clips", "/api/v1/clips"), ("DELETE", ONE, f"{RECORDINGS}/17"))
        for method, template, path in asked:
            with self.subTest(method=method, path=path):
                assert_as_documented(template, method, self.server.ask(method, path))
        self.assertEqual(self.server.get("/openapi.json").json, OPENAPI)

    def test_filters_find_what_fits(self):
        for query, streams in (("stream=cam1", ["cam1"]), ("stream_has=CAM", ["cam1"]), ("state=recording", ["lobby"]),
                               ("source=push", ["cam1", "lobby"]), ("template=other", []), ("format=flv", []),
                               ("from=2100-01-01T00:00:00Z", []), ("to=1971-01-01T00:00:00%2B01:00", []),
                               ("derived_from=" + self.spliced["session_id"] + "&source=job", [])):
            with self.subTest(query=query):
                found = self.server.get(f"{RECORDINGS}?{query}").json["recordings"]
                self.assertEqual(sorted({r["stream"] for r in found}), streams)
        for query in ("nonsense=1", "state=dead", "from=yesterday", "limit=201", "after=x", "stream=a&stream=b",
                      "with_removed=1", "derived_from=1"):
            with self.subTest(query=query):
                self.assertIn(self.server.get(f"{RECORDINGS}?{query}").status, (400, 404))

    def test_pages_follow_each_other(self):
        first = self.server.get(f"{RECORDINGS}?limit=1").json
        second = self.server.get(f"{RECORDINGS}?limit=1&after={urllib.parse.quote(first['next'])}").json
        self.assertGreaterEqual(first["total"], 2)
        self.assertNotEqual(first["recordings"][0]["session_id"], second["recordings"][0]["session_id"])

    def test_the_timeline_shows_the_interruption(self):
        spans = self.server.get(f"{self.one()}/timeline").json["spans"]
        self.assertEqual([s["kind"] for s in spans], ["media", "gap", "media"])
        self.assertEqual(spans[1]["reason"], "interruption")
        self.assertAlmostEqual(spans[2]["media_start"], 6, delta=0.5)
        progress = self.server.get(self.one()).json["progress"]
        self.assertGreater(progress["video_frames"], 0)
        self.assertEqual([(gap["reason"], gap["gaps"]) for gap in progress["gaps"]], [("interruption", 1)])

    def test_media_comes_whole_and_in_ranges(self):
        file = next(f for f in self.spliced["files"] if f["format"] == "mp4")
        stored = pathlib.Path(file["path"]).read_bytes()
        whole = self.server.get(file["media"])
        self.assertEqual((whole.status, whole.headers["content-type"], whole.body), (200, "video/mp4", stored))
        for given, first, end in (("bytes=0-0", 0, 1), ("bytes=100-299999", 100, 300000), ("bytes=-7", len(stored) - 7, None)):
            part = self.server.get(file["media"], headers={"Range": given})
            self.assertEqual((part.status, part.body), (206, stored[first:end]), given)
            self.assertEqual(part.headers["content-range"], f"bytes {first}-{first + len(part.body) - 1}/{len(stored)}")
        self.assertEqual(self.server.get(file["media"], headers={"Range": "bytes=999999999-"}).status, 416)
        self.assertEqual(self.server.get(file["media"], headers={"Range": "bytes=0-1,5-6"}).body, stored)
        head = self.server.ask("HEAD", file["media"])
        self.assertEqual((head.headers["content-length"], head.body), (str(len(stored)), b""))
        saved = self.server.get(f"{file['media']}?download")
        self.assertIn("attachment", saved.headers["content-disposition"])

    def test_every_segment_of_a_playlist_is_there(self):
        for recording, is_complete in ((self.spliced, True), (self.running, False)):
            text = self.server.get(recording["media"]).body.decode()
            self.assertEqual("#EXT-X-ENDLIST" in text, is_complete)
            uris = [line for line in text.splitlines() if line and not line.startswith("#")]
            self.assertTrue(uris)
            for uri in uris:
                self.assertRegex(uri, r"^segment/\d+\.ts$")
                answer = self.server.get(recording["media"].rpartition("/")[0] + "/" + uri)
                self.assertEqual((answer.status, answer.body[:1]), (200, b"G"), uri)
        self.assertNotIn(str(self.shared), text)

    def test_a_clip_of_a_clip_has_its_segments(self):
        made = self.spliced
        for _ in range(2):
            answer = self.server.change("POST", "/api/v1/clips", {"recordings": [made["session_id"]]})
            assert_as_documented("/api/v1/clips", "POST", answer)
            made = answer.json
        lines = [self.server.get(r["media"]).body.decode().splitlines() for r in (self.spliced, made)]
        of_source, of_clip = ([line for line in text if line and not line.startswith("#")] for text in lines)
        self.assertEqual(of_clip, of_source)
        for uri in of_clip:
            answer = self.server.get(made["media"].rpartition("/")[0] + "/" + uri)
            self.assertEqual((answer.status, answer.body[:1]), (200, b"G"), uri)

    def test_a_file_plays_while_it_grows(self):
        answer = self.server.get(next(f["media"] for f in self.running["files"] if f["state"] == "open"))
        self.assertEqual((answer.status, answer.body[4:8], answer.headers["cache-control"]), (200, b"ftyp", "no-store"))

    def test_a_legal_hold_keeps_what_somebody_deletes(self):
        self.assertEqual(self.server.change("PUT", f"{self.one()}/hold", {"hold": True}).status, 204)
        refused = self.server.change("DELETE", f"{self.one()}?files=true")
        assert_as_documented(ONE, "DELETE", refused)
        self.assertEqual(refused.status, 403)
        self.assertEqual(self.server.change("PUT", f"{self.one()}/hold", {"hold": False}).status, 204)
        self.assertEqual(self.server.change("DELETE", self.one(self.running)).status, 409)

    def test_metrics_tell_what_runs(self):
        answer = self.server.get("/metrics")
        self.assertTrue(answer.headers["content-type"].startswith("text/plain; version=0.0.4"))
        lines = answer.body.decode().splitlines()
        self.assertIn('gst_recording_recordings{state="recording"} 1', lines)
        lag = next(line for line in lines if line.startswith("gst_recording_ingest_lag_seconds "))
        self.assertGreaterEqual(float(lag.split()[1]), 0)
        for line in lines:
            self.assertRegex(line, r'^(# (HELP|TYPE) gst_recording_\w+ .+|gst_recording_\w+(\{\w+="[^"]*"\})? -?[\d.e+-]+)$')

    def test_clips_are_made_and_deleted_and_leave_their_source_whole(self):
        for form, ending in (("hls", "m3u8"), ("mp4", "mp4")):
            made = self.server.change("POST", "/api/v1/clips", {
                "recordings": [self.spliced["session_id"]], "from": self.spliced["from"], "format": form})
            assert_as_documented("/api/v1/clips", "POST", made)
            self.assertEqual(made.status, 201, made.body)
            clip = made.headers["location"]
            self.assertEqual(made.json["source"], "clip")
            found = self.server.get(f"{RECORDINGS}?derived_from={self.spliced['session_id']}").json["recordings"]
            self.assertIn(made.json["session_id"], [one["session_id"] for one in found])
            files = [pathlib.Path(file["path"]) for file in self.server.get(clip).json["files"]]
            self.assertTrue(files and all(file.suffix == f".{ending}" and file.exists() for file in files), files)
            self.assertEqual(self.server.change("DELETE", f"{clip}?files=true").status, 202)
            wait_until(lambda: self.server.get(clip).status == 404, "the clip is forgotten", 60, self.server.process)
            self.assertFalse([file for file in files if file.exists()])
        self.test_every_segment_of_a_playlist_is_there()

    # ---- who may

    def test_nothing_is_said_without_the_token(self):
        for path in (RECORDINGS, self.one(), self.spliced["media"], "/metrics", "/api/v1/session"):
            for token in (None, "wrong", TOKEN + "x", ""):
                self.assertEqual(self.server.get(path, token=token).status, 401, (path, token))
        self.assertEqual(self.server.change("DELETE", self.one(), token=None).status, 401)
        self.assertNotIn(TOKEN, self.server.log.read_text())

    def test_a_browser_gets_a_cookie_for_the_token(self):
        self.assertEqual(self.server.change("POST", "/api/v1/session", {"token": "wrong"}, token=None).status, 401)
        answer = self.server.change("POST", "/api/v1/session", {"token": TOKEN}, token=None)
        cookie = answer.headers["set-cookie"]
        self.assertNotIn(TOKEN, cookie)
        self.assertTrue("HttpOnly" in cookie and "SameSite=Strict" in cookie)
        self.assertEqual(self.server.get(RECORDINGS, token=None, headers={"Cookie": cookie.partition(";")[0]}).status, 200)

    def test_pages_of_other_sites_change_nothing(self):
        for headers, status in (({"Origin": "http://evil.example.org"}, 403), ({"Origin": "null"}, 403),
                                ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Content-Type": "text/plain"}, 415),
                                ({"Content-Type": None}, 415), ({"Host": "evil.example.org"}, 421)):
            answer = self.server.change("DELETE", self.one(), headers=headers)
            self.assertEqual(answer.status, status, headers)
        self.assertEqual(self.server.get(self.one()).status, 200)

    def test_no_path_leads_out_of_the_catalogue(self):
        session = self.spliced["session_id"]
        paths = [f"{start}{steps}{end}" for start in (f"/media/{session}/", f"/media/{session}/file/", "/page/", "/",
                                                      f"/media/{session}/segment/")
                 for steps in ("../../../../../../", "..%2f..%2f..%2f..%2f", "%2e%2e/%2e%2e/%2e%2e/", "//", "%00")
                 for end in ("etc/passwd", "etc%2fpasswd", str(self.shared / "recording.json"))]
        for path in paths:
            self.assertIn(self.server.get(path).status, (400, 404), path)
        with sqlite3.connect(self.shared / "catalogue.db") as rows:
            other = rows.execute("SELECT id FROM segment WHERE recording_id <> (SELECT id FROM recording WHERE session_id = ?)",
                                 (session,)).fetchone()[0]
        self.assertEqual(self.server.get(f"/media/{session}/segment/{other}.ts").status, 404)

    def test_what_is_too_much_is_refused(self):
        self.assertEqual(self.server.ask("POST", "/api/v1/clips", b" " * 200000).status, 413)
        chunked = {"Transfer-Encoding": "chunked", "Content-Length": None}
        self.assertEqual(self.server.ask("POST", "/api/v1/clips", b"2\r\n{}\r\n0\r\n\r\n", chunked).status, 411)
        deep = b'{"recordings":' + b"[" * 20000
        self.assertEqual(self.server.ask("POST", "/api/v1/clips", deep).status, 400)

    def test_random_requests_are_answered_and_break_nothing(self):
        chance = random.Random(7)
        session, token = self.spliced["session_id"], chance.choice
        pieces = ["", "api", "v1", "recordings", "clips", "timeline", "hold", "session", "media", "file", "segment", "1.ts",
                  "index.m3u8", session, "-1", "9" * 30, "%ff%fe", "..", "a" * 500, "page", "main.js", "metrics", "\u00e9"]
        texts = ["", "null", "{}", "[]", '{"recordings":[]}', '{"recordings":["%s"],"from":"x"}' % session,
                 '{"recordings":["%s"],"from":"2026-01-01T00:00:00Z","to":"2020-01-01T00:00:00Z"}' % session,
                 '{"hold":1}', '{"token":null}', '{"token":"\\u0000"}', '"', "\xff", '{"recordings":[1e999]}']
        values = ["", "1", "-1", "%00", "x" * 300, "true", "%27%3B--", session, "2026-01-01T00:00:00Z", "%ff"]
        names = ["limit", "after", "stream_has", "state", "from", "to", "files", "download", "format", "%", "derived_from"]
        for _ in range(400):
            path = "/" + "/".join(token(pieces) for _ in range(chance.randrange(6)))
            query = "&".join(f"{token(names)}={token(values)}" for _ in range(chance.randrange(4)))
            method = token(["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS"])  # nothing is to be deleted
            body = token(texts).encode("latin-1") if method in ("POST", "PUT", "PATCH") else None
            answer = self.server.ask(method, urllib.parse.quote(f"{path}?{query}", safe="/%?&=:"), body)
            self.assertLess(answer.status, 500, (method, path, query, body))
        self.assertEqual(self.server.get("/health").json, {"status": "ok"})

    def test_the_license_of_what_the_page_brings_is_there(self):
        answer = self.server.get("/page/hls.js-LICENSE.txt", token=None)
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "text/plain; charset=utf-8"))
        self.assertIn(b"hls.js-LICENSE.txt", self.server.get("/", token=None).body)

    def test_it_says_its_address_and_ends_when_asked(self):
        server = self.keep(Server(self.shared / "catalogue.db", self.directory / "serve.log", "--no-token"))
        self.assertEqual(server.get(RECORDINGS, token=None).status, 200)
        server.process.signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(20), 0)
        made_up = self.keep(Server(self.shared / "catalogue.db", self.directory / "made-up.log", env={"GST_RECORDING_TOKEN": ""}))
        self.assertRegex(made_up.url, r"^http://127\.0\.0\.1:\d+/#token=[0-9a-f]{40}$")

    # ---- the page

    def test_people_play_clip_and_delete_in_a_browser(self):
        shots = self.directory / "shots"
        shots.mkdir()
        print(self.page.run("use_page.mjs", f"http://127.0.0.1:{self.server.port}/#token={TOKEN}", self.spliced["session_id"],
                       self.running["session_id"], shots, seconds=240))
        self.assertTrue(list(shots.glob("phone-dark.png")))

    def test_names_that_people_push_do_no_harm(self):
        name = '<img src="x" onerror="harm=1">\u202e\u2066 ' + "W" * 250
        with sqlite3.connect(self.shared / "catalogue.db") as rows, sqlite3.connect(self.directory / "bad.db") as bad:
            rows.backup(bad)
            bad.execute("UPDATE recording SET stream = ?, domain = ? WHERE session_id = ?",
                        (name, f"javascript:harm=1//{name}", self.spliced["session_id"]))
            bad.execute("UPDATE recording SET removal = 2 WHERE session_id <> ?", (self.spliced["session_id"],))
        rows.close()
        bad.close()
        server = self.keep(Server(self.directory / "bad.db", self.directory / "serve.log"))
        print(self.page.run("look_at_names.mjs", f"http://127.0.0.1:{server.port}/#token={TOKEN}", name, self.directory))


if __name__ == "__main__":
    case.main()
