# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of gst-recording-1.0 that find and delete recordings, and what is said about all of them.
Arguments: the source root, the program."""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT, TOOL = pathlib.Path(sys.argv[1]), str(pathlib.Path(sys.argv[2]).resolve())
STREAM = ("--domain", "push.example.org", "--app", "live", "--stream", "cam1")
START = 1_700_000_000  # 2023-11-14T22:13:20Z


def run(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def commands():
    return re.findall(r"^  ([a-z-]+) ", run("--help")[1].split("\n\n", 1)[1], re.MULTILINE)


class Recordings(unittest.TestCase):
    """A catalogue with rows as recorders write them."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.catalogue = self.folder / "catalogue.db"
        self.assertEqual(run("task", "create", *STREAM, "--duration", "1s", "--catalogue", self.catalogue)[0], 0)
        self.count = 0

    def sql(self, text, *values):
        with sqlite3.connect(self.catalogue) as db:
            return db.execute(text, values).lastrowid

    def recording(self, minute, segments=(), stream="cam1", state="finished", minutes=1, store=""):
        """`segments`: (second, discontinuity), ten seconds each; with files."""
        self.count += 1
        start = (START + 60 * minute) * 1_000_000
        spool = self.folder / "spool"
        playlist = spool / str(self.count) / "index.m3u8"
        identity = self.sql(
            "INSERT INTO recording (session_id, domain, app, stream, stream_param, template, state, owner, "
            "splice_timeout_ns, started_us, active_us, ended_us, playlist_path, directory, store, formats) VALUES "
            "(?, 'push.example.org', 'live', ?, 'secret=1', 'default', ?, '', 0, ?, ?, ?, ?, ?, ?, 'hls')",
            str(self.count), stream, state, start, start,
            start + minutes * 60_000_000 if state == "finished" else None, str(playlist), str(spool), store)
        playlist.parent.mkdir(parents=True)
        playlist.write_text("#EXTM3U\n")
        for number, (second, discontinuity) in enumerate(segments):
            path = playlist.parent / f"{number}.ts"
            path.write_bytes(b"media")
            self.sql("INSERT INTO segment (recording_id, path, uri, sequence, started_us, duration_ns, size_bytes, "
                     "discontinuity) VALUES (?, ?, ?, ?, ?, 10000000000, 5, ?)", identity, str(path), path.name, number,
                     start + second * 1_000_000, discontinuity)
        return identity

    def tool(self, *arguments):
        return run(*arguments, "--catalogue", self.catalogue)

    def found(self, *arguments):
        status, out, err = self.tool("search", "--json", *arguments)
        self.assertEqual((status, err), (0, ""))
        return [r["session_id"] for r in json.loads(out)["recordings"]]

    def counted(self, recording, video, size, last, drops=()):
        """As recorders count; `last`: when the last frame came, in seconds since START."""
        self.sql("INSERT INTO progress (recording_id, video_frames, audio_frames, media_bytes, last_media_us) VALUES "
                 "(?, ?, 7, ?, ?)", recording, video, size, (START + last) * 1_000_000)
        for kind, reason, frames in drops:
            self.sql("INSERT INTO frame_drop VALUES (?, ?, ?, ?)", recording, kind, reason, frames)

    def test_watch_tells_how_recordings_go(self):
        one = self.recording(0, state="recording", stream="cam\x1b[2J")
        self.recording(1, state="finished")
        self.counted(one, 250, 1_000_000, 10, [("hls", "before-keyframe", 12), ("hls", "repeated", 3)])
        self.sql("INSERT INTO gap_sum VALUES (?, 'interruption', 2, 3500000)", one)
        self.sql("INSERT INTO outbox (kind, target, recording_id, waits_for, created_us, next_attempt_us, attempts) "
                 "VALUES ('callback', 'ops', ?, 'nothing', 0, 0, 4)", one)
        self.recording(2, state="paused", stream="other")
        status, out, err = self.tool("watch", "--once", "--json")
        self.assertEqual((status, err), (0, ""))
        told = json.loads(out)
        self.assertEqual([r["state"] for r in told["recordings"]], ["recording", "paused"])
        first = told["recordings"][0]
        self.assertEqual((first["progress"]["video_frames"], first["lost_frames"]), (250, 12))
        self.assertEqual(first["progress"]["gaps"], [{"reason": "interruption", "gaps": 2, "seconds": 3.5}])
        self.assertEqual(first["owed"]["callbacks"], 1)
        self.assertEqual(told["owed"]["failing"], 1)
        self.assertEqual(first["bits_per_second"], 0, "its last frame came long ago")

        status, out, err = self.tool("watch", "--once")
        self.assertEqual((status, err), (0, ""))
        self.assertNotIn("\x1b", out)
        self.assertIn("dropped 12 (hls before-keyframe 12, hls repeated 3), gaps 2 of 3.5 s (interruption)", out)
        self.assertIn("no media for ", out)
        self.assertIn("owed in all: 0 uploads, 1 callbacks, 1 failing", out)

    def test_watch_looks_again_until_its_time_is_over(self):
        status, out, err = self.tool("watch", "--for", "1s", "--every", "1s", "--stream", "cam1")
        self.assertEqual((status, err), (0, ""))
        self.assertGreaterEqual(out.count("nothing is being recorded"), 2)
        self.assertEqual(self.tool("watch", "--every", "0s")[0], 2)
        self.assertEqual(self.tool("watch", "--for", "soon")[0], 2)

    def test_watch_draws_a_table_on_a_terminal(self):
        self.recording(0, state="recording", stream="a-very-long-name-of-a-stream-indeed\x1b[2J")
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        done = subprocess.run([TOOL, "watch", "--for", "1s", "--catalogue", self.catalogue], stdout=theirs, check=False)
        os.close(theirs)
        text = ""
        while text.count("being recorded") < 2:  # OSError: there is no more
            text += os.read(ours, 65536).decode()
        self.assertEqual(done.returncode, 0)
        first = text.split("\x1b[H\x1b[2J")[1]
        self.assertRegex(first, r"^stream +state +bit rate ")
        self.assertRegex(first, r"\npush.example.org/live/a-very-lo~  recording ")
        self.assertNotIn("\x1b", first)

    def test_search_finds_what_every_filter_lets_through(self):
        self.recording(0, stream="garden")
        self.recording(10, state="recording")
        self.recording(20, minutes=30)
        self.assertEqual(self.found(), ["3", "2", "1"])
        self.assertEqual(self.found("--oldest-first", "--limit", 2), ["1", "2"])
        self.assertEqual(self.found("--stream", "cam1", "--state", "finished"), ["3"])
        self.assertEqual(self.found("--name", "ARD"), ["1"])
        self.assertEqual(self.found("--from", START + 1210, "--to", START + 1220), ["3", "2"])
        self.assertEqual(self.found("--format", "hls", "--template", "default", "--domain", "push.example.org", "--app",
                                    "live", "--source", "push"), ["3", "2", "1"])
        self.assertEqual(self.found("--format", "mp4"), [])
        self.assertEqual(self.found("--of", "3"), [])
        status, out, err = self.tool("search", "--of", "99")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("no recording 99", err)

    def test_search_turns_pages_and_list_shows_files(self):
        for minute in range(5):
            self.recording(minute)
        seen, place = [], ""
        while True:
            status, out, err = self.tool("search", "--limit", 2, "--json", *(["--after", place] if place else []))
            self.assertEqual((status, err), (0, ""))
            page = json.loads(out)
            self.assertEqual(page["total"], 5)
            seen += [r["session_id"] for r in page["recordings"]]
            place = page["next"]
            if not place:
                break
        self.assertEqual(seen, ["5", "4", "3", "2", "1"])
        self.assertRegex(self.tool("search", "--limit", 2)[1], r"2 of 5; more: --after \d+\.\d+")
        status, out, _ = self.tool("list", "--limit", 1)
        self.assertEqual(status, 0)
        self.assertRegex(out, r'5 +push.example.org/live/cam1 by template "default"')
        self.assertNotIn("secret", out)

    def test_wrong_filters_are_wrong_usage(self):
        for arguments in (("--state", "gone"), ("--format", "avi"), ("--source", "x"), ("--from", "soon"), ("word",)):
            with self.subTest(arguments=arguments):
                for command in ("list", "search"):
                    status, out, err = self.tool(command, *arguments)
                    self.assertEqual((status, out), (2, ""))
                    self.assertIn("Usage", err)
        self.assertEqual(self.tool("search", "--after", "x")[0], 1)

    def test_show_tells_all_about_one(self):
        self.recording(0)
        status, out, _ = self.tool("show", "1", "--json")
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out)["stream"], "cam1")
        self.assertIn("finished, started 2023-11-14T22:13:20Z", self.tool("show", "1")[1])
        self.assertEqual(self.tool("show", "2")[0], 1)
        self.assertEqual(self.tool("show")[0], 2)

    def test_timeline_has_gaps_and_is_drawn(self):
        self.recording(0, segments=((0, 0), (10, 0), (60, 1), (70, 1)))
        self.recording(2, segments=((0, 0),))
        status, out, err = self.tool("timeline", "1", "--json")
        self.assertEqual((status, err), (0, ""))
        spans = json.loads(out)["timeline"]
        self.assertEqual([(s["kind"], s["start"][17:19], s["media_start"]) for s in spans],
                         [("media", "20", 0), ("gap", "40", 20), ("media", "20", 20), ("media", "30", 30)])
        self.assertEqual(spans[1]["reason"], "interruption")
        bar = self.tool("timeline", "1")[1].splitlines()[0]
        self.assertRegex(bar, r"^#{18}\.{36}#{9}\|#{8}$")
        status, out, _ = self.tool("timeline", *STREAM, "--from", START, "--to", START + 600, "--json")
        self.assertEqual([s["kind"] for s in json.loads(out)["timeline"]], ["media", "gap", "media", "media", "gap", "media"])
        self.assertEqual(self.tool("timeline", *STREAM, "--from", START + 9000, "--to", START + 9600)[1], "no media\n")
        for wrong in ((), STREAM, (*STREAM, "--from", "2", "--to", "1"), (*STREAM, "--from", "x", "--to", "1")):
            self.assertEqual(self.tool("timeline", *wrong)[0], 2)

    def test_delete_forgets_or_deletes_files_too(self):
        for minute in range(3):
            self.recording(minute, segments=((0, 0), (10, 0)))
        status, out, err = self.tool("delete", "1", "99")
        self.assertEqual((status, out), (1, "1 is forgotten\n"))
        self.assertIn("no recording 99", err)
        self.assertTrue((self.folder / "spool/1/0.ts").exists())
        self.assertEqual(self.tool("show", "1")[0], 1)
        self.assertEqual(self.tool("delete", "--files", "2")[:2], (0, "2 is deleted\n"))
        self.assertFalse((self.folder / "spool/2").exists())
        self.assertEqual(self.found(), ["3"])
        self.assertEqual(self.found("--removed"), ["3", "2"])
        self.assertIn("its files are deleted", self.tool("show", "2")[1])
        status, out, _ = self.tool("delete", "--files", "--forget", "3", "--json")
        self.assertEqual((status, json.loads(out)), (0, {"recordings": [{"session_id": "3", "done": True}]}))
        self.assertEqual(self.found("--removed"), ["2"])
        self.assertEqual(self.tool("delete")[0], 2)

    def test_delete_needs_the_stores_and_empties_them(self):
        identity = self.recording(0, segments=((0, 0),), store="archive")
        target = self.folder / "store/1/0.ts"
        target.parent.mkdir(parents=True)
        target.write_bytes(b"media")
        self.sql("INSERT INTO outbox (kind, target, recording_id, segment_id, waits_for, created_us, next_attempt_us, "
                 "done_us, url) VALUES ('upload', 'archive', ?, (SELECT id FROM segment), 'nothing', 1, 1, 1, ?)",
                 identity, target.as_uri())
        status, out, err = self.tool("delete", "--files", "1")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("store archive is not in the configuration", err)
        self.assertTrue(target.exists())
        config = self.folder / "recording.json"
        config.write_text(json.dumps({
            "storage": {"archive": {"uri": (self.folder / "store").as_uri()}}, "templates": {"default": {"formats": {}}},
            "rules": []}))
        self.assertEqual(self.tool("delete", "--files", "1", "--config", config), (0, "1 is deleted\n", ""))
        self.assertFalse(target.exists())
        self.assertFalse((self.folder / "spool/1").exists())

    def test_expire_says_first_what_would_go(self):
        for minute in range(3):
            self.recording(minute, segments=((0, 0),))
        config = self.folder / "recording.json"
        config.write_text(json.dumps({
            "templates": {"default": {"formats": {}, "retention": {"recordings": 2, "information": "1500d"}}}, "rules": []}))
        status, out, err = self.tool("expire", "--config", config, "--dry-run", "--json")
        self.assertEqual((status, err), (0, ""))
        plan = json.loads(out)["templates"][0]
        self.assertEqual(plan["expired"], [{"session_id": "1", "reason": "recordings"}])
        self.assertEqual((plan["template"], plan["recordings"], plan["bytes"]), ("default", 3, 15))
        self.assertRegex(self.tool("expire", "--config", config, "--dry-run")[1], "would go +1 because of recordings")
        self.assertEqual(self.found(), ["3", "2", "1"])
        self.assertEqual(self.tool("expire", "--config", config), (0, "1 expired, 1 removed\n", ""))
        self.assertEqual(self.found(), ["3", "2"])
        self.assertFalse((self.folder / "spool/1").exists())
        self.assertEqual(self.tool("expire")[0], 2)
        self.assertEqual(self.tool("expire", "--config", self.folder / "none")[0], 1)

    def test_expire_takes_formats_before_their_recording(self):
        one = self.recording(0, segments=((0, 0),))
        folder = self.folder / "spool/1"
        for kind, path in (("hls", folder / "index.m3u8"), ("flv", folder / "a.flv")):
            path.write_bytes(b"media")
            self.sql("INSERT INTO file (recording_id, format, state, temp_path, location_pattern, utc_offset_s, path, "
                     "fragment_id, started_us, duration_ns, size_bytes, video_codec, width, height, audio_codec, "
                     "video_frames, audio_frames, media_start_ns, error, url) VALUES "
                     "(?, ?, 'closed', '', '', 0, ?, 0, 1, 1, 5, '', 0, 0, '', 0, 0, 0, '', '')", one, kind, str(path))
        config = self.folder / "recording.json"
        config.write_text(json.dumps({
            "templates": {"default": {"formats": {"hls": {"retention": "1d"}, "flv": {}}}}, "rules": []}))
        plan = json.loads(self.tool("expire", "--config", config, "--dry-run", "--json")[1])["templates"][0]
        self.assertEqual(plan["expired"], [{"session_id": "1", "reason": "age", "formats": "hls"}])
        self.assertEqual(plan["keeps_formats"], {"hls": 86400})
        said = self.tool("expire", "--config", config, "--dry-run")[1]
        self.assertRegex(said, "keeps all for ever, its hls 1.0 days\n *would go +1 hls alone because of age")
        self.assertEqual(self.tool("expire", "--config", config), (0, "1 expired, 1 removed\n", ""))
        self.assertEqual(self.tool("expire", "--config", config), (0, "0 expired, 0 removed\n", ""))
        self.assertEqual([path.name for path in folder.iterdir()], ["a.flv"])
        self.assertEqual((self.found(), self.found("--format", "hls"), self.found("--format", "flv")), (["1"], [], ["1"]))
        shown = self.tool("show", "1")[1]
        self.assertIn("without hls, whose time is over", shown)
        self.assertRegex(shown, "hls expired .*index.m3u8, deleted here")

    def test_what_is_held_or_recorded_is_not_deleted(self):
        self.recording(0)
        self.recording(1, state="recording")
        self.assertEqual(self.tool("hold", "1")[:2], (0, "1 is held\n"))
        status, out, err = self.tool("delete", "--files", "1", "2")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err, "recording 1 is under legal hold\nrecording 2 is not finished: stop it first\n")
        self.assertIn("under legal hold", self.tool("show", "1")[1])
        self.assertEqual(self.tool("hold", "--release", "1")[:2], (0, "1 is released\n"))
        self.assertEqual(self.tool("delete", "--files", "1")[0], 0)
        self.assertEqual(self.tool("hold", "1")[0], 1)
        self.assertEqual(self.tool("hold")[0], 2)


class Documentation(unittest.TestCase):
    def test_every_command_has_examples_that_it_understands(self):
        names = commands()
        self.assertGreater(len(names), 15)
        for name in names:
            with self.subTest(command=name):
                status, out, err = run(name, "--help")
                self.assertEqual((status, err), (0, ""))
                usage, rest = out.split("\n\n", 1)
                self.assertTrue(usage.startswith(f"Usage: gst-recording-1.0 {name} "))
                examples = rest.split("Examples:\n")[1].splitlines()
                self.assertTrue(examples)
                for line in examples:
                    self.assertTrue(line.startswith(f"  gst-recording-1.0 {name}"), line)
                    for option in re.findall(r" (--[a-z-]+)", line):
                        self.assertIn(option, usage)

    def test_bash_completes_commands_and_options(self):
        def complete(*words):
            script = f'source <({TOOL} --completion); COMP_WORDS=({" ".join(words)}); ' \
                     f'COMP_CWORD={len(words) - 1}; _gst_recording; echo "${{COMPREPLY[*]}}"'
            done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)
            self.assertEqual(done.stderr, "")
            return done.stdout.split()
        self.assertEqual(complete("gst-recording-1.0", "ti"), ["timeline"])
        self.assertEqual(set(commands()) - set(complete("gst-recording-1.0", '""')), set())
        self.assertEqual(complete("gst-recording-1.0", "list", "--st"), ["--stream", "--state"])
        self.assertEqual(complete("gst-recording-1.0", "task", "c"), ["create"])
        self.assertEqual(complete("gst-recording-1.0", "nonsense", "--"), [])

    def test_the_manual_page_names_every_command_and_option(self):
        status, page, _ = run("--man")
        self.assertEqual(status, 0)
        self.assertTrue(page.startswith('.TH GST\\-RECORDING\\-1.0 1 '))
        plain = page.replace("\\-", "-")
        for name in commands():
            self.assertIn(f"\n.B {name} ", plain)
            for option in re.findall(r"--[a-z-]+", run(name, "--help")[1]):
                self.assertIn(option, plain)
        for line in page.splitlines():
            self.assertRegex(line, r"^(\.(TH|SH|TP|B|I|RS|RE|PP|nf|fi)\b|[^.'])", "every other request is a mistake")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
